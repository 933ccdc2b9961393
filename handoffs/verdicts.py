"""Whether someone may, and every step of why: what decides is also what explains.

Four levels are given on queues and on workflows, to teams as a rule, to one person as an exception:

- **view**: read what waits there. **work** (queues only): take it and decide it.
- **lead**: change how it runs. **own**: and say who has which level.

Owning includes leading, both include viewing, and none of them includes working: whoever sets a
queue up does not decide in it by that. A level alone is never enough, a role has to allow the same,
and being a superuser counts for nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from accounts.roles import Can, Role, grants


class Level(StrEnum):
    VIEW = "view"
    WORK = "work"
    LEAD = "lead"
    OWN = "own"


# what each level is given by; work is no way to view for those whose role does not decide
GIVEN_BY: Mapping[Level, frozenset[Level]] = {
    Level.VIEW: frozenset({Level.VIEW, Level.LEAD, Level.OWN}),
    Level.WORK: frozenset({Level.WORK}),
    Level.LEAD: frozenset({Level.LEAD, Level.OWN}),
    Level.OWN: frozenset({Level.OWN}),
}
LEVELS_OF: Mapping[str, tuple[Level, ...]] = {
    "queue": (Level.VIEW, Level.WORK, Level.LEAD, Level.OWN),
    "workflow": (Level.VIEW, Level.LEAD, Level.OWN),
}


class Code(StrEnum):
    """What a step looks at."""

    ACTIVE = "active"
    ROLE = "role"
    GRANT = "grant"
    TEAM = "team"
    CONFLICT = "conflict"
    STAKE = "stake"
    TWICE = "twice"


@dataclass(frozen=True, kw_only=True)
class Kin:
    """Somebody who counts as one with a person, and the conflict group that says so."""

    id: int
    email: str
    group: str


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who asks; `teams` by id, `kin` are those who count as one with them."""

    id: int
    name: str
    email: str
    active: bool
    roles: tuple[str, ...]
    teams: Mapping[int, str]
    kin: tuple[Kin, ...] = ()

    def can(self, capability: Can) -> bool:
        return capability in grants(list(self.roles))


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A level given on one thing; `team` is None where it was given to one person."""

    on: str
    level: Level
    team: int | None
    person: int | None
    to: str

    def reaches(self, person: Person) -> bool:
        return self.person == person.id or self.team in person.teams


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A place among several who decide; no id where there is no such team any more."""

    number: int
    team_id: int | None
    team: str


@dataclass(frozen=True, kw_only=True)
class Several:
    """What a question to several people adds: where they sit, and who may not be one of them.

    `open` are the seats that nobody has decided from. `decided` and `definers` are people.
    """

    open: tuple[Seat, ...]
    asked: int
    decided: frozenset[int] = frozenset()
    owner: int | None = None
    definers: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a question to a person needs of them: the team with authority, and who it is about.

    `several` is None where one person of that team decides.
    """

    queue: str
    workflow: str
    team_id: int
    team: str
    requester: str
    several: Several | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    code: Code
    holds: bool
    says: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A capability and all that it takes; it is given when every step holds."""

    capability: str
    means: str
    steps: tuple[Step, ...]

    @property
    def allowed(self) -> bool:
        return all(step.holds for step in self.steps)

    @property
    def lacks(self) -> Code | None:
        """Return what fails first."""
        return next((step.code for step in self.steps if not step.holds), None)


def see(person: Person, given: Sequence[Grant], *, queue: str = "", workflow: str = "") -> Verdict:
    """May they read what waits in this queue, or of this workflow?"""
    places = tuple(f"{kind} {slug}" for kind, slug in _pairs(queue, workflow))
    means = f"read what waits in the {' or of the '.join(places)}"
    return Verdict(capability="see", means=means, steps=(_active(person), _sees(person, given)))


def work(person: Person, given: Sequence[Grant], *, queue: str) -> Verdict:
    """May they take from this queue?"""
    steps = (_active(person), _role(person, Can.DECIDE), _grant(person, given, Level.WORK, queue))
    return Verdict(capability="work", means=f"take from the queue {queue}", steps=steps)


