"""The database refuses what must not be, whoever sends it."""

from django.db import migrations

LEGAL_MOVES = """
create function overread_legal_move(entity text, from_state text, to_state text)
returns boolean language sql immutable as $$
    select (entity, from_state, to_state) in (
        ('run', '', 'RUNNING'),
        ('run', 'RUNNING', 'COMPLETED'),
        ('run', 'RUNNING', 'FAILED'),
        ('run', 'RUNNING', 'PAUSED_PENDING_HUMAN'),
        ('run', 'PAUSED_PENDING_HUMAN', 'FAILED'),
        ('run', 'PAUSED_PENDING_HUMAN', 'HUMAN_RESPONDED'),
        ('run', 'PAUSED_PENDING_HUMAN', 'RUNNING'),
        ('run', 'PAUSED_PENDING_HUMAN', 'TIMED_OUT'),
        ('run', 'TIMED_OUT', 'FAILED'),
        ('run', 'TIMED_OUT', 'HUMAN_RESPONDED'),
        ('run', 'TIMED_OUT', 'PAUSED_PENDING_HUMAN'),
        ('run', 'HUMAN_RESPONDED', 'FAILED'),
        ('run', 'HUMAN_RESPONDED', 'RESUMING'),
        ('run', 'RESUMING', 'FAILED'),
        ('run', 'RESUMING', 'HUMAN_RESPONDED'),
        ('run', 'RESUMING', 'PAUSED_PENDING_HUMAN'),
        ('run', 'RESUMING', 'RUNNING'),
        ('handoff', '', 'waiting'),
        ('handoff', 'waiting', 'answered'),
        ('handoff', 'waiting', 'needs_information'),
        ('handoff', 'waiting', 'waiting'),
        ('handoff', 'waiting', 'withdrawn'),
        ('handoff', 'needs_information', 'answered'),
        ('handoff', 'needs_information', 'waiting'),
        ('handoff', 'needs_information', 'withdrawn'),
        ('handoff', 'answered', 'waiting')
    )
$$;
"""

# Legal pairs only, one version at a time. Illegal moves carry a constraint name to tell them by.
GUARD_MOVES = """
create function overread_guard_move() returns trigger language plpgsql as $$
declare
    entity constant text := tg_argv[0];
    before text := '';
begin
    if tg_op = 'UPDATE' then
        if new.state = old.state and new.version = old.version then
            return new;
        end if;
        before := old.state;
        if new.version <> old.version + 1 then
            raise exception '% %: version % cannot follow %', entity, new.id, new.version,
                old.version using errcode = 'check_violation', constraint = entity || '_version_by_one';
        end if;
    elsif new.version <> 1 then
        raise exception '% %: starts at version 1', entity, new.id
            using errcode = 'check_violation', constraint = entity || '_version_by_one';
    end if;
    if not overread_legal_move(entity, before, new.state) then
        raise exception '% %: % cannot become %', entity, new.id, before, new.state
            using errcode = 'check_violation', constraint = entity || '_transition_is_legal';
    end if;
    return new;
end
$$;
create trigger run_guard_move before insert or update of state, version on handoffs_run
    for each row execute function overread_guard_move('run');
create trigger handoff_guard_move before insert or update of state, version on handoffs_handoff
    for each row execute function overread_guard_move('handoff');
"""

# Checked at commit: whoever moved it also wrote the transition, in this very transaction.
GUARD_LOGGED = """
create function overread_guard_logged() returns trigger language plpgsql as $$
declare
    entity constant text := tg_argv[0];
    logged boolean;
begin
    if tg_op = 'UPDATE' and new.version = old.version then
        return null;
    end if;
    if entity = 'run' then
        select exists (
            select from handoffs_transition
            where run_id = new.id and handoff_id is null and version = new.version
                and to_state = new.state
                and from_state = case tg_op when 'UPDATE' then old.state else '' end
                and xact_id = pg_current_xact_id()::text::bigint
        ) into logged;
    else
        select exists (
            select from handoffs_transition
            where run_id = new.run_id and handoff_id = new.id and version = new.version
                and to_state = new.state
                and from_state = case tg_op when 'UPDATE' then old.state else '' end
                and xact_id = pg_current_xact_id()::text::bigint
        ) into logged;
    end if;
    if not logged then
        raise exception '% % moved to % without its transition', entity, new.id, new.state
            using errcode = 'check_violation', constraint = entity || '_transition_is_logged';
    end if;
    return null;
end
$$;
create constraint trigger run_guard_logged
    after insert or update of state, version on handoffs_run
    deferrable initially deferred for each row execute function overread_guard_logged('run');
create constraint trigger handoff_guard_logged
    after insert or update of state, version on handoffs_handoff
    deferrable initially deferred for each row execute function overread_guard_logged('handoff');
"""

