"""What the database refuses of a fault in the library, whoever writes it.

It begins as a draft and what it says never changes. It is approved by two people who did not write
it and who approved this very text; it retires once, with a reason, and none is ever removed.
"""

from django.db import migrations, models

KEPT = """
create function overread_fault_is_kept() returns trigger language plpgsql as $$
declare
    found integer;
begin
    if tg_op = 'DELETE' then
        raise exception 'fault %: it stays in the library', old.id
            using errcode = 'check_violation', constraint = 'fault_stays';
    end if;
    if tg_op = 'INSERT' then
        if new.state <> 'draft' then
            raise exception 'fault %: it begins as a draft', new.id
                using errcode = 'check_violation', constraint = 'fault_begins_as_draft';
        end if;
        return new;
    end if;
    if (new.workflow_id, new.name, new.body, new.digest, new.author_id, new.written_at)
        is distinct from
        (old.workflow_id, old.name, old.body, old.digest, old.author_id, old.written_at) then
        raise exception 'fault %: what it says does not change', old.id
            using errcode = 'check_violation', constraint = 'fault_says_the_same';
    end if;
    if new.state = old.state and new.retired_because = old.retired_because then
        return new;
    end if;
    if new.state = 'approved' and old.state = 'draft' then
        select count(distinct by_id) into found from oversight_faultapproval
        where fault_id = new.id and digest = new.digest and by_id <> new.author_id;
        if found < 2 then
            raise exception 'fault %: two people approve it who did not write it', old.id
                using errcode = 'check_violation', constraint = 'fault_approved_by_two';
        end if;
        return new;
    end if;
    if new.state = 'retired' and old.state <> 'retired' then
        return new;
    end if;
    raise exception 'fault %: % does not become %', old.id, old.state, new.state
        using errcode = 'check_violation', constraint = 'fault_moves_on';
end
$$;
create trigger fault_is_kept before insert or update or delete on oversight_libraryfault
    for each row execute function overread_fault_is_kept();

create function overread_fault_approval() returns trigger language plpgsql as $$
declare
    fault record;
begin
    if tg_op <> 'INSERT' then
        raise exception 'an approval stays as it was given'
            using errcode = 'check_violation', constraint = 'fault_approval_stays';
    end if;
    -- the fault stands still until this is committed
    select author_id, digest, state into fault
    from oversight_libraryfault where id = new.fault_id for update;
    if fault.author_id = new.by_id then
        raise exception 'fault %: its author does not approve it', new.fault_id
            using errcode = 'check_violation', constraint = 'fault_approval_by_another';
    end if;
    if fault.digest <> new.digest then
        raise exception 'fault %: this is not what was read', new.fault_id
            using errcode = 'check_violation', constraint = 'fault_approval_of_what_was_read';
    end if;
    if fault.state <> 'draft' then
        raise exception 'fault %: it is no draft', new.fault_id
            using errcode = 'check_violation', constraint = 'fault_approval_of_a_draft';
    end if;
    new.at := now();
    return new;
end
$$;
create trigger fault_approval before insert or update or delete on oversight_faultapproval
    for each row execute function overread_fault_approval();
"""
DROP = """
drop function overread_fault_is_kept cascade;
drop function overread_fault_approval cascade;
"""


class Migration(migrations.Migration):
    dependencies = [("oversight", "0004_alarms")]
    operations = [
        migrations.AddConstraint(
            model_name="libraryfault",
            constraint=models.CheckConstraint(
                condition=models.Q(state="retired") & ~models.Q(retired_because="")
                | ~models.Q(state="retired") & models.Q(retired_because=""),
                name="fault_retired_because",
            ),
        ),
        migrations.RunSQL(KEPT, DROP),
    ]
