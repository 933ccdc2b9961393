"""A past as it was counted: days of figures, and the weeks that they add up to."""

from datetime import UTC, date, datetime, time, timedelta

from handoffs.models import Queue, Workflow
from oversight.counted import weeks
from oversight.models import FigureDay, FigureWeek, ProposalDay
from oversight.statistics import bins


def have_days(
    workflow: Workflow, queue: Queue, *, back: int, came: int = 40, told: bool = True,
    actions: tuple[str, ...] = ("refund_order", "cancel_order"),
) -> date:  # fmt: skip
    """Store so many weeks that are over; return the Monday of this one."""
    this = weeks.monday(datetime.now(UTC).date())
    first = this - timedelta(weeks=back)
    # what was counted before a workflow was there would be demo history
    Workflow.objects.filter(pk=workflow.pk).update(
        launched_at=datetime.combine(first, time(16), UTC)
    )
    workflow.refresh_from_db()
    days, proposals = [], []
    for number in range(7 * back):
        day = first + timedelta(days=number)
        for place, action in enumerate(actions):
            many = came + (number * 7 + place * 3) % 5
            over = 0 if place else many // 10
            days.append(
                FigureDay(
                    workflow=workflow, queue=queue, tier="hard_approval", action_type=action,
                    kind="approval",
                    day=day, came=many, by_people=many - 2, by_policy=1, withdrawn=1,
                    in_time=many - 3, late=2, escalated=1, asked=1, decisions=many - 2,
                    approvals=many - 2, overridden=over, edited=over // 2, judged=10, changed=1,
                    verbs={"approve": many - 2 - over, "reject": over},
                    times={
                        "response": {bins.of(900): many - 2},
                        "review": {bins.of(45): many - 4, bins.of(2): 2},
                        "waiting": {bins.of(800): many - 1},
                    },
                )
            )  # fmt: skip
            for tier, proposed in (("autonomous", 9 * many), ("hard_approval", many)):
                proposals.append(
                    ProposalDay(
                        workflow=workflow, action_type=action, tier=tier, day=day,
                        proposed=proposed,
                    )
                )  # fmt: skip
    FigureDay.objects.bulk_create(days)
    ProposalDay.objects.bulk_create(proposals)
    for number in range(back):
        weeks.recount(first + timedelta(weeks=number))
    FigureWeek.objects.update(told=told)
    return this
