"""Versions of a map follow each other in time; what was published says for ever what it said."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Until now `retired` meant replaced: those versions were in force until the next one was published.
FILL = """
drop trigger map_keep_published on handoffs_risktiermap;
update handoffs_risktiermap map
set state = 'published', effective_at = map.published_at, superseded_at = (
    select min(next.published_at) from handoffs_risktiermap next
    where next.workflow_id = map.workflow_id and next.version > map.version)
where map.state <> 'draft';
"""
UNFILL = """
drop trigger map_keep_published on handoffs_risktiermap;
update handoffs_risktiermap set state = 'retired' where superseded_at is not null;
create trigger map_keep_published before update or delete on handoffs_risktiermap
    for each row execute function overread_keep_published_map();
"""

# A draft moves by whole editions, so that nobody overwrites what they did not read. A published
# version only ever ends: its past is fixed, and only an end that has not come yet may move.
KEEP_PUBLISHED = """
create or replace function overread_keep_published_map() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        if old.state = 'draft' then
            return old;
        end if;
        raise exception 'map % version % was published and stays', old.id, old.version
            using errcode = 'check_violation', constraint = 'map_published_stays';
    end if;
    if old.state = 'draft' then
        if new.state = 'draft' and (new.body::text, new.cases::text)
                is distinct from (old.body::text, old.cases::text)
            and new.edition <> old.edition + 1
        then
            raise exception 'map % version %: edition % cannot follow %', old.id, old.version,
                new.edition, old.edition
                using errcode = 'check_violation', constraint = 'map_edition_by_one';
        end if;
        if new.state = 'published' and new.effective_at < now() then
            raise exception 'map % version % cannot be in force since before it was published',
                old.id, old.version
                using errcode = 'check_violation', constraint = 'map_not_in_force_before';
        end if;
        return new;
    end if;
    if (new.workflow_id, new.version, new.body::text, new.cases::text, new.digest, new.edition,
            new.author_id, new.base_id, new.signed::text, new.effective_at, new.published_at,
            new.published_by_id)
        is distinct from (old.workflow_id, old.version, old.body::text, old.cases::text,
            old.digest, old.edition, old.author_id, old.base_id, old.signed::text,
            old.effective_at, old.published_at, old.published_by_id)
        or (old.state, new.state) not in (
            ('published', 'published'), ('published', 'retired'), ('retired', 'retired'))
        or (old.state = 'retired' and new.retired_at is distinct from old.retired_at)
    then
        raise exception 'map % version % was published and stays as it is', old.id, old.version
            using errcode = 'check_violation', constraint = 'map_published_stays';
    end if;
    if new.superseded_at is distinct from old.superseded_at
        and (old.superseded_at < now() or new.superseded_at < now())
    then
        raise exception 'map % version %: when it ended is history', old.id, old.version
            using errcode = 'check_violation', constraint = 'map_end_is_history';
    end if;
    return new;
end
$$;
create trigger map_keep_published before update or delete on handoffs_risktiermap
    for each row execute function overread_keep_published_map();
"""
FORGET_KEEPING = """
create or replace function overread_keep_published_map() returns trigger language plpgsql as $$
begin
    if old.state = 'draft' then
        return case tg_op when 'DELETE' then old else new end;
    end if;
    if tg_op = 'DELETE' or (new.workflow_id, new.version, new.body::text, new.digest,
            new.published_at, new.published_by_id)
        is distinct from (old.workflow_id, old.version, old.body::text, old.digest,
            old.published_at, old.published_by_id)
        or (old.state, new.state) not in (
            ('published', 'published'), ('published', 'retired'), ('retired', 'retired'))
    then
        raise exception 'map % version % was published and stays as it is', old.id, old.version
            using errcode = 'check_violation', constraint = 'map_published_stays';
    end if;
    return new;
