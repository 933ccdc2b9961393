"""How long briefs are, how long it takes until somebody does something with one, and better words.

The first thing a person does on a page, after opening it, is noted on their claim by whatever they
did: wrote a draft, opened evidence, mended the summary, committed a judgement. A claim that is
locked at that moment is being ended, which says the same, so it is not waited for.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

FIRST_ACTION = """
create function overread_note_first_action() returns trigger language plpgsql as $$
begin
    update reviews_claim set acted_at = clock_timestamp()
    where id = (select id from reviews_claim
        where handoff_id = new.handoff_id and ended_at is null and acted_at is null
            and opened_at is not null and reviewer_id = case tg_table_name
                when 'reviews_summaryedit' then (to_jsonb(new) ->> 'editor_id')::bigint
                else (to_jsonb(new) ->> 'reviewer_id')::bigint end
        for update skip locked);
    return null;
end
$$;
create trigger draft_is_action after insert or update on reviews_draft
    for each row execute function overread_note_first_action();
create trigger evidence_is_action after insert on reviews_evidenceopened
    for each row execute function overread_note_first_action();
create trigger summary_is_action after insert on reviews_summaryedit
    for each row execute function overread_note_first_action();
create trigger judgement_is_action after insert on reviews_judgement
    for each row execute function overread_note_first_action();
create trigger summary_append_only before update or delete on reviews_summaryedit
    for each row execute function overread_append_only();
"""
UNDO = """
drop trigger summary_append_only on reviews_summaryedit;
drop function overread_note_first_action cascade;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0018_guard_what_is_decided"),
        ("reviews", "0022_batch_sessions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="claim",
            name="acted_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="BriefMeasure",
            fields=[
                (
                    "brief",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="handoffs.brief",
                    ),
                ),
                ("action_type", models.CharField(max_length=60)),
                ("version", models.PositiveIntegerField()),
                ("words", models.PositiveIntegerField()),
                ("written_at", models.DateTimeField()),
                (
                    "handoff",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="handoffs.handoff",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="handoffs.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["workflow", "written_at"], name="measure_of_workflow")
                ],
            },
        ),
        migrations.CreateModel(
            name="SummaryEdit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("brief_version", models.PositiveIntegerField()),
                ("before", models.TextField(blank=True)),
                ("after", models.TextField()),
                (
                    "edited_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "editor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "handoff",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="handoffs.handoff",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["handoff", "brief_version", "-id"], name="summary_edit_latest"
                    )
                ],
            },
        ),
        migrations.RunSQL(FIRST_ACTION, UNDO),
    ]
