"""A judgement is of what is asked now, stays as it was committed, and comes before the decision.

Whatever writes, also past the product's own code: where a recommendation is withheld, no decision is
stored without the judgement of the same person on the same version of the same brief. The time is
the database's, and so is the note that somebody may have seen a reveal before.
"""

from django.db import migrations

JUDGE_FIRST = """
create function overread_withholds(safeguards jsonb) returns boolean language sql immutable as $$
    select coalesce(safeguards -> 'withhold_recommendation', 'null')
        not in ('false', 'null', '0')
$$;
create function overread_stamp_judgement() returns trigger language plpgsql as $$
begin
    if not exists (
        select from handoffs_handoff h
        where h.id = new.handoff_id and h.round = new.round and h.state = 'waiting'
            and new.brief_version = (
                select max(version) from handoffs_brief where handoff_id = h.id)) then
        raise exception 'handoff %: round % with brief % is not what is asked now',
            new.handoff_id, new.round, new.brief_version
            using errcode = 'check_violation', constraint = 'judgement_of_what_is_asked';
    end if;
    new.committed_at := clock_timestamp();
    -- once it was answered, everybody who sees it could read the recommendation
    new.informed := new.round > 1 or exists (
        select from reviews_judgement
        where handoff_id = new.handoff_id and reviewer_id = new.reviewer_id);
    return new;
end
$$;
create trigger judgement_stamp before insert on reviews_judgement
    for each row execute function overread_stamp_judgement();
create trigger judgement_append_only before update or delete on reviews_judgement
    for each row execute function overread_append_only();
create function overread_judged_first() returns trigger language plpgsql as $$
begin
    if new.judgement_id is null and not overread_withholds(
            (select safeguards from handoffs_handoff where id = new.handoff_id)) then
        return new;
    end if;
    if not exists (
        select from reviews_judgement judged
        where judged.id = new.judgement_id and judged.handoff_id = new.handoff_id
            and judged.round = new.round and judged.brief_version = new.brief_version
            and judged.reviewer_id = new.reviewer_id) then
        raise exception 'handoff %: nothing was judged before this decision', new.handoff_id
            using errcode = 'check_violation', constraint = 'decision_judged_first';
    end if;
    return new;
end
$$;
create trigger decision_judged_first before insert or update of judgement_id, handoff_id, round,
    brief_version, reviewer_id on reviews_decision
    for each row execute function overread_judged_first();
"""

UNDO = """
drop function overread_judged_first cascade;
drop function overread_stamp_judgement cascade;
drop trigger judgement_append_only on reviews_judgement;
drop function overread_withholds;
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0011_judge_before_the_reveal")]
    operations = [migrations.RunSQL(JUDGE_FIRST, UNDO)]
