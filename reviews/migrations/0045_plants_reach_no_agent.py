"""What the database refuses of a blind test, whoever writes it.

A plant is born with its run or not at all, so nothing real becomes a test. A run of a house client
has no answer, no held answer, no turn to go on, no webhook and no letter; and a house client gets
no key and no endpoint. What was judged of a plant may go; of anything else it stays as it is.
"""

from django.db import migrations

HOUSE = """
create function overread_is_house(run text) returns boolean language sql stable as $$
    select exists (
        select from handoffs_run r join accounts_client c on c.id = r.client_id
        where r.id = run and c.stands_for_id is not null)
$$;
create function overread_refuse_exit() returns trigger language plpgsql as $$
declare found text := to_jsonb(new) ->> 'run_id';
begin
    if found is null then
        select run_id into found from handoffs_handoff
        where id = to_jsonb(new) ->> 'handoff_id';
    end if;
    if overread_is_house(found) then
        raise exception 'run %: a blind test reaches nobody (%)', found, tg_table_name
            using errcode = 'check_violation', constraint = 'plant_reaches_nobody';
    end if;
    return new;
end
$$;
create function overread_refuse_telling() returns trigger language plpgsql as $$
begin
    if overread_is_house(new.payload ->> 'run') then
        raise exception 'run %: a blind test reaches nobody (%)',
            new.payload ->> 'run', tg_table_name
            using errcode = 'check_violation', constraint = 'plant_reaches_nobody';
    end if;
    return new;
end
$$;
create function overread_refuse_house() returns trigger language plpgsql as $$
begin
    if exists (select from accounts_client c
            where c.id = new.client_id and c.stands_for_id is not null) then
        raise exception 'client %: the house is told nothing (%)', new.client_id, tg_table_name
            using errcode = 'check_violation', constraint = 'house_is_told_nothing';
    end if;
    return new;
end
$$;
create trigger plant_has_no_answer before insert or update of handoff_id on handoffs_answer
    for each row execute function overread_refuse_exit();
create trigger plant_has_no_held_answer before insert or update of handoff_id
    on handoffs_heldanswer for each row execute function overread_refuse_exit();
create trigger plant_has_no_resumption before insert or update of run_id on handoffs_resumption
    for each row execute function overread_refuse_exit();
create trigger plant_has_no_letter before insert or update of run_id on reviews_requesterletter
    for each row execute function overread_refuse_exit();
create trigger plant_is_told_nowhere before insert or update of payload, endpoint_id
    on handoffs_outboxmessage for each row
    when (new.endpoint_id is not null and new.payload ->> 'run' is not null)
    execute function overread_refuse_telling();
create trigger house_has_no_key before insert or update of client_id on accounts_apikey
    for each row execute function overread_refuse_house();
create trigger house_has_no_endpoint before insert or update of client_id
    on handoffs_webhookendpoint for each row execute function overread_refuse_house();
"""
DROP_HOUSE = """
drop function overread_refuse_exit cascade;
drop function overread_refuse_telling cascade;
drop function overread_refuse_house cascade;
drop function overread_is_house;
"""

BORN = """
create function overread_plant_is_born() returns trigger language plpgsql as $$
begin
    if new.handoff_id is not null or new.ended or not exists (
            select from handoffs_run r join accounts_client c on c.id = r.client_id
            where r.id = new.run_id and c.stands_for_id is not null and r.requester is null)
        or not exists (
            select from handoffs_transition t
            where t.run_id = new.run_id and t.handoff_id is null and t.from_state = ''
                and t.xact_id = pg_current_xact_id()::text::bigint) then
        raise exception 'run %: only what is made as a blind test is one', new.run_id
            using errcode = 'check_violation', constraint = 'plant_is_born';
    end if;
    return new;
end
$$;
create trigger plant_is_born before insert on reviews_plant
    for each row execute function overread_plant_is_born();
create function overread_plant_is_kept() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and not old.ended
        and (new.run_id, new.cohort, new.kind) = (old.run_id, old.cohort, old.kind)
        and (
            -- it comes to stand, once, as a handoff of its own run
            old.handoff_id is null and not new.ended
                and exists (select from handoffs_handoff h
                    where h.id = new.handoff_id and h.run_id = new.run_id)
            or new.ended and new.handoff_id is not distinct from old.handoff_id) then
        return new;
    end if;
    raise exception 'run %: a blind test ends once and stays one', old.run_id
        using errcode = 'check_violation', constraint = 'plant_is_kept';
end
$$;
create trigger plant_is_kept before update or delete on reviews_plant
    for each row execute function overread_plant_is_kept();
-- a client that once was real, or has a key, does not become the house, nor the other way round
create function overread_house_is_kept() returns trigger language plpgsql as $$
begin
    if new.stands_for_id is distinct from old.stands_for_id then
        raise exception 'client %: whom it stands for is settled', old.id
            using errcode = 'check_violation', constraint = 'house_is_kept';
    end if;
    return new;
end
$$;
create trigger house_is_kept before update of stands_for_id on accounts_client
    for each row execute function overread_house_is_kept();
"""
DROP_BORN = """
drop function overread_plant_is_born cascade;
drop function overread_plant_is_kept cascade;
drop function overread_house_is_kept cascade;
"""

FORGET = """
create function overread_keep_judgement() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE'
            and exists (select from reviews_plant where handoff_id = old.handoff_id) then
        return old;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;
drop trigger judgement_append_only on reviews_judgement;
create trigger judgement_append_only before update or delete on reviews_judgement
    for each row execute function overread_keep_judgement();
"""
KEEP = """
drop trigger judgement_append_only on reviews_judgement;
create trigger judgement_append_only before update or delete on reviews_judgement
    for each row execute function overread_append_only();
drop function overread_keep_judgement;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0012_the_house"),
        ("reviews", "0044_plants"),
        ("handoffs", "0048_notice_channels"),
    ]
    operations = [
        migrations.RunSQL(HOUSE, DROP_HOUSE),
        migrations.RunSQL(BORN, DROP_BORN),
        migrations.RunSQL(FORGET, KEEP),
    ]
