"""A test may say who waits, as real ones do; its requester has a name and cannot be written to."""

from django.db import migrations

BORN = """
create or replace function overread_plant_is_born() returns trigger language plpgsql as $$
begin
    if new.handoff_id is not null or new.ended or not exists (
            select from handoffs_run r join accounts_client c on c.id = r.client_id
            where r.id = new.run_id and c.stands_for_id is not null
                and coalesce({requester}, true))
        or not exists (
            select from handoffs_transition t
            where t.run_id = new.run_id and t.handoff_id is null and t.from_state = ''
                and t.xact_id = pg_current_xact_id()::text::bigint) then
        raise exception 'run %: only what is made as a blind test is one', new.run_id
            using errcode = 'check_violation', constraint = 'plant_is_born';
    end if;
    return new;
end
$$;
"""
NAMED = "r.requester - 'name' - 'locale' = '{}'::jsonb"
NOBODY = "r.requester is null"


def born(requester: str) -> str:
    return BORN.replace("{requester}", requester)


class Migration(migrations.Migration):
    dependencies = [("reviews", "0046_whose_hands")]

    operations = [migrations.RunSQL(born(NAMED), reverse_sql=born(NOBODY))]
