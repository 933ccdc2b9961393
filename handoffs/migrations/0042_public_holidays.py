"""Let a queue keep the holidays of a country, and note when its hours change."""

import django.db.models.deletion
from django.db import migrations, models

NOTE_CHANGES = """
create function overread_note_hours() returns trigger language plpgsql as $$
begin
    insert into handoffs_recount (queue_id, changed_at) values (new.id, clock_timestamp())
    on conflict (queue_id) do update set changed_at = excluded.changed_at;
    return null;
end
$$;
create trigger queue_notes_hours after update of time_zone, hours, holidays, country
    on handoffs_queue for each row
    when ((old.time_zone, old.hours, old.holidays, old.country)
        is distinct from (new.time_zone, new.hours, new.holidays, new.country))
    execute function overread_note_hours();
"""
UNDO = """
drop trigger queue_notes_hours on handoffs_queue;
drop function overread_note_hours;
"""


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0041_step_in")]

    operations = [
        migrations.AddField(
            model_name="queue",
            name="country",
            field=models.CharField(blank=True, db_default="", default="", max_length=10),
        ),
        migrations.CreateModel(
            name="Recount",
            fields=[
                (
                    "queue",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="handoffs.queue",
                    ),
                ),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(NOTE_CHANGES, UNDO),
    ]
