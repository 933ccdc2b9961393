"""Rows of the matrix hold in time and carry a ladder; queues have opening hours."""

import django.contrib.postgres.functions
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("handoffs", "0009_sampling"),
    ]

    operations = [
        migrations.CreateModel(
            name="LadderStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level", models.PositiveSmallIntegerField()),
                ("seconds", models.PositiveIntegerField()),
                ("required_context", models.JSONField(blank=True, default=list)),
            ],
            options={
                "ordering": ["level"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="matrixrow",
            name="matrix_row_named_once",
        ),
        migrations.AddField(
            model_name="handoff",
            name="held_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="handoff",
            name="ladder",
            field=models.JSONField(default=list, db_default=models.Value([], models.JSONField())),
        ),
        migrations.AddField(
            model_name="handoff",
            name="terms",
            field=models.JSONField(default=dict, db_default=models.Value({}, models.JSONField())),
        ),
        migrations.AddField(
            model_name="matrixrow",
            name="batch_seconds",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="matrixrow",
            name="business_time",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="matrixrow",
            name="effective_from",
            field=models.DateTimeField(
                db_default=django.contrib.postgres.functions.TransactionNow()
            ),
        ),
        migrations.AddField(
            model_name="matrixrow",
            name="effective_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="matrixrow",
            name="email",
            field=models.CharField(
                choices=[("yes", "yes"), ("sign_in", "sign_in"), ("no", "no")],
                default="sign_in",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="matrixrow",
            name="latency_tolerance",
            field=models.CharField(
                blank=True,
                choices=[("minutes", "Minutes"), ("hours", "Hours"), ("days", "Days")],
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="matrixrow",
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
            model_name="matrixrow",
            name="urgent_seconds",
            field=models.PositiveIntegerField(default=900),
        ),
        migrations.AddField(
            model_name="queue",
            name="holidays",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="queue",
            name="hours",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="queue",
            name="time_zone",
            field=models.CharField(default="UTC", max_length=60),
        ),
        migrations.AddField(
            model_name="workflow",
            name="four_eyes",
            field=models.BooleanField(
                default=False,
                help_text="A change of the governance matrix waits until a second person approves it.",
            ),
        ),
        migrations.AlterField(
            model_name="handoff",
            name="fallback",
            field=models.CharField(
                choices=[
                    ("reject", "reject"),
                    ("approve", "approve"),
                    ("fail", "fail"),
                    ("hold", "hold"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="matrixrow",
            name="fallback",
            field=models.CharField(
                blank=True,
                choices=[
                    ("reject", "reject"),
                    ("approve", "approve"),
                    ("fail", "fail"),
                    ("hold", "hold"),
                ],
                default="",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="matrixrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("effective_until__isnull", True),
                    ("effective_until__gte", models.F("effective_from")),
                    _connector="OR",
                ),
                name="matrix_row_ends_after_it_begins",
            ),
        ),
        migrations.AddField(
            model_name="ladderstep",
            name="queue",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="handoffs.queue"
            ),
        ),
        migrations.AddField(
            model_name="ladderstep",
            name="role",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="auth.group"
            ),
        ),
        migrations.AddField(
            model_name="ladderstep",
            name="row",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="steps",
                to="handoffs.matrixrow",
            ),
        ),
        migrations.AddConstraint(
            model_name="ladderstep",
            constraint=models.UniqueConstraint(
                fields=("row", "level"), name="ladder_step_level_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="ladderstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("level__gte", 2)), name="ladder_step_is_above_the_first"
            ),
        ),
    ]