def decide(person: Person, given: Sequence[Grant], asked: Asked) -> Verdict:
    """May they answer this one: the queue, the team with authority, and no stake in it?"""
    steps = [*work(person, given, queue=asked.queue).steps]
    if asked.several is None:
        steps += [_team(person, asked), _not_theirs(person, asked)]
    else:
        # who has decided is told so first: their seat is no longer open
        steps += [_once(person, asked.several), _seat(person, asked.several)]
        steps += [_not_theirs(person, asked), _no_stake(person, asked.several)]
    return Verdict(capability="decide", means="decide it", steps=tuple(steps))


def lead_queue(person: Person, given: Sequence[Grant], *, queue: str) -> Verdict:
    means = f"change how the queue {queue} runs"
    return _configure("lead", means, person, given, Level.LEAD, f"queue {queue}", Can.EDIT_MATRIX)


def own_queue(person: Person, given: Sequence[Grant], *, queue: str) -> Verdict:
    means = f"say who has which level on the queue {queue}"
    return _configure("own", means, person, given, Level.OWN, f"queue {queue}", Can.EDIT_MATRIX)


def lead_workflow(
    person: Person, given: Sequence[Grant], *, workflow: str, owner: int | None
) -> Verdict:
    means = f"change thresholds, routing and procedures of the workflow {workflow}"
    place = f"workflow {workflow}"
    return _configure(
        "lead", means, person, given, Level.LEAD, place, Can.EDIT_WORKFLOW, owner=owner
    )


def own_workflow(
    person: Person, given: Sequence[Grant], *, workflow: str, owner: int | None
) -> Verdict:
    means = f"say who has which level on the workflow {workflow}"
    place = f"workflow {workflow}"
    return _configure("own", means, person, given, Level.OWN, place, Can.EDIT_WORKFLOW, owner=owner)


def by_role(person: Person, capability: str, means: str, needs: Can) -> Verdict:
    """May they do what a role alone gives?"""
    steps = (_active(person), _role(person, needs))
    return Verdict(capability=capability, means=means, steps=steps)


def manages(person: Person) -> bool:
    """Tell a manager, who leads and owns every queue and workflow."""
    return Role.MANAGER.value in person.roles


def _configure(
    capability: str,
    means: str,
    person: Person,
    given: Sequence[Grant],
    level: Level,
    place: str,
    needs: Can,
    *,
    owner: int | None = None,
) -> Verdict:
    if manages(person):
        reached = Step(code=Code.GRANT, holds=True, says="Managers lead and own all of them.")
    elif owner is not None and owner == person.id:
        reached = Step(code=Code.GRANT, holds=True, says=f"The {place} names them as its owner.")
    else:
        reached = _grant(person, given, level, place.partition(" ")[2], place)
    steps = (_active(person), _role(person, needs), reached)
    return Verdict(capability=capability, means=means, steps=steps)


def _active(person: Person) -> Step:
    says = "Their account is active." if person.active else "Their account is deactivated."
    return Step(code=Code.ACTIVE, holds=person.active, says=says)


def _role(person: Person, needs: Can) -> Step:
    giving = [role for role in person.roles if needs in grants([role])]
    what = needs.value.replace("_", " ")
    if giving:
        says = f"The role {_joined(giving)} gives “{what}”."
    elif person.roles:
        says = f"No role of theirs ({_joined(person.roles)}) gives “{what}”."
    else:
        says = f"They have no role, so nothing gives “{what}”."
    return Step(code=Code.ROLE, holds=bool(giving), says=says)


def _sees(person: Person, given: Sequence[Grant]) -> Step:
    """Find a way to read: working there with a role that decides, or a level that includes it."""
    working = [one for one in given if one.level is Level.WORK and one.reaches(person)]
    if working and person.can(Can.DECIDE):
        return _held(working[0])
    viewing = [one for one in given if one.level in GIVEN_BY[Level.VIEW] and one.reaches(person)]
    if viewing and person.can(Can.READ_GOVERNANCE):
        return _held(viewing[0])
    if working or viewing:
        says = f"{_whose(working or viewing)}, but no role of theirs allows it."
    else:
        says = _lacking(person, given, "a level on it")
    return Step(code=Code.GRANT, holds=False, says=says)


