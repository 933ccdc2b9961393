"""Ask of whoever has taken something what decides whether a test may stay with them.

It is asked of real ones just the same, so that taking a test takes no longer. Each query of a
volatile function sees what was committed before it, so that a test that has come to stand
meanwhile is seen as what it is.
"""

from django.db import migrations

CREATE = """
create function overread_hands(p_user bigint, p_handoff text, p_number int)
returns table (planted boolean, known boolean, day date, met_day date, met_times int,
    reviewed int, holds int)
language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    if p_handoff is null then
        return;
    end if;
    return query
    select coalesce(not plant.ended, false), coalesce(p_user = any(plant.known_to), false),
        (statement_timestamp() at time zone queue.time_zone)::date, met.day, met.times::int,
        (select count(*)::int from (
            select from reviews_claim claim
            where claim.reviewer_id = p_user and claim.number > met.last_claim
                and claim.ended_because = 'decided'
            limit 10) later),
        (select count(*)::int from (
            select claim.number, claim.ended_at from reviews_claim claim
            where claim.reviewer_id = p_user order by claim.number desc limit 100) latest
            where latest.ended_at is null and latest.number <> p_number)
    from handoffs_handoff h
    join handoffs_queue queue on queue.id = h.queue_id
    left join reviews_plant plant on plant.handoff_id = h.id
    left join reviews_testsmet met on met.person_id = p_user
    where h.id = p_handoff;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0045_plants_reach_no_agent")]
    operations = [migrations.RunSQL(CREATE, "drop function overread_hands;")]
