"""Keep of each handoff its one next moment, when it becomes urgent, and what has fired.

The queue is worked by urgency first: its index changes with it, and is built while nothing comes
in for as long as that takes.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.lookups
from django.db import migrations, models
from django.db.models import F

RUNGS = [(one, one) for one in ("urgent", "deadline", "review", "information")]

# By the clock: in business hours it comes out exactly when a level, a pause or a change of the
# hours counts it anew.
FILL = """
update handoffs_handoff set
    counted_from = deadline_at - make_interval(secs => deadline_seconds),
    counted_seconds = deadline_seconds,
    urgent_at = case when held_since is not null then deadline_at
        else deadline_at - make_interval(secs => case
            when coalesce((terms ->> 'urgent_seconds')::int, 900) < deadline_seconds
                then coalesce((terms ->> 'urgent_seconds')::int, 900)
            else deadline_seconds / 4 end) end;
update handoffs_handoff set
    next_at = case when urgent_at < deadline_at and state <> 'needs_information'
        then urgent_at else deadline_at end,
    next_rung = case when state = 'needs_information' then 'information'
        when held_since is not null then 'review'
        when urgent_at < deadline_at then 'urgent' else 'deadline' end;
-- foreign keys are looked at now, or the table could not be altered any further
set constraints all immediate;
set constraints all deferred;
"""
ONLY_ADDED = """
create trigger rung_append_only before update or delete on handoffs_rung
    for each row execute function overread_append_only();
"""


def not_null(name: str, field: models.Field) -> migrations.AlterField:
    return migrations.AlterField(model_name="handoff", name=name, field=field)


def nullable(name: str, field: models.Field) -> migrations.AddField:
    return migrations.AddField(model_name="handoff", name=name, field=field)


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0031_measure_queues")]

    operations = [
        nullable("counted_from", models.DateTimeField(null=True)),
        nullable("counted_seconds", models.PositiveIntegerField(null=True)),
        nullable("by_the_clock", models.BooleanField(default=False, db_default=False)),
        nullable("urgent_at", models.DateTimeField(null=True)),
        nullable("urgent_since", models.DateTimeField(null=True)),
        nullable("next_at", models.DateTimeField(null=True)),
        nullable("next_rung", models.CharField(max_length=12, null=True, choices=RUNGS)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        not_null("counted_from", models.DateTimeField()),
        not_null("counted_seconds", models.PositiveIntegerField()),
        not_null("urgent_at", models.DateTimeField()),
        not_null("next_at", models.DateTimeField()),
        not_null("next_rung", models.CharField(max_length=12, choices=RUNGS)),
        migrations.RemoveIndex(model_name="handoff", name="handoff_waiting_in_order"),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(
                F("queue"),
                django.db.models.lookups.IsNull(F("urgent_since"), True),
                F("deadline_at"),
                F("id"),
                condition=models.Q(("state", "waiting")),
                name="handoff_waiting_in_order",
            ),
        ),
        migrations.RemoveIndex(model_name="handoff", name="handoff_overdue"),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "needs_information"])),
                fields=["next_at"],
                name="handoff_next",
            ),
        ),
        migrations.CreateModel(
            name="Rung",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("round", models.PositiveIntegerField()),
                ("level", models.PositiveSmallIntegerField()),
                ("rung", models.CharField(max_length=12, choices=RUNGS)),
                ("number", models.PositiveSmallIntegerField(default=1, db_default=1)),
                ("due_at", models.DateTimeField()),
                (
                    "fired_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("outcome", models.CharField(max_length=20)),
                ("passed_over", models.BooleanField(default=False, db_default=False)),
                (
                    "handoff",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rungs",
                        to="handoffs.handoff",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("handoff", "round", "level", "rung", "number"),
                        name="rung_fires_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(ONLY_ADDED, "drop trigger rung_append_only on handoffs_rung"),
    ]
