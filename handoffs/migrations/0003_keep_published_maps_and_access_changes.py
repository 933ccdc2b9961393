"""A published map stays as it was signed off; every change of access is in the audit log."""

from django.db import migrations

# A draft may still be written. What was published once says for ever what it said then.
IMMUTABLE_MAPS = """
create function overread_keep_published_map() returns trigger language plpgsql as $$
begin
    if old.state = 'draft' then
        return case tg_op when 'DELETE' then old else new end;
    end if;
    if tg_op = 'DELETE' then
        raise exception 'map % version % was published and stays', old.id, old.version
            using errcode = 'check_violation', constraint = 'map_published_stays';
    end if;
    if (new.workflow_id, new.version, new.body::text, new.digest, new.published_at,
            new.published_by_id)
        is distinct from (old.workflow_id, old.version, old.body::text, old.digest,
            old.published_at, old.published_by_id)
        or (old.state, new.state) not in (
            ('published', 'published'), ('published', 'retired'), ('retired', 'retired'))
    then
        raise exception 'map % version % was published and stays as it is', old.id, old.version
            using errcode = 'check_violation', constraint = 'map_published_stays';
    end if;
    return new;
end
$$;
create trigger map_keep_published before update or delete on handoffs_risktiermap
    for each row execute function overread_keep_published_map();
"""

# accounts knows nothing of the log, so the log looks: same transaction, same bytes.
LOG_ACCESS = """
create function overread_log_access_change() returns trigger language plpgsql as $$
begin
    insert into handoffs_auditentry (actor_kind, actor, action, subject, body, xact_id)
    values (
        case when new.by_id is null then 'system' else 'person' end,
        case when new.by_id is null then 'console' else 'user ' || new.by_id end,
        new.action, new.subject, convert_to(new.body, 'UTF8'), 0);
    return null;
end
$$;
create trigger access_change_logged after insert on accounts_accesschange
    for each row execute function overread_log_access_change();
create trigger access_change_append_only before update or delete on accounts_accesschange
    for each row execute function overread_append_only();
"""

UNDO = """
drop function overread_keep_published_map cascade;
drop function overread_log_access_change cascade;
drop trigger access_change_append_only on accounts_accesschange;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0002_guard_states_and_log"),
        ("accounts", "0003_access_changes"),
    ]
    operations = [migrations.RunSQL(IMMUTABLE_MAPS + LOG_ACCESS, UNDO)]
