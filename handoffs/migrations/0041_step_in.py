"""Let a person pause a run that had not asked for anybody."""

from django.db import migrations, models

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
        ('run', 'HUMAN_RESPONDED', 'PAUSED_PENDING_HUMAN'),
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


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0040_tell_overflow_apart"),
    ]

    operations = [
        migrations.AddField(
            model_name="handoff",
            name="stepped_in",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="run",
            name="held",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name="run",
            name="cause",
            field=models.CharField(
                choices=[
                    ("created", "created"),
                    ("decided", "decided"),
                    ("taken_back", "taken_back"),
                    ("proposed", "proposed"),
                    ("escalated", "escalated"),
                    ("answered", "answered"),
                    ("information_asked", "information_asked"),
                    ("information_given", "information_given"),
                    ("withdrawn", "withdrawn"),
                    ("claimed", "claimed"),
                    ("lease_ended", "lease_ended"),
                    ("released", "released"),
                    ("resumed", "resumed"),
                    ("stale", "stale"),
                    ("sent_on", "sent_on"),
                    ("overflowed", "overflowed"),
                    ("went_back", "went_back"),
                    ("timed_out", "timed_out"),
                    ("completed", "completed"),
                    ("error", "error"),
                    ("stopped", "stopped"),
                    ("stepped_in", "stepped_in"),
                    ("transferred", "transferred"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="transition",
            name="cause",
            field=models.CharField(
                choices=[
                    ("created", "created"),
                    ("decided", "decided"),
                    ("taken_back", "taken_back"),
                    ("proposed", "proposed"),
                    ("escalated", "escalated"),
                    ("answered", "answered"),
                    ("information_asked", "information_asked"),
                    ("information_given", "information_given"),
                    ("withdrawn", "withdrawn"),
                    ("claimed", "claimed"),
                    ("lease_ended", "lease_ended"),
                    ("released", "released"),
                    ("resumed", "resumed"),
                    ("stale", "stale"),
                    ("sent_on", "sent_on"),
                    ("overflowed", "overflowed"),
                    ("went_back", "went_back"),
                    ("timed_out", "timed_out"),
                    ("completed", "completed"),
                    ("error", "error"),
                    ("stopped", "stopped"),
                    ("stepped_in", "stepped_in"),
                    ("transferred", "transferred"),
                ],
                max_length=20,
            ),
        ),
        migrations.RunSQL(LEGAL_MOVES, BEFORE),
    ]
