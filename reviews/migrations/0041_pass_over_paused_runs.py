"""Take nothing of a run that a person has paused, but for what they paused it by.

The functions stay as `0031_take_in_turns` wrote them, but for one look that they take at the run
anyway. They only refuse more than before, so that processes of both releases may call them.
"""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("reviews.migrations.0031_take_in_turns")

RUN = "lower(run.requester ->> 'email') = any(kin.emails))"
# what was done by itself is looked at afterwards, whoever holds the run
PAUSED = "(run.held and not h.stepped_in and h.tier not in ('autonomous', 'notify'))"


def again(function: str, *, passing_over: bool) -> str:
    """Write a function out again."""
    assert function.count("create function") == 1 and RUN in function
    if passing_over:
        function = function.replace(RUN, f"({PAUSED}\n                    or {RUN})")
    return function.replace("create function", "create or replace function")


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0041_step_in"),
        ("reviews", "0040_tell_channels"),
    ]

    operations = [
        migrations.RunSQL(
            [again(BEFORE.IN_TURN, passing_over=True), again(BEFORE.CREATE, passing_over=True)],
            [again(BEFORE.IN_TURN, passing_over=False), again(BEFORE.CREATE, passing_over=False)],
        )
    ]
