"""Keep how fast each queue fills and empties."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0028_stop_notices"),
    ]

    operations = [
        migrations.CreateModel(
            name="QueueRate",
            fields=[
                (
                    "queue",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="rate",
                        serialize=False,
                        to="handoffs.queue",
                    ),
                ),
                ("measured_at", models.DateTimeField()),
                ("arrivals_per_hour", models.FloatField(default=0)),
                ("finished_per_hour", models.FloatField(default=0)),
                ("handling_seconds", models.FloatField(null=True)),
                ("handling_count", models.PositiveIntegerField(default=0)),
                ("reviewers_present", models.PositiveIntegerField(default=0)),
                ("hands", models.FloatField(default=0)),
                ("busy_since", models.DateTimeField(null=True)),
            ],
        ),
    ]
