"""Mail requesters when a person has their task, when it is passed on, and when it is over."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0039_spread_places"),
        ("reviews", "0036_tell_when"),
    ]

    operations = [
        migrations.CreateModel(
            name="RequesterLetter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("transferred", "Transferred"),
                            ("passed_on", "Passed On"),
                            ("over", "Over"),
                        ],
                        max_length=12,
                    ),
                ),
                ("number", models.PositiveBigIntegerField()),
                ("due_at", models.DateTimeField()),
                (
                    "made_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                ("sent", models.BooleanField(default=False)),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
                        to="handoffs.run",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["due_at"],
                        name="requester_letter_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("run", "kind", "number"), name="requester_letter_made_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("sent", False), ("ended_at__isnull", False), _connector="OR"
                        ),
                        name="requester_letter_sent_is_ended",
                    ),
                ],
            },
        ),
    ]
