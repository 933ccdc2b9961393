"""Look at what nobody was asked about: shares of it, and what stands out in it."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

# a share is policy: it is in force with the next proposal, in every process
REVISES = """
create trigger audit_share_revises after insert or update or delete on handoffs_auditshare
    for each row execute function overread_revise_workflow();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("handoffs", "0008_own_queues"),
    ]

    operations = [
        migrations.CreateModel(
            name="ActionHistory",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("action_type", models.CharField(max_length=60)),
                ("total", models.PositiveBigIntegerField(default=0)),
                ("body", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="AuditShare",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "tier",
                    models.CharField(
                        choices=[("autonomous", "autonomous"), ("notify", "notify")], max_length=16
                    ),
                ),
                ("share", models.DecimalField(decimal_places=5, max_digits=6)),
                ("wait_seconds", models.PositiveIntegerField(default=3600)),
                ("off_because", models.TextField(blank=True, default="")),
                ("off_by", models.CharField(blank=True, default="", max_length=150)),
                ("off_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Detector",
            fields=[
                (
                    "workflow",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="detector",
                        serialize=False,
                        to="handoffs.workflow",
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                (
                    "sensitivity",
                    models.CharField(
                        choices=[("low", "low"), ("normal", "normal"), ("high", "high")],
                        default="normal",
                        max_length=10,
                    ),
                ),
                ("most_per_hour", models.PositiveIntegerField(default=5)),
            ],
        ),
        migrations.CreateModel(
            name="DetectorCursor",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("proposal", models.CharField(max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                (
                    "sentences",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                ("at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("times", models.PositiveIntegerField(default=1)),
                ("held_back", models.BooleanField(default=False)),
                (
                    "made_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Sampling",
            fields=[],
            options={
                "verbose_name": "sampling and exceptions of a workflow",
                "verbose_name_plural": "sampling and exceptions",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("handoffs.workflow",),
        ),
        migrations.AddField(
            model_name="actiontype",
            name="roll_back_seconds",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="How long after it was proposed it can still be undone.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="handoff",
            name="roll_back_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="proposal",
            name="audit_brief",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="proposal",
            name="audit_drawn",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name="proposal",
            name="audit_opened_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="proposal",
            name="audit_share",
            field=models.DecimalField(decimal_places=5, max_digits=6, null=True),
        ),
        migrations.AlterField(
            model_name="answer",
            name="verb",
            field=models.CharField(
                choices=[
                    ("approve", "approve"),
                    ("approve_with_edits", "approve_with_edits"),
                    ("reject", "reject"),
                    ("choose", "choose"),
                    ("answer", "answer"),
                    ("redirect", "redirect"),
                    ("take_over", "take_over"),
                    ("confirm", "confirm"),
                    ("roll_back", "roll_back"),
                    ("wrong", "wrong"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="handoff",
            name="proposal",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="handoffs",
                to="handoffs.proposal",
            ),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(("audit_drawn", True), ("audit_opened_at__isnull", True)),
                fields=["id"],
                name="proposal_to_audit",
            ),
        ),
        migrations.AddConstraint(
            model_name="actiontype",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("roll_back_seconds", None),
                    models.Q(("reversibility", "reversible"), ("roll_back_seconds__gt", 0)),
                    _connector="OR",
                ),
                name="action_type_undone_only_if_reversible",
            ),
        ),
        migrations.AddConstraint(
            model_name="handoff",
            constraint=models.UniqueConstraint(
                fields=("proposal", "kind"), name="handoff_once_per_proposal_and_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("audit_drawn", False),
                    models.Q(("audit_share__gt", 0), ("audit_share__isnull", False)),
                    _connector="OR",
                ),
                name="proposal_drawn_has_share",
            ),
        ),
        migrations.AddField(
            model_name="actionhistory",
            name="workflow",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="handoffs.workflow",
            ),
        ),
        migrations.AddField(
            model_name="auditshare",
            name="workflow",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="audit_shares",
                to="handoffs.workflow",
            ),
        ),
        migrations.AddConstraint(
            model_name="detector",
            constraint=models.CheckConstraint(
                condition=models.Q(("sensitivity__in", ["low", "normal", "high"])),
                name="detector_sensitivity_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="detectorcursor",
            constraint=models.CheckConstraint(
                condition=models.Q(("id", 1)), name="detector_cursor_one_row"
            ),
        ),
        migrations.AddField(
            model_name="finding",
            name="handoff",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="handoffs.handoff",
            ),
        ),
        migrations.AddField(
            model_name="finding",
            name="proposal",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="finding",
                to="handoffs.proposal",
            ),
        ),
        migrations.AddField(
            model_name="finding",
            name="workflow",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="findings",
                to="handoffs.workflow",
            ),
        ),
        migrations.AddConstraint(
            model_name="actionhistory",
            constraint=models.UniqueConstraint(
                fields=("workflow", "action_type"), name="action_history_once_per_type"
            ),
        ),
        migrations.AddConstraint(
            model_name="auditshare",
            constraint=models.UniqueConstraint(
                fields=("workflow", "tier"), name="audit_share_once_per_tier"
            ),
        ),
        migrations.AddConstraint(
            model_name="auditshare",
            constraint=models.CheckConstraint(
                condition=models.Q(("tier__in", ["autonomous", "notify"])),
                name="audit_share_of_autonomous_tier",
            ),
        ),
        migrations.AddConstraint(
            model_name="auditshare",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("off_at", None),
                        ("off_because", ""),
                        ("off_by", ""),
                        ("share__gte", "0.005"),
                        ("share__lte", 1),
                    ),
                    models.Q(
                        ("off_at__isnull", False),
                        ("off_because__regex", "\\S"),
                        ("share", 0),
                        models.Q(("off_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="audit_share_half_a_percent_or_off_with_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["workflow", "last_at"], name="finding_of_workflow"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(
                condition=models.Q(("handoff__isnull", True), ("held_back", False)),
                fields=["id"],
                name="finding_to_open",
            ),
        ),
        migrations.RunSQL(REVISES, "drop trigger audit_share_revises on handoffs_auditshare"),
    ]
