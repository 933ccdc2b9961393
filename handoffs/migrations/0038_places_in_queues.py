"""Know the limits of queues, where what is too much goes, and what agents were told."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("handoffs", "0033_share_and_gather"),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkflowPressure",
            fields=[
                (
                    "workflow",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="pressure",
                        serialize=False,
                        to="handoffs.workflow",
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[("open", "open"), ("slow", "slow"), ("closed", "closed")],
                        default="open",
                        max_length=6,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("because", models.CharField(blank=True, default="", max_length=300)),
                ("paused_since", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="handoff",
            name="beyond_limit",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="handoff",
            name="overflow_from",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="handoffs.queue",
            ),
        ),
        migrations.AddField(
            model_name="matrixrow",
            name="at_limit",
            field=models.CharField(
                choices=[("overflow", "overflow"), ("pause", "pause")],
                db_default="overflow",
                default="overflow",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="queue",
            name="overflow_queue",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="handoffs.queue",
            ),
        ),
        migrations.AddField(
            model_name="queue",
            name="work_minutes_limit",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="queuedepth",
            name="quota",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="queuerate",
            name="fitting",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(
                condition=models.Q(("overflow_from__isnull", False), ("state", "waiting")),
                fields=["overflow_from", "deadline_at"],
                name="handoff_overflowed",
            ),
        ),
        migrations.AddField(
            model_name="workflowpressure",
            name="paused_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="handoffs.queue",
            ),
        ),
        migrations.AddConstraint(
            model_name="workflowpressure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paused_by__isnull", True), ("paused_since__isnull", True)),
                    models.Q(("paused_by__isnull", False), ("paused_since__isnull", False)),
                    _connector="OR",
                ),
                name="workflow_paused_has_time_and_queue",
            ),
        ),
    ]
