"""What was decided is held until the run is told, and never without what was said."""

from django.db import migrations

LEGAL_MOVES = """
create or replace function overread_legal_move(entity text, from_state text, to_state text)
returns boolean language sql immutable as $$
    select (entity, from_state, to_state) in (
        ('run', '', 'RUNNING'),
        ('run', 'RUNNING', 'COMPLETED'),
        ('run', 'RUNNING', 'FAILED'),
        ('run', 'RUNNING', 'PAUSED_PENDING_HUMAN'),
        ('run', 'PAUSED_PENDING_HUMAN', 'FAILED'),
        ('run', 'PAUSED_PENDING_HUMAN', 'HUMAN_RESPONDED'),
        ('run', 'PAUSED_PENDING_HUMAN', 'RUNNING'),
        ('run', 'PAUSED_PENDING_HUMAN', 'TIMED_OUT'),
        ('run', 'TIMED_OUT', 'FAILED'),
        ('run', 'TIMED_OUT', 'HUMAN_RESPONDED'),
        ('run', 'TIMED_OUT', 'PAUSED_PENDING_HUMAN'),
        ('run', 'HUMAN_RESPONDED', 'FAILED'),
        ('run', 'HUMAN_RESPONDED', 'RESUMING'),
        ('run', 'RESUMING', 'FAILED'),
        ('run', 'RESUMING', 'HUMAN_RESPONDED'),
        ('run', 'RESUMING', 'PAUSED_PENDING_HUMAN'),
        ('run', 'RESUMING', 'RUNNING'),
        ('handoff', '', 'waiting'),
        ('handoff', 'waiting', 'answered'),
        ('handoff', 'waiting', 'decided'),
        ('handoff', 'waiting', 'needs_information'),
        ('handoff', 'waiting', 'waiting'),
        ('handoff', 'waiting', 'withdrawn'),
        ('handoff', 'needs_information', 'answered'),
        ('handoff', 'needs_information', 'waiting'),
        ('handoff', 'needs_information', 'withdrawn'),
        ('handoff', 'decided', 'answered'),
        ('handoff', 'decided', 'waiting'),
        ('handoff', 'decided', 'withdrawn'),
        ('handoff', 'answered', 'waiting')
    )
$$;
"""
BEFORE = """
create or replace function overread_legal_move(entity text, from_state text, to_state text)
returns boolean language sql immutable as $$
    select (entity, from_state, to_state) in (
        ('run', '', 'RUNNING'),
        ('run', 'RUNNING', 'COMPLETED'),
        ('run', 'RUNNING', 'FAILED'),
        ('run', 'RUNNING', 'PAUSED_PENDING_HUMAN'),
        ('run', 'PAUSED_PENDING_HUMAN', 'FAILED'),
        ('run', 'PAUSED_PENDING_HUMAN', 'HUMAN_RESPONDED'),
        ('run', 'PAUSED_PENDING_HUMAN', 'RUNNING'),
        ('run', 'PAUSED_PENDING_HUMAN', 'TIMED_OUT'),
        ('run', 'TIMED_OUT', 'FAILED'),
        ('run', 'TIMED_OUT', 'HUMAN_RESPONDED'),
        ('run', 'TIMED_OUT', 'PAUSED_PENDING_HUMAN'),
        ('run', 'HUMAN_RESPONDED', 'FAILED'),
        ('run', 'HUMAN_RESPONDED', 'RESUMING'),
        ('run', 'RESUMING', 'FAILED'),
        ('run', 'RESUMING', 'HUMAN_RESPONDED'),
        ('run', 'RESUMING', 'PAUSED_PENDING_HUMAN'),
        ('run', 'RESUMING', 'RUNNING'),
        ('handoff', '', 'waiting'),
        ('handoff', 'waiting', 'answered'),
        ('handoff', 'waiting', 'needs_information'),
        ('handoff', 'waiting', 'waiting'),
        ('handoff', 'waiting', 'withdrawn'),
        ('handoff', 'needs_information', 'answered'),
        ('handoff', 'needs_information', 'waiting'),
        ('handoff', 'needs_information', 'withdrawn'),
        ('handoff', 'answered', 'waiting')
    )
$$;
"""

# Checked at commit, from both sides: a decided handoff that nothing is held of would wait for ever,
# and what is held of another one would be told twice.
GUARD_HELD = """
create function overread_guard_held() returns trigger language plpgsql as $$
declare
    subject text;
begin
    if tg_table_name = 'handoffs_handoff' then
        subject := new.id;
    elsif tg_op = 'DELETE' then
        subject := old.handoff_id;
    else
        subject := new.handoff_id;
    end if;
    if exists (
        select from handoffs_handoff handoff
        left join handoffs_heldanswer held
            on held.handoff_id = handoff.id and held.round = handoff.round
        where handoff.id = subject and (handoff.state = 'decided') <> (held.handoff_id is not null)
    ) then
        raise exception 'handoff %: decided exactly as long as an answer is held', subject
            using errcode = 'check_violation', constraint = 'handoff_decided_is_held';
    end if;
    return null;
end
$$;
create constraint trigger handoff_held_while_decided after update of state, round
    on handoffs_handoff deferrable initially deferred for each row
    when (old.state = 'decided' or new.state = 'decided')
    execute function overread_guard_held();
create constraint trigger held_answer_of_decided after insert or update or delete
    on handoffs_heldanswer deferrable initially deferred for each row
    execute function overread_guard_held();
"""
# short-lived rows, many of them
VACUUM = """
alter table handoffs_heldanswer set (autovacuum_vacuum_scale_factor = 0.0,
    autovacuum_vacuum_threshold = 500, fillfactor = 80);
"""
UNDO = """
alter table handoffs_heldanswer reset (autovacuum_vacuum_scale_factor,
    autovacuum_vacuum_threshold, fillfactor);
drop function overread_guard_held cascade;
"""


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0017_decide_and_release")]
    operations = [migrations.RunSQL(LEGAL_MOVES + GUARD_HELD + VACUUM, UNDO + BEFORE)]
