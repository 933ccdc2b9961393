"""The three answers of the page in a sentence each, for whoever has a minute."""

from dataclasses import dataclass

from governance.estimates import Share, percent
from oversight.counted.summary import Summary
from oversight.counted.tested import Tested
from oversight.pages import lines, oversight_lines
from oversight.statistics import shares
from oversight.watch import gauges

# of a hundred, one
WORTH_A_THOUGHT = 0.01
_SAME = "not clearly other than before"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`tone` says whether it needs somebody: red, green, or plain where nobody can know."""

    question: str
    anchor: str
    figure: str
    said: str
    tone: str


def answers(found: Summary) -> tuple[Answer, ...]:
    return _working(found), _healthy(found), _improving(found)


def _working(found: Summary) -> Answer:
    tested, spike = found.tested, oversight_lines.spike(found.now)
    quick = f"{percent(spike.share)} were decided within {gauges.SPIKE_SECONDS} seconds."
    if tested.now.of < shares.ENOUGH:
        said = _untold(tested)
        said += f" {quick}" if spike.of >= shares.ENOUGH else ""
        return _answer("working", "Is oversight working?", "Not known", said, "plain")
    fell = lines.change(tested.now, tested.before) == "fell" or tested.fallen_in is not None
    low, high = tested.now.interval
    said = f"of wrong ones were caught, {percent(low)} to {percent(high)}"
    said += f"{_than(tested.now, tested.before)}."
    if tested.fallen_in:
        said += " That more than one in ten is missed is proven."
    said += f" {quick}" if spike.of >= shares.ENOUGH else ""
    tone = "red" if fell else "green" if tested.at_least else "plain"
    figure = percent(tested.now.share)
    return _answer("working", "Is oversight working?", figure, said, tone)


def _untold(tested: Tested) -> str:
    if tested.everywhere.of < shares.ENOUGH:
        return "No blind tests were told in these weeks, and nothing else would say it."
    return (
        "Too few blind tests were told of it alone. Across all teams "
        f"{percent(tested.everywhere.share)} of wrong ones were caught."
    )


def _healthy(found: Summary) -> Answer:
    now, before = found.now.in_time, found.before.in_time
    if now.of < shares.ENOUGH:
        said = "Fewer than 20 handoffs ended in these weeks."
        return _answer("healthy", "Is the queue healthy?", "Not known", said, "plain")
    change = lines.change(now, before)
    said = f"were answered by people in time{_than(now, before)}."
    if found.now.by_policy.count:
        said += f" {found.now.by_policy.count:,} got an answer from nobody."
    tone = "red" if _clearly_fell(now, before) else "green" if change == "rose" else "plain"
    return _answer("healthy", "Is the queue healthy?", percent(now.share), said, tone)


def _improving(found: Summary) -> Answer:
    now, before = found.now.approved, found.before.approved
    if now.of < shares.ENOUGH:
        said = "Too few decisions on its actions may be told."
        return _answer("improving", "Is the agent improving?", "Not known", said, "plain")
    said = f"of its actions were approved as proposed{_than(now, before)}."
    if found.tested.now.of < shares.ENOUGH:
        return _answer(
            "improving", "Is the agent improving?", percent(now.share),
            f"{said} It says little as long as it is not known what is caught.", "plain",
        )  # fmt: skip
    fewer = lines.change(*_caught(found)) == "fell"
    if fewer:
        said += " But fewer wrong ones are caught, so it may be no better."
    better = lines.change(now, before) == "rose" and not fewer
    # overridden oftener: by an agent that got worse, or by people who catch more
    worse = _clearly_fell(now, before) and lines.change(*_caught(found)) != "rose"
    tone = "red" if worse else "green" if better else "plain"
    return _answer("improving", "Is the agent improving?", percent(now.share), said, tone)


def _caught(found: Summary) -> tuple[Share, Share]:
    return found.tested.now, found.tested.before


def _clearly_fell(now: Share, before: Share) -> bool:
    """Say whether it fell by more than is worth a thought: with many, chance explains nothing."""
    enough = min(now.of, before.of) >= shares.ENOUGH
    return enough and shares.difference(now, before)[1] < -WORTH_A_THOUGHT


def _answer(anchor: str, question: str, figure: str, said: str, tone: str) -> Answer:
    return Answer(question=question, anchor=anchor, figure=figure, said=said, tone=tone)


def _than(now: Share, before: Share) -> str:
    if before.of < shares.ENOUGH:
        return ""
    change = lines.change(now, before)
    if not change:
        return f", {_SAME} ({percent(before.share)})"
    return f", {'more' if change == 'rose' else 'fewer'} than before ({percent(before.share)})"
