"""Spread every queue's limit over its slots, and count exactly whatever comes at once."""

from django.db import migrations

# How many may wait in a queue now: by its number, and by its minutes of work. Until handling was
# measured, one is assumed to take four minutes, as in handoffs.rates.
LIMIT = """
create function overread_queue_limit(p_queue bigint) returns int language sql stable as $$
    select least(queue.depth_limit, case when queue.work_minutes_limit is not null
        then greatest(1, coalesce(rate.fitting, queue.work_minutes_limit / 4)) end)
    from handoffs_queue queue left join handoffs_queuerate rate on rate.queue_id = queue.id
    where queue.id = p_queue
$$;
"""

# All of these lock the slots of one queue in their order, and only then look at them, each
# statement seeing what was committed before it. Together the quotas are the limit, so that slots
# which keep to them need not look at each other. Beyond the limit each slot opens again when by
# itself it has lost as many as there are too many.
SPREAD = """
create function overread_spread(p_queue bigint) returns int language plpgsql as $$
declare
    mine int := pg_backend_pid() % 16;
    free bigint;
    other int;
begin
    perform from handoffs_queuedepth where queue_id = p_queue order by slot for update;
    select overread_queue_limit(p_queue) - sum(waiting) into free
    from handoffs_queuedepth where queue_id = p_queue;
    -- whoever asks needs it now; the others keep half of it
    other := greatest(free, 0) / 30;
    update handoffs_queuedepth set quota = waiting + case when free <= 0 then free
        when slot = mine then free - 15 * other else other end
    where queue_id = p_queue;
    return free;
end
$$;
create function overread_enter(p_queue bigint, p_anyway boolean) returns boolean
language plpgsql as $$
declare
    free bigint;
begin
    perform from handoffs_queuedepth where queue_id = p_queue order by slot for update;
    select overread_queue_limit(p_queue) - sum(waiting) into free
    from handoffs_queuedepth where queue_id = p_queue;
    if free <= 0 and not p_anyway then
        return false;
    end if;
    update handoffs_queuedepth set waiting = waiting + 1
    where queue_id = p_queue and slot = pg_backend_pid() % 16;
    perform overread_spread(p_queue);
    return true;
end
$$;
-- A slot that was waited for in vain stays locked, and whoever holds one must not ask for all of
-- them: the subtransaction lets go of it.
create function overread_come_back(p_queue bigint) returns void language plpgsql as $$
begin
    update handoffs_queuedepth set waiting = waiting + 1
    where queue_id = p_queue and slot = pg_backend_pid() % 16 and waiting < quota;
    if not found then
        raise exception 'this slot is full' using errcode = 'OV001';
    end if;
exception when sqlstate 'OV001' then
    perform overread_enter(p_queue, true);
end
$$;
"""

# A queue has its quotas from its first moment, and anew with every other limit.
KEEP = """
create or replace function overread_queue_slots() returns trigger language plpgsql as $$
begin
    insert into handoffs_queuedepth (queue_id, slot, waiting, quota)
    select new.id, slot, 0, 0 from generate_series(0, 15) slot;
    perform overread_spread(new.id);
    return null;
end
$$;
create function overread_queue_limit_changed() returns trigger language plpgsql as $$
begin
    perform overread_spread(new.id);
    return null;
end
$$;
create trigger queue_limit_changed after update on handoffs_queue for each row
    when (old.depth_limit is distinct from new.depth_limit
        or old.work_minutes_limit is distinct from new.work_minutes_limit)
    execute function overread_queue_limit_changed();
"""

# Overflow goes on and on, and never comes back: one change of it at a time, and none that closes
# a circle.
NO_CIRCLE = """
create function overread_no_overflow_circle() returns trigger language plpgsql as $$
declare
    at bigint := new.overflow_queue_id;
begin
    perform pg_advisory_xact_lock(7305402);
    while at is not null loop
        if at = new.id then
            raise exception 'queue_overflow_in_no_circle'
                using errcode = 'check_violation', constraint = 'queue_overflow_in_no_circle';
        end if;
        select overflow_queue_id into at from handoffs_queue where id = at;
    end loop;
    return null;
end
$$;
create trigger queue_overflow_in_no_circle after insert or update of overflow_queue_id
    on handoffs_queue for each row when (new.overflow_queue_id is not null)
    execute function overread_no_overflow_circle();
create or replace function overread_revise_by_queue() returns trigger language plpgsql as $$
begin
    update handoffs_workflow set revision = revision where id in (
        with recursive before(id) as (
            select new.id
            union
            select queue.id from handoffs_queue queue join before
                on queue.overflow_queue_id = before.id
        )
        select workflow_id from handoffs_matrixrow row
        where row.queue_id in (select id from before)
            or row.overflow_queue_id in (select id from before)
        union
        select row.workflow_id from handoffs_ladderstep step
        join handoffs_matrixrow row on row.id = step.row_id
        where step.queue_id = new.id);
    return null;
end
$$;
"""
WAS = """
create or replace function overread_revise_by_queue() returns trigger language plpgsql as $$
begin
    update handoffs_workflow set revision = revision where id in (
        select workflow_id from handoffs_matrixrow
        where new.id in (queue_id, overflow_queue_id)
        union
        select matrixrow.workflow_id from handoffs_ladderstep step
        join handoffs_matrixrow matrixrow on matrixrow.id = step.row_id
        where step.queue_id = new.id);
    return null;
end
$$;
drop function overread_no_overflow_circle cascade;
drop function overread_queue_limit_changed cascade;
create or replace function overread_queue_slots() returns trigger language plpgsql as $$
begin
    insert into handoffs_queuedepth (queue_id, slot, waiting)
    select new.id, slot, 0 from generate_series(0, 15) slot;
    return null;
end
$$;
drop function overread_come_back;
drop function overread_enter;
drop function overread_spread;
drop function overread_queue_limit;
"""


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0038_places_in_queues")]
    operations = [
        migrations.RunSQL(LIMIT + SPREAD + KEEP + NO_CIRCLE, WAS),
        migrations.RunSQL("select overread_spread(id) from handoffs_queue;", ""),
    ]
