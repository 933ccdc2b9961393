"""Keep who stopped what, and why; while a stop is in force its workflows stand still."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import handoffs.ids
import handoffs.models.fields

# for the walk along a queue: looked up once, not once for each handoff
STOPPED = """
create function overread_stopped_workflows() returns bigint[] language sql stable as $$
    select coalesce(array_agg(workflow.id), '{}') from handoffs_workflow workflow
    where exists (select from handoffs_stop stop where stop.ended_at is null
        and (stop.workflow_id is null or stop.workflow_id = workflow.id))
$$;
"""
UNDO = "drop function overread_stopped_workflows();"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_conflict_groups"),
        ("handoffs", "0029_next_moments"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Stop",
            fields=[
                (
                    "id",
                    handoffs.models.fields.PublicIdField(
                        default=handoffs.ids.new_stop,
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("reason", models.TextField()),
                ("drill", models.BooleanField(default=False)),
                ("ends_by_itself_at", models.DateTimeField(null=True)),
                (
                    "stopped_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("stopped_role", models.CharField(max_length=150)),
                (
                    "under_way",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
                ("settled_at", models.DateTimeField(null=True)),
                ("reminded_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_role", models.CharField(blank=True, default="", max_length=150)),
                ("end_reason", models.TextField(blank=True, default="")),
                (
                    "ended_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "stopped_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stops",
                        to="handoffs.workflow",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StopMet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "first_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "last_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("times", models.PositiveIntegerField(default=1)),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.client",
                    ),
                ),
                (
                    "stop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="met",
                        to="handoffs.stop",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="stop",
            index=models.Index(fields=["workflow", "stopped_at"], name="stop_in_time"),
        ),
        migrations.AddConstraint(
            model_name="stop",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("workflow",),
                name="stop_one_at_a_time",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="stop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("drill", False), ("ends_by_itself_at__isnull", True)),
                    models.Q(("drill", True), ("ends_by_itself_at__isnull", False)),
                    _connector="OR",
                ),
                name="stop_drill_ends_by_itself",
            ),
        ),
        migrations.AddConstraint(
            model_name="stop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("end_reason", ""), ("ended_at__isnull", True)),
                    models.Q(
                        ("ended_at__isnull", False), models.Q(("end_reason", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="stop_ended_has_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="stopmet",
            constraint=models.UniqueConstraint(
                fields=("stop", "client"), name="stop_met_once_per_client"
            ),
        ),
        migrations.RunSQL(STOPPED, UNDO),
    ]