def _grant(
    person: Person, given: Sequence[Grant], level: Level, slug: str, place: str = ""
) -> Step:
    place = place or f"queue {slug}"
    fitting = [one for one in given if one.on == place and one.level in GIVEN_BY[level]]
    reaching = [one for one in fitting if one.reaches(person)]
    if reaching:
        return _held(reaching[0])
    says = _lacking(person, fitting, f"“{level}” on the {place}")
    return Step(code=Code.GRANT, holds=False, says=says)


def _held(grant: Grant) -> Step:
    return Step(code=Code.GRANT, holds=True, says=f"{_whose([grant])}.")


def _whose(given: Sequence[Grant]) -> str:
    one = given[0]
    whose = f"The team {one.to}, which they are in," if one.team is not None else "They themselves"
    return f"{whose} {'has' if one.team is not None else 'have'} “{one.level}” on the {one.on}"


def _lacking(person: Person, fitting: Iterable[Grant], what: str) -> str:
    teams = (
        f"their teams ({_joined(person.teams.values())})" if person.teams else "a team of theirs"
    )
    holders = sorted({one.to for one in fitting if one.team is not None})
    who = f"It is given to {_joined(holders)}." if holders else "It is given to no team."
    return f"Neither they nor {teams} have {what}. {who}"


def _team(person: Person, asked: Asked) -> Step:
    holds = asked.team_id in person.teams
    says = f"They are {'' if holds else 'not '}in {asked.team}, the team with authority over it."
    return Step(code=Code.TEAM, holds=holds, says=says)


def _not_theirs(person: Person, asked: Asked) -> Step:
    """Nobody decides what they asked for themselves, nor what their kin asked for."""
    requester = asked.requester.casefold()
    if requester and requester == person.email.casefold():
        says = "They asked for it themselves: a conflict of interest, so somebody else decides."
        return Step(code=Code.CONFLICT, holds=False, says=says)
    for kin in person.kin:
        if requester and requester == kin.email.casefold():
            says = f"Somebody of their conflict group “{kin.group}” asked for it, so others decide."
            return Step(code=Code.CONFLICT, holds=False, says=says)
    return Step(code=Code.CONFLICT, holds=True, says="It is not about a request of their own.")


def _once(person: Person, several: Several) -> Step:
    """Nobody has two voices among several, nor have two who count as one."""
    says = "They have not decided it yet, nor has anybody who counts as one with them."
    if person.id in several.decided:
        says = "They have decided it. Others decide it too, each without knowing what they said."
        return Step(code=Code.TWICE, holds=False, says=says)
    for kin in person.kin:
        if kin.id in several.decided:
            says = f"Somebody of their conflict group “{kin.group}” has decided it already."
            return Step(code=Code.TWICE, holds=False, says=says)
    return Step(code=Code.TWICE, holds=True, says=says)


def _seat(person: Person, several: Several) -> Step:
    theirs = [seat for seat in several.open if seat.team_id in person.teams]
    if theirs:
        first = theirs[0]
        says = f"They are in {first.team}, the team of seat {first.number} of {several.asked}."
        return Step(code=Code.TEAM, holds=True, says=says)
    open_for = _joined(dict.fromkeys(seat.team for seat in several.open)) or "nobody"
    says = f"{several.asked} people decide it. Open are seats for: {open_for}. They are in none."
    return Step(code=Code.TEAM, holds=False, says=says)


def _no_stake(person: Person, several: Several) -> Step:
    """Where several decide, none of them answers for the run or said what it is to do."""
    kin = {one.id: one.group for one in person.kin}
    for who, what in (
        (frozenset({several.owner}), "own the workflow"),
        (several.definers, "defined the task"),
    ):
        if person.id in who:
            says = f"They {what}. Several have to decide this independently: somebody else does."
            return Step(code=Code.STAKE, holds=False, says=says)
        group = next((name for id, name in kin.items() if id in who), None)
        if group is not None:
            says = (
                f"Somebody of their conflict group “{group}” {_singular(what)}, so others decide."
            )
            return Step(code=Code.STAKE, holds=False, says=says)
    return Step(
        code=Code.STAKE,
        holds=True,
        says="They neither own the workflow nor defined the task of this run.",
    )


def _singular(what: str) -> str:
    return what.replace("own ", "owns ", 1)


def _pairs(queue: str, workflow: str) -> list[tuple[str, str]]:
    return [(kind, slug) for kind, slug in (("queue", queue), ("workflow", workflow)) if slug]


def _joined(names: Iterable[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)
