"""Drop the one level above, keep two rows for the same from holding at one moment."""

from django.db import migrations

# One number stands for workflow, action type, kind and tier together, since the index type that
# knows overlapping times knows no texts without an extension that not every server has.
ONE_AT_A_TIME = """
create function overread_row_stands_for(
    workflow bigint, action_type bigint, kind text, tier text
) returns int8range language sql immutable parallel safe as $$
    select int8range(number, number, '[]') from (
        select ('x' || left(md5(concat_ws('|', workflow, coalesce(action_type::text, '*'),
            coalesce(kind, '*'), coalesce(tier, '*'))), 15))::bit(60)::bigint as number) made
$$;
alter table handoffs_matrixrow add constraint matrix_row_one_at_a_time exclude using gist (
    overread_row_stands_for(workflow_id, action_type_id, kind::text, tier::text) with &&,
    tstzrange(effective_from, effective_until) with &&);
"""
ANY_TIME = """
alter table handoffs_matrixrow drop constraint matrix_row_one_at_a_time;
drop function overread_row_stands_for;
"""

# Steps move the revision as their row does, and a queue moves it wherever a row may lead to it.
STEPS_REVISE = """
create function overread_revise_by_step() returns trigger language plpgsql as $$
begin
    update handoffs_workflow set revision = revision where id in (
        select workflow_id from handoffs_matrixrow
        where id in (case when tg_op <> 'INSERT' then old.row_id end,
            case when tg_op <> 'DELETE' then new.row_id end));
    return null;
end
$$;
create trigger ladder_step_revises after insert or update or delete on handoffs_ladderstep
    for each row execute function overread_revise_by_step();
create or replace function overread_revise_by_queue() returns trigger language plpgsql as $$
begin
    update handoffs_workflow set revision = revision where id in (
        select workflow_id from handoffs_matrixrow
        where new.id in (queue_id, overflow_queue_id)
        union
        select matrixrow.workflow_id from handoffs_ladderstep step
        join handoffs_matrixrow matrixrow on matrixrow.id = step.row_id
        where step.queue_id = new.id);
    return null;
end
$$;
"""
STEPS_DO_NOT = """
drop function overread_revise_by_step cascade;
create or replace function overread_revise_by_queue() returns trigger language plpgsql as $$
begin
    update handoffs_workflow set revision = revision where id in (
        select workflow_id from handoffs_matrixrow
        where new.id in (queue_id, escalate_queue_id));
    return null;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0011_climb_ladders")]
    operations = [
        migrations.RunSQL(STEPS_REVISE, STEPS_DO_NOT),
        migrations.RemoveConstraint(
            model_name="matrixrow", name="matrix_row_escalates_to_role_and_queue"
        ),
        *(
            migrations.RemoveField(model_name=model, name=name)
            for model in ("handoff", "matrixrow")
            for name in ("escalate_queue", "escalate_role")
        ),
        migrations.RunSQL(ONE_AT_A_TIME, ANY_TIME),
    ]
