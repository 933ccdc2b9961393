"""A person's decision is held for a moment before the run is told."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0025_links_after_stepping_up"),
    ]

    operations = [
        migrations.AlterField(
            model_name="handoff",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "waiting"),
                    ("needs_information", "needs_information"),
                    ("decided", "decided"),
                    ("answered", "answered"),
                    ("withdrawn", "withdrawn"),
                ],
                default="waiting",
                max_length=18,
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="cause",
            field=models.CharField(
                choices=[
                    ("created", "created"),
                    ("decided", "decided"),
                    ("taken_back", "taken_back"),
                    ("proposed", "proposed"),
                    ("escalated", "escalated"),
                    ("answered", "answered"),
                    ("information_asked", "information_asked"),
                    ("information_given", "information_given"),
                    ("withdrawn", "withdrawn"),
                    ("claimed", "claimed"),
                    ("lease_ended", "lease_ended"),
                    ("released", "released"),
                    ("resumed", "resumed"),
                    ("stale", "stale"),
                    ("timed_out", "timed_out"),
                    ("completed", "completed"),
                    ("error", "error"),
                    ("stopped", "stopped"),
                    ("transferred", "transferred"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="transition",
            name="cause",
            field=models.CharField(
                choices=[
                    ("created", "created"),
                    ("decided", "decided"),
                    ("taken_back", "taken_back"),
                    ("proposed", "proposed"),
                    ("escalated", "escalated"),
                    ("answered", "answered"),
                    ("information_asked", "information_asked"),
                    ("information_given", "information_given"),
                    ("withdrawn", "withdrawn"),
                    ("claimed", "claimed"),
                    ("lease_ended", "lease_ended"),
                    ("released", "released"),
                    ("resumed", "resumed"),
                    ("stale", "stale"),
                    ("timed_out", "timed_out"),
                    ("completed", "completed"),
                    ("error", "error"),
                    ("stopped", "stopped"),
                    ("transferred", "transferred"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="HeldAnswer",
            fields=[
                (
                    "handoff",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="held_answer",
                        serialize=False,
                        to="handoffs.handoff",
                    ),
                ),
                ("round", models.PositiveIntegerField()),
                ("said", models.TextField()),
                (
                    "by_kind",
                    models.CharField(
                        choices=[
                            ("client", "client"),
                            ("person", "person"),
                            ("policy", "policy"),
                            ("system", "system"),
                        ],
                        max_length=10,
                    ),
                ),
                ("role", models.CharField(max_length=150)),
                ("by_audit_name", models.CharField(max_length=200)),
                (
                    "held_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("release_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["release_at"], name="held_answer_due"),
                    models.Index(fields=["by_audit_name"], name="held_answer_of_person"),
                ],
            },
        ),
    ]
