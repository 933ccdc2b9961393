"""When people are there, who stands in for them, and how much one person is given.

The functions count what somebody has had today: taking the next one and assigning ask them, so
that no cap can be passed by two pages at once. Whoever has no caps costs one look at an index.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

PERSON = settings.AUTH_USER_MODEL

# Ranges on both sides: the index type that knows overlapping times knows no plain numbers without
# an extension that not every server has.
ONE_AT_A_TIME = """
alter table reviews_absence add constraint absence_one_at_a_time exclude using gist (
    int8range(person_id, person_id, '[]') with &&, tstzrange(starts_at, ends_at) with &&);
"""
ANY_TIME = "alter table reviews_absence drop constraint absence_one_at_a_time;"

# A span of work is from taking a handoff, or opening one that was assigned, until its claim ended; spans of several that are open at
# once count once. Ten minutes without any are a break.
COUNT = """
create function overread_had(p_user bigint)
returns table (hour int, day int, minutes double precision, unbroken double precision,
    queue bigint, here double precision)
language sql stable as $$
with clock as materialized (
    select statement_timestamp() as now, date_trunc('day', statement_timestamp() at time zone zone)
        at time zone zone as midnight
    from coalesce((select availability.time_zone from reviews_availability availability
        where availability.user_id = p_user), 'UTC') as zone
), mine as materialized (
    select claim.handoff_id, claim.number, claim.taken_at, claim.opened_at, claim.kept_until,
        case when claim.assigned then claim.opened_at else claim.taken_at end as since,
        least(coalesce(claim.ended_at, clock.now), claim.expires_at, clock.now) as until
    from reviews_claim claim, clock
    where claim.reviewer_id = p_user
        and claim.taken_at >= least(clock.midnight, clock.now - interval '8 hours')
        and (claim.opened_at is not null or claim.ended_at is null)
), spans as (
    select mine.handoff_id, mine.since, mine.until,
        max(mine.until) over (order by mine.since, mine.number
            rows between unbounded preceding and 1 preceding) as before
    from mine where mine.opened_at is not null and mine.kept_until is null
), stretch as (
    select max(spans.since) filter (
            where spans.before is null or spans.since > spans.before + interval '10 minutes')
            as since, max(spans.until) as until
    from spans
), places as (
    select h.queue_id, spans.since from spans join handoffs_handoff h on h.id = spans.handoff_id,
        stretch
    where spans.since >= stretch.since
), latest as (
    select places.queue_id from places order by places.since desc limit 1
), now_here as (
    select min(places.since) as since from places, latest
    where places.queue_id = latest.queue_id and places.since > coalesce((
        select max(other.since) from places other where other.queue_id <> latest.queue_id),
        '-infinity')
)
select
    (select count(distinct mine.handoff_id) from mine, clock
        where mine.taken_at > clock.now - interval '1 hour')::int,
    (select count(distinct mine.handoff_id) from mine, clock
        where mine.taken_at >= clock.midnight)::int,
    (select coalesce(sum(greatest(0, extract(epoch from spans.until - greatest(spans.since,
            clock.midnight, coalesce(spans.before, spans.since))))), 0) / 60
        from spans, clock),
    (select case when stretch.until > clock.now - interval '10 minutes'
            then extract(epoch from clock.now - stretch.since) / 60 else 0 end
        from stretch, clock),
    (select latest.queue_id from latest),
    (select coalesce(extract(epoch from clock.now - now_here.since) / 60, 0)
        from now_here, clock)
$$;
create function overread_held(p_user bigint) returns int language sql stable as $$
    select count(*)::int from (
        select claim.* from reviews_claim claim
        where claim.reviewer_id = p_user order by claim.number desc limit 100) latest
    join handoffs_handoff h on h.id = latest.handoff_id
    where latest.kept_until is null and latest.ended_at is null
        and latest.expires_at > statement_timestamp()
        and h.state = 'waiting' and h.level = latest.level and h.round = latest.round
$$;
create function overread_full(p_user bigint, p_held int, p_open int) returns text
language plpgsql stable as $$
declare
    caps reviews_caps;
    had record;
