"""The time a page was first opened is the database's to say, once: reading time cannot be faked."""

from django.db import migrations

OPEN_ONCE = """
create function overread_open_once() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        new.opened_at := null;
    elsif old.opened_at is null then
        new.opened_at := case when new.opened_at is not null then clock_timestamp() end;
    elsif new.opened_at is distinct from old.opened_at then
        raise exception 'claim %: it was opened at % and stays so', new.id, old.opened_at
            using errcode = 'check_violation', constraint = 'claim_opened_once';
    end if;
    return new;
end
$$;
create trigger claim_open_once before insert or update of opened_at on reviews_claim
    for each row execute function overread_open_once();
alter table reviews_claim set (autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 500, fillfactor = 80);
"""

UNDO = """
alter table reviews_claim reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    fillfactor);
drop function overread_open_once cascade;
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0002_slots_and_first_opening")]
    operations = [migrations.RunSQL(OPEN_ONCE, UNDO)]
