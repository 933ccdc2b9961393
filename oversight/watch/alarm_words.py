"""What is said of a measure: what it is, what it means, what to do; pure."""

from dataclasses import dataclass

from governance.estimates import Share
from oversight.statistics.marks import SHARES, Marks, Measure, Reading


@dataclass(frozen=True, kw_only=True)
class Words:
    """`title` names the alarm, `what` the figure; both begin a line."""

    title: str
    what: str
    means: str
    try_this: str


OF: dict[Measure, Words] = {
    Measure.ESCALATION_HIGH: Words(
        title="People are asked too often",
        what="Actions that needed a person, of all in the last 7 days",
        means="Asked so often, people tend to approve without reading.",
        try_this="See which action type asks most, and draft a map that asks less of it.",
    ),
    Measure.ESCALATION_LOW: Words(
        title="People are hardly ever asked",
        what="Actions that needed a person, of all in the last 7 days",
        means="A wrong action would hardly ever be seen.",
        try_this="See which rules of the map no longer fire, and audit what was let through.",
    ),
    Measure.LATE: Words(
        title="Too much is late",
        what="Handoffs whose time was up before a person answered, of all in the last 7 days",
        means="Policy answers instead of people, and requesters wait.",
        try_this="See whether enough people are there, and whether the deadlines can be kept.",
    ),
    Measure.CATCH_RATE: Words(
        title="Wrong actions are caught less often",
        what="Teams that catch fewer wrong actions than usual, by their blind tests",
        means="What people approve may be wrong, and nobody would see it. It is a figure of the "
        "team and of how it is asked, never of a person.",
        try_this="More of the same review does not mend it: withhold the recommendation, ask a "
        "second reader, or stop what cannot be undone, and see whether a brief can be checked.",
    ),
    Measure.QUICK: Words(
        title="Many decisions take under 5 seconds",
        what="Decisions in under 5 seconds, of all of the last whole week",
        means="Nobody reads a brief in that time. It is a figure of the team and of how it is "
        "asked, never of a person.",
        try_this="See whether what is asked needs a person at all, and shorten or change it.",
    ),
    Measure.QUICK_AGREEMENT: Words(
        title="Decisions are quick and nothing is corrected",
        what="Decisions in under 5 seconds in a week in which hardly anything was corrected",
        means="Either the agent is nearly always right, or what is wrong is no longer seen. "
        "These figures cannot tell which; blind tests can.",
        try_this="Look through some of what was approved, and withhold the recommendation.",
    ),
    Measure.BACKLOG: Words(
        title="The queue is falling behind",
        what="Minutes until what waits now is answered",
        means="What comes now waits too long to be answered well.",
        try_this="Ask for hands, or send what comes to another queue.",
    ),
    Measure.REFUSED_MOVES: Words(
        title="Illegal moves were tried",
        what="Kinds of illegal moves that were tried in the last hour",
        means="They were refused and nothing was changed, but a program of ours or an agent does "
        "what it must not.",
        try_this="See which. It is a defect to report.",
    ),
    Measure.SILENT_JOBS: Words(
        title="Jobs stand still",
        what="Jobs that were not done in their time",
        means="Deadlines, deliveries or figures wait.",
        try_this="See which they are, and look into the worker's log.",
    ),
    Measure.OUTBOX_AGE: Words(
        title="Messages are not sent",
        what="Minutes since the first unsent message was due",
        means="Agents and people are not told what happened.",
        try_this="Look at the worker, and at the mail server.",
    ),
    Measure.DEAD_LETTERS: Words(
        title="Messages were given up",
        what="Messages of the last 7 days that were given up",
        means="Whoever was to be told was not, after days of trying.",
        try_this="Mend the endpoint or address, and send them again in the admin.",
    ),
}


def number(measure: Measure, value: float) -> str:
    """Write a mark, or a value that is no share, as people read it."""
    if measure in SHARES:
        return f"{100 * value:.4g}\xa0%"
    if measure in (Measure.BACKLOG, Measure.OUTBOX_AGE):
        return f"{value:.0f}\xa0min"
    if measure == Measure.CATCH_RATE:
        return "1 team" if value == 1 else f"{value:g} teams"
    return f"{value:g}"


def read(measure: Measure, reading: Reading) -> str:
    """Write what was measured, a share with how many it is of and its interval."""
    if reading.of is None:
        return number(measure, reading.value)
    return str(Share(round(reading.value * reading.of), reading.of))


def said(measure: Measure, reading: Reading) -> str:
    return f"{OF[measure].what}: {read(measure, reading)}."


def rule(measure: Measure, marks: Marks) -> str:
    """Say from when on it is an alarm and from when on it is over, and how long that must hold."""
    beyond = "more" if marks.is_above else "less"
    ends = (number(measure, marks.raise_at), number(measure, marks.clear_at))
    sentence = f"It is an alarm from {ends[0]} or {beyond}, and over again at {ends[1]}."
    minutes = round(marks.hold.total_seconds() / 60)
    if not minutes:
        return sentence
    return f"{sentence} Either has to hold for {minutes}\xa0min."