begin
    select one.* into caps from reviews_caps one where one.user_id = p_user;
    if p_held >= coalesce(caps.open_limit, p_open) then
        return 'open';
    end if;
    if coalesce(caps.hour_limit, caps.day_limit, caps.minutes_limit) is null then
        return '';
    end if;
    select * into had from overread_had(p_user);
    return case
        when had.minutes >= caps.minutes_limit then 'minutes'
        when had.day >= caps.day_limit then 'day'
        when had.hour >= caps.hour_limit then 'hour'
        else '' end;
end
$$;
"""
UNDO = """
drop function overread_full;
drop function overread_held;
drop function overread_had;
"""

# one condition in a statement that others change too: it is put into it as it stands
HELD = "(select count(*) from held_all) < p_cap as free"
FULL = "overread_full(p_user, (select count(*)::int from held_all), p_cap) = '' as free"
PATCH = """
do $$
declare
    body text := pg_get_functiondef('overread_take_by_urgency'::regproc);
begin
    if strpos(body, '{before}') = 0 then
        raise exception 'overread_take_by_urgency no longer reads as it did: mend this migration';
    end if;
    execute replace(body, '{before}', '{after}');
end $$;
"""
QUOTED = FULL.replace("'", "''")


def _person(related_name, **options):
    return models.ForeignKey(
        PERSON, on_delete=django.db.models.deletion.CASCADE, related_name=related_name, **options
    )


def _one_each():
    return models.OneToOneField(
        PERSON,
        on_delete=django.db.models.deletion.CASCADE,
        primary_key=True,
        related_name="+",
        serialize=False,
    )


def _limit():
    return models.PositiveSmallIntegerField(blank=True, null=True)


def _at_least_one(field, name, most=None):
    bounds = {f"{field}__gte": 1} | ({f"{field}__lte": most} if most else {})
    above = models.Q(**bounds) if most else (f"{field}__gte", 1)
    condition = models.Q((f"{field}__isnull", True), above, _connector="OR")
    return models.CheckConstraint(condition=condition, name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_conflict_groups"),
        ("reviews", "0029_take_by_urgency"),
        migrations.swappable_dependency(PERSON),
    ]

    operations = [
        migrations.CreateModel(
            name="Availability",
            fields=[
                ("user", _one_each()),
                ("time_zone", models.CharField(default="UTC", max_length=60)),
                ("hours", models.JSONField(blank=True, default=dict)),
                ("assignable", models.BooleanField(default=True)),
            ],
            options={"verbose_name_plural": "availabilities"},
        ),
        migrations.CreateModel(
            name="Presence",
            fields=[
                ("user", _one_each()),
                (
                    "seen_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Caps",
            fields=[
                ("user", _one_each()),
                ("open_limit", _limit()),
                ("hour_limit", _limit()),
                ("day_limit", _limit()),
                ("minutes_limit", _limit()),
            ],
            options={
                "verbose_name_plural": "caps",
                "constraints": [
                    _at_least_one("open_limit", "caps_open_within_reason", 100),
                    _at_least_one("hour_limit", "caps_hour_is_some"),
                    _at_least_one("day_limit", "caps_day_is_some"),
                    _at_least_one("minutes_limit", "caps_minutes_of_a_day", 1440),
                ],
            },
        ),
        migrations.CreateModel(
            name="Absence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "made_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("person", _person("absences")),
                ("stand_in", _person("stands_in", blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="absence_ends_after_it_begins",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("stand_in__isnull", True),
                            models.Q(("stand_in", models.F("person")), _negated=True),
                            _connector="OR",
                        ),
                        name="absence_stand_in_is_another",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="claim",
            name="assigned",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(fields=["reviewer", "taken_at"], name="claim_taken_when"),
        ),
        migrations.RunSQL(ONE_AT_A_TIME, ANY_TIME),
        migrations.RunSQL(COUNT, UNDO),
        migrations.RunSQL(
            PATCH.format(before=HELD, after=QUOTED), PATCH.format(before=QUOTED, after=HELD)
        ),
    ]
