"""What people are told of: notices, how they want them, and up to where a log was read."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_conflict_groups"),
        ("handoffs", "0031_measure_queues"),
        ("reviews", "0030_share_the_load"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LogPlace",
            fields=[
                ("log", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("upto", models.BigIntegerField()),
                ("gaps", models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name="QueueNotices",
            fields=[
                (
                    "queue",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="handoffs.queue",
                    ),
                ),
                ("how", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name_plural": "queue notices",
            },
        ),
        migrations.CreateModel(
            name="NoticeWish",
            fields=[
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("how", models.JSONField(default=dict)),
                ("digest_hour", models.PositiveSmallIntegerField(null=True)),
                ("wakes", models.BooleanField(default=True)),
                (
                    "quiet_queues",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("digest_hour__isnull", True), ("digest_hour__lt", 24), _connector="OR"
                        ),
                        name="notice_wish_hour_of_a_day",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("log", models.CharField(max_length=20)),
                ("entry", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("arrived", "arrived"),
                            ("transferred", "transferred"),
                            ("urgent", "urgent"),
                            ("completed", "completed"),
                        ],
                        max_length=12,
                    ),
                ),
                ("level", models.PositiveSmallIntegerField()),
                ("round", models.PositiveIntegerField()),
                ("of_run", models.BooleanField(db_default=False, default=False)),
                ("digest", models.BooleanField()),
                ("wakes", models.BooleanField(db_default=False, default=False)),
                (
                    "made_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("due_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("sent", "sent"),
                            ("over", "over"),
                            ("stopped", "stopped"),
                            ("not_theirs", "not_theirs"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("message", models.CharField(blank=True, db_default="", default="", max_length=40)),
                (
                    "handoff",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="handoffs.handoff",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["due_at"],
                        name="notice_due",
                    ),
                    models.Index(fields=["handoff", "kind"], name="notice_of_handoff"),
                    models.Index(fields=["recipient", "-ended_at"], name="notice_of_person"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("log", "entry", "recipient"), name="notice_once_per_person"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("ended_because", "")),
                            models.Q(
                                ("ended_at__isnull", False),
                                models.Q(("ended_because", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="notice_ended_has_cause",
                    ),
                ],
            },
        ),
    ]
