"""A session: so many handoffs of a queue in one go."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0018_guard_what_is_decided"),
        ("reviews", "0016_talk_among_colleagues"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BatchSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("items", models.PositiveSmallIntegerField(null=True)),
                ("seconds", models.PositiveIntegerField(null=True)),
                (
                    "started_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("paused_at", models.DateTimeField(null=True)),
                ("paused_seconds", models.FloatField(default=0)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("done", "done"),
                            ("time", "time"),
                            ("empty", "empty"),
                            ("stopped", "stopped"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="handoffs.queue",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="claim",
            name="session",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="claims",
                to="reviews.batchsession",
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(("session__isnull", False)),
                fields=["session"],
                name="claim_of_session",
            ),
        ),
        migrations.AddConstraint(
            model_name="batchsession",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("reviewer",),
                name="batch_session_one_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="batchsession",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("items__gt", 0), ("seconds__isnull", True)),
                    models.Q(("items__isnull", True), ("seconds__gt", 0)),
                    _connector="OR",
                ),
                name="batch_session_has_an_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="batchsession",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("ended_because", "")),
                    models.Q(
                        ("ended_at__isnull", False), models.Q(("ended_because", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="batch_session_ended_has_cause",
            ),
        ),
    ]
