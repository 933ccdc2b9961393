"""Keep what requesters were told of when there is news, to compare it with when there was."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0037_requesters"),
        ("reviews", "0031_take_in_turns"),
    ]

    operations = [
        migrations.CreateModel(
            name="Expectation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("round", models.PositiveIntegerField()),
                ("revision", models.PositiveSmallIntegerField(default=1)),
                ("ahead", models.PositiveIntegerField()),
                ("median_at", models.DateTimeField()),
                ("by_at", models.DateTimeField()),
                ("confidence", models.PositiveSmallIntegerField()),
                (
                    "told_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "handoff",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="expectations",
                        to="handoffs.handoff",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="handoffs.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("revision", 1)),
                        fields=["workflow", "told_at"],
                        name="expectation_first_told",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("handoff", "round", "revision"), name="expectation_told_once"
                    )
                ],
            },
        ),
    ]
