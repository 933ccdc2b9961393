"""Reading time belongs to a person and a question, not to one lease on it.

What was read under earlier claims of the same person in the same round counts on; the question put
anew (another round) is read anew. Each opening of the page is a visit with a count of its beats, so
that a beat sent twice is a beat once; and only the visit that is looked at can say that it no
longer is, so that a second page in the background stops nothing and adds nothing.
"""

import django.db.models.deletion
from django.db import migrations, models

READING = """
create function overread_read_before(of_handoff varchar, of_reviewer bigint, in_round integer,
    but_claim bigint)
returns float language sql stable as $$
    select coalesce(sum(past.read_seconds + case when past.seen_at is null then 0
        else greatest(0, least(7, extract(epoch from past.ended_at - past.seen_at))) end), 0)
    from reviews_claim past
    where past.handoff_id = of_handoff and past.reviewer_id = of_reviewer
        and past.round = in_round and past.id <> but_claim and past.ended_at is not null
        and past.read_seconds is not null
$$;
create or replace function overread_count_reading() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        new.read_seconds := null;
        new.seen_at := null;
        new.seen_visit := null;
        return new;
    end if;
    if old.seen_at is not null and new.seen_at is not distinct from old.seen_at then
        -- nothing was said about looking: nothing is counted, whatever else was written
        new.read_seconds := old.read_seconds;
        return new;
    end if;
    new.read_seconds := case when old.read_seconds is null then 0
        else overread_read_for(old.opened_at, old.read_seconds, old.seen_at) end;
    new.seen_at := case when new.seen_at is not null then clock_timestamp() end;
    return new;
end
$$;
create function overread_claim_stays_whose() returns trigger language plpgsql as $$
begin
    if (new.handoff_id, new.reviewer_id, new.round)
        is distinct from (old.handoff_id, old.reviewer_id, old.round) then
        raise exception 'claim %: what was read stays with who read it, and what', old.id
            using errcode = 'check_violation', constraint = 'claim_stays_whose';
    end if;
    return new;
end
$$;
create trigger claim_stays_whose before update of handoff_id, reviewer_id, round
    on reviews_claim for each row execute function overread_claim_stays_whose();
create function overread_beats_go_up() returns trigger language plpgsql as $$
begin
    if new.beats <= old.beats or (new.claim_id, new.number) <> (old.claim_id, old.number) then
        raise exception 'visit %: its beats are counted upwards', old.id
            using errcode = 'check_violation', constraint = 'visit_beats_go_up';
    end if;
    return new;
end
$$;
create trigger visit_beats_go_up before update on reviews_visit
    for each row execute function overread_beats_go_up();
"""

UNDO = """
drop function overread_beats_go_up cascade;
drop function overread_claim_stays_whose cascade;
drop function overread_read_before;
create or replace function overread_count_reading() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        new.read_seconds := null;
        new.seen_at := null;
        return new;
    end if;
    new.read_seconds := case when old.read_seconds is null then 0
        else overread_read_for(old.opened_at, old.read_seconds, old.seen_at) end;
    new.seen_at := case when new.seen_at is not null then clock_timestamp() end;
    return new;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0020_search")]
    operations = [
        migrations.AddField(
            model_name="claim",
            name="seen_visit",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "claim",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="visits",
                        to="reviews.claim",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("beats", models.PositiveIntegerField(db_default=0, default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("claim", "number"), name="visit_number_once")
                ],
            },
        ),
        migrations.RunSQL(READING, UNDO),
    ]