end
$$;
"""

# Nothing is compiled from a draft: its saves make no process compile anew.
REVISE = """
drop trigger map_revises on handoffs_risktiermap;
create trigger map_begins_revises after insert on handoffs_risktiermap
    for each row when (new.state <> 'draft') execute function overread_revise_workflow();
create trigger map_revises after update on handoffs_risktiermap
    for each row when (old.state <> 'draft' or new.state <> 'draft')
    execute function overread_revise_workflow();
"""
UNREVISE = """
drop trigger map_begins_revises on handoffs_risktiermap;
drop trigger map_revises on handoffs_risktiermap;
create trigger map_revises after insert or update or delete on handoffs_risktiermap
    for each row execute function overread_revise_workflow();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0006_lean_hot_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="risktiermap",
            name="map_one_published_per_workflow",
        ),
        migrations.AddField(
            model_name="risktiermap",
            name="author",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="risktiermap",
            name="base",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="handoffs.risktiermap",
            ),
        ),
        migrations.AddField(
            model_name="risktiermap",
            name="cases",
            field=models.JSONField(
                blank=True, default=list, help_text="signals in, tier and rules out"
            ),
        ),
        migrations.AddField(
            model_name="risktiermap",
            name="edition",
            field=models.PositiveIntegerField(
                default=1, editable=False, help_text="Moves with every save of the draft."
            ),
        ),
        migrations.AddField(
            model_name="risktiermap",
            name="effective_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="risktiermap",
            name="retired_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="risktiermap",
            name="review_on",
            field=models.DateField(blank=True, help_text="When the owner looks again.", null=True),
        ),
        migrations.AddField(
            model_name="risktiermap",
            name="signed",
            field=models.JSONField(
                blank=True,
                default=list,
                editable=False,
                help_text="seats and times, as it was published",
            ),
        ),
        migrations.AddField(
            model_name="risktiermap",
            name="superseded_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="workflow",
            name="sign_offs",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("product", "product"),
                        ("compliance", "compliance"),
                        ("engineering", "engineering"),
                    ],
                    max_length=12,
                ),
                blank=True,
                default=list,
                help_text="Who must sign a map before it is published.",
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="risktiermap",
            name="body",
            field=models.JSONField(help_text="default tier, floors, time zone, lists and rules"),
        ),
        migrations.RunSQL(FILL, UNFILL),
        migrations.AddConstraint(
            model_name="risktiermap",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("state", "published")),
                expressions=[
                    (
                        models.Func(
                            models.F("workflow_id"),
                            models.F("workflow_id"),
                            models.Value("[]"),
                            function="int8range",
                            output_field=django.contrib.postgres.fields.ranges.BigIntegerRangeField(),
                        ),
                        "&&",
                    ),
                    (
                        models.Func(
                            models.F("effective_at"),
                            models.F("superseded_at"),
                            function="tstzrange",
                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="map_one_in_force_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="risktiermap",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "published"), _negated=True),
                    models.Q(("effective_at__isnull", False), ("published_at__isnull", False)),
                    _connector="OR",
                ),
                name="map_published_says_since_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="risktiermap",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "draft"), _negated=True),
                    models.Q(
                        ("effective_at", None), ("published_at", None), ("superseded_at", None)
                    ),
                    _connector="OR",
                ),
                name="map_draft_is_not_in_force",
            ),
        ),
        migrations.AddConstraint(
            model_name="risktiermap",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("superseded_at", None),
                    ("superseded_at__gte", models.F("effective_at")),
                    _connector="OR",
                ),
                name="map_superseded_after_it_began",
            ),
        ),
        migrations.AddConstraint(
            model_name="risktiermap",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("retired_at__isnull", False), ("state", "retired")),
                    models.Q(models.Q(("state", "retired"), _negated=True), ("retired_at", None)),
                    _connector="OR",
                ),
                name="map_retired_says_when",
            ),
        ),
        migrations.RunSQL(KEEP_PUBLISHED, FORGET_KEEPING),
        migrations.RunSQL(REVISE, UNREVISE),
    ]
