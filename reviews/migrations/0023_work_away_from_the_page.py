"""A person may take a task on and work on it away from the page.

It is theirs for as long as they said. Taking the next one does not hand it back to them first, and
it does not count as one of those they hold: the statement that takes leaves it out.
"""

from django.db import migrations, models

# The statement is long and others change it too: this puts one condition into it as it stands.
HOLDS = "latest.ended_at is null and latest.expires_at > statement_timestamp()"
KEPT = "latest.kept_until is null and "
PATCH = """
do $$
declare
    found oid;
    body text;
begin
    for found in select oid from pg_proc where proname like 'overread\\_take%' loop
        body := pg_get_functiondef(found);
        if strpos(body, '{before}') = 0 then
            raise exception 'overread_take no longer reads as it did: mend this migration';
        end if;
        execute replace(body, '{before}', '{after}');
    end loop;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0019_measure_briefs"),
    ]

    operations = [
        migrations.AddField(
            model_name="claim",
            name="kept_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="claim",
            name="ended_because",
            field=models.CharField(
                blank=True,
                choices=[
                    ("decided", "decided"),
                    ("given_back", "given_back"),
                    ("asked", "asked"),
                    ("escalated", "escalated"),
                    ("sent_on", "sent_on"),
                    ("handed_over", "handed_over"),
                    ("expired", "expired"),
                    ("moved", "moved"),
                ],
                default="",
                max_length=20,
            ),
        ),
        migrations.RunSQL(
            PATCH.format(before=HOLDS, after=KEPT + HOLDS),
            PATCH.format(before=KEPT + HOLDS, after=HOLDS),
        ),
    ]