# Transitions, audit entries and seals are only added, and say truly when and in which transaction.
APPEND_ONLY = """
create function overread_stamp() returns trigger language plpgsql as $$
begin
    new.xact_id := pg_current_xact_id()::text::bigint;
    new.at := clock_timestamp();
    return new;
end
$$;
create trigger transition_stamp before insert on handoffs_transition
    for each row execute function overread_stamp();
create trigger audit_entry_stamp before insert on handoffs_auditentry
    for each row execute function overread_stamp();
create function overread_append_only() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name
        using errcode = 'insufficient_privilege';
end
$$;
create trigger transition_append_only before update or delete on handoffs_transition
    for each row execute function overread_append_only();
create trigger audit_entry_append_only before update or delete on handoffs_auditentry
    for each row execute function overread_append_only();
create trigger audit_seal_append_only before update or delete on handoffs_auditseal
    for each row execute function overread_append_only();
"""

# Whatever policy is compiled from moves the workflow's revision, also when changed past the ORM.
REVISIONS = """
create function overread_revise_workflow() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        update handoffs_workflow set revision = revision where id = old.workflow_id;
    end if;
    if tg_op <> 'DELETE' then
        update handoffs_workflow set revision = revision where id = new.workflow_id;
    end if;
    return null;
end
$$;
create trigger action_type_revises after insert or update or delete on handoffs_actiontype
    for each row execute function overread_revise_workflow();
create trigger map_revises after insert or update or delete on handoffs_risktiermap
    for each row execute function overread_revise_workflow();
create trigger matrix_row_revises after insert or update or delete on handoffs_matrixrow
    for each row execute function overread_revise_workflow();
-- from a sequence, which a rollback does not turn back: what a process compiled inside a
-- transaction that failed is never mistaken for what came after it
create sequence overread_revision;
create function overread_revise_self() returns trigger language plpgsql as $$
begin
    new.revision := nextval('overread_revision');
    return new;
end
$$;
create trigger workflow_revises before insert or update on handoffs_workflow
    for each row execute function overread_revise_self();
create function overread_revise_by_queue() returns trigger language plpgsql as $$
begin
    update handoffs_workflow set revision = revision where id in (
        select workflow_id from handoffs_matrixrow
        where new.id in (queue_id, escalate_queue_id));
    return null;
end
$$;
create trigger queue_revises after update on handoffs_queue
    for each row execute function overread_revise_by_queue();
"""

# Every queue has its depth slots from its first moment.
DEPTH_SLOTS = """
create function overread_queue_slots() returns trigger language plpgsql as $$
begin
    insert into handoffs_queuedepth (queue_id, slot, waiting)
    select new.id, slot, 0 from generate_series(0, 15) slot;
    return null;
end
$$;
create trigger queue_has_slots after insert on handoffs_queue
    for each row execute function overread_queue_slots();
"""

# The hot tables are vacuumed before their dead entries slow the head of a queue.
VACUUM = """
alter table handoffs_handoff set (autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 500, fillfactor = 80);
alter table handoffs_queuedepth set (autovacuum_vacuum_scale_factor = 0.0,
    autovacuum_vacuum_threshold = 200, fillfactor = 30);
alter table handoffs_run set (autovacuum_vacuum_scale_factor = 0.02, fillfactor = 80);
"""

UNDO = """
drop function overread_legal_move cascade;
drop function overread_guard_move cascade;
drop function overread_guard_logged cascade;
drop function overread_stamp cascade;
drop function overread_append_only cascade;
drop function overread_revise_workflow cascade;
drop function overread_revise_self cascade;
drop sequence overread_revision;
drop function overread_revise_by_queue cascade;
drop function overread_queue_slots cascade;
"""


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0001_workflows_runs_handoffs")]
    operations = [
        migrations.RunSQL(
            LEGAL_MOVES
            + GUARD_MOVES
            + GUARD_LOGGED
            + APPEND_ONLY
            + REVISIONS
            + DEPTH_SLOTS
            + VACUUM,
            UNDO,
        )
    ]
