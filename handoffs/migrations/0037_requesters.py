"""Requesters say something on their page; a workflow says whom they hear of and whether by mail."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

_KEEP = """
create trigger requester_word_append_only before update or delete on handoffs_requesterword
    for each row execute function overread_append_only();
"""
_LET_GO = "drop trigger requester_word_append_only on handoffs_requesterword"


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0035_stop_and_go_on"),
    ]

    operations = [
        migrations.AddField(
            model_name="workflow",
            name="requester_sees",
            field=models.CharField(
                choices=[("role", "the team"), ("first_name", "the person's first name")],
                db_default="role",
                default="role",
                help_text="Whom a requester's page names: the team, or the person's first name.",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="workflow",
            name="writes_to_requesters",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Mail requesters when a person has their task, and when it is over.",
            ),
        ),
        migrations.CreateModel(
            name="RequesterWord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("information", "Information"),
                            ("not_needed", "Not Needed"),
                            ("needed", "Needed"),
                        ],
                        max_length=12,
                    ),
                ),
                ("text", models.TextField(blank=True, default="")),
                (
                    "said_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requester_words",
                        to="handoffs.run",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("run", "number"), name="requester_word_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "information"), _negated=True),
                            models.Q(("text", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="requester_word_says_something",
                    ),
                ],
            },
        ),
        migrations.RunSQL(_KEEP, _LET_GO),
    ]
