"""Pass blind tests over that are not for whoever takes, in the statement that takes.

It asks the same of everybody, wherever a test stands, so that taking takes as long. What they took
while there were such tests is noted, until the clock has withdrawn those that were due before it.
The functions before stay for the processes of the release before.
"""

from importlib import import_module

import django.contrib.postgres.fields
from django.db import migrations, models

BEFORE = import_module("reviews.migrations.0031_take_in_turns")
PAUSED = import_module("reviews.migrations.0041_pass_over_paused_runs")

# The standing tests that they could take and may not meet. One that they have read and let go they
# may have again, as anything else. Asked in the same look as what waits: no test is there before it
# is known as one.
SPARED = f"""
), met as materialized (
    select met.* from (select) one left join reviews_testsmet met on met.person_id = p_user
), lately as materialized (
    select coalesce(array_agg(latest.handoff_id) filter (where latest.ended_at is null), '{{}}')
            as holds,
        coalesce(array_agg(latest.handoff_id) filter (where latest.opened_at is not null), '{{}}')
            as has_read,
        count(*) filter (where latest.ended_because = 'decided'
            and latest.number > (select met.last_claim from met)) as reviewed
    from latest
), spares as materialized (
    select lately.*, u.roles && p_knowing::varchar[] or coalesce(met.times > 0
        and (lately.reviewed < p_between or met.times >= p_a_day and met.day in (
            select (statement_timestamp() at time zone queue.time_zone)::date
            from handoffs_queue queue where queue.id in (select queues.id from queues))),
        false) as all_tests
    from lately, met, accounts_user u where u.id = p_user
), spared as materialized (
    select coalesce(array_agg(h.id::text), '{{}}') as ids
    from spares, teams, reviews_plant plant join handoffs_handoff h on h.id = plant.handoff_id
    where not plant.ended and h.id <> all(spares.has_read)
        and (spares.all_tests or p_user = any(plant.known_to)
            or array_remove(spares.holds, h.id) <> '{{}}')
        and h.state = 'waiting' and (p_handoff is null or h.id = p_handoff)
        and h.queue_id in (select queues.id from queues) and h.role_id = any(teams.ids)
        and {BEFORE.OFFERED} and not {BEFORE.HAS_LIVE_CLAIM}
), given_back as materialized (
    select spared.ids || given_back_lately.ids as ids from spared, given_back_lately
)"""
NOTED = """, noted as (
    insert into reviews_spared (taken, tests)
    select taken.handoff_id, spared.ids from taken, spared where spared.ids <> '{}'
)
select person.may_decide"""
REWRITTEN = (
    (
        "create or replace function overread_take_in_turns(",
        "create function overread_take_sparing(",
    ),
    (
        "p_cap int, p_actor text)",
        "p_cap int, p_actor text,\n    p_knowing text[], p_a_day int, p_between int)",
    ),
    ("walked bigint)", "walked bigint, spared text[])"),
    ("), given_back as materialized (", "), given_back_lately as materialized ("),
    ("\n    where not p_given_back_too\n)", "\n    where not p_given_back_too" + SPARED),
    (
        "h.queue_id, teams, kin\n    where h.id = p_handoff",
        "h.queue_id, teams, kin, spared\n    where h.id = p_handoff and h.id <> all(spared.ids)",
    ),
    ("\nselect person.may_decide", NOTED),
    ("- walked.before\nfrom walked,", "- walked.before, spared.ids\nfrom spared, walked,"),
)


def sparing(function: str) -> str:
    """Write the function that takes out under another name, with what it asks besides."""
    for old, new in REWRITTEN:
        assert function.count(old) == 1, old
        function = function.replace(old, new)
    return function


class Migration(migrations.Migration):
    dependencies = [("reviews", "0049_forget_what_was_mended")]

    operations = [
        migrations.CreateModel(
            name="Spared",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("taken", models.CharField(max_length=40)),
                (
                    "tests",
                    django.contrib.postgres.fields.ArrayField(models.CharField(max_length=40)),
                ),
            ],
            options={"verbose_name_plural": "spared"},
        ),
        migrations.RunSQL(
            sparing(PAUSED.again(BEFORE.CREATE, passing_over=True)),
            "drop function overread_take_sparing;",
        ),
    ]
