"""Leave out what is worked on away from the page when a seat is taken, as it is with claims."""

from django.db import migrations

HOLDS = "latest.ended_at is null and latest.expires_at > statement_timestamp()"
KEPT = "latest.kept_until is null and "
# one condition in a statement that others change too: it is put into it as it stands
PATCH = """
do $$
declare
    body text := pg_get_functiondef('overread_take_seat'::regproc);
begin
    if strpos(body, '{before}') = 0 then
        raise exception 'overread_take_seat no longer reads as it did: mend this migration';
    end if;
    execute replace(body, '{before}', '{after}');
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0010_take_a_seat")]
    operations = [
        migrations.RunSQL(
            PATCH.format(before=HOLDS, after=KEPT + HOLDS),
            PATCH.format(before=KEPT + HOLDS, after=HOLDS),
        )
    ]
