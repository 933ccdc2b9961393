"""The one line that a requester reads: what is true now, and nothing that was not decided.

No line says that somebody looks at it while nobody does, or that it went well when it only ended.
"""

from handoffs import languages
from handoffs.models import Handoff, Run
from handoffs.states import ActorKind, Cause, HandoffState, RunState

LINES: dict[str, str] = {
    RunState.RUNNING: languages.noted("Your request is being handled automatically."),
    RunState.PAUSED_PENDING_HUMAN: languages.noted("A person will decide about your request."),
    RunState.TIMED_OUT: languages.noted(
        "Your request is being passed on to people who can decide."
    ),
    RunState.HUMAN_RESPONDED: languages.noted(
        "A person has decided. Your request goes on from there."
    ),
    RunState.RESUMING: languages.noted("A person has decided. Your request goes on from there."),
    RunState.COMPLETED: languages.noted("The work on your request is finished."),
    RunState.FAILED: languages.noted("Your request could not be finished automatically."),
}
# how it ended without an end
ENDS: dict[str, str] = {
    Cause.TRANSFERRED: languages.noted(
        "A person has taken over your request and finishes it by hand."
    ),
    Cause.STOPPED: languages.noted(
        "The work on your request was stopped. If you still need it, please get in touch with us."
    ),
    Cause.TIMED_OUT: languages.noted(
        "Nobody could answer in time, so the work on your request has ended. If you still need "
        "it, please get in touch with us."
    ),
}
_TOLD = languages.noted(
    "Your request could not be finished automatically. The person responsible has been told."
)
_BY_RULE = languages.noted(
    "Nobody could answer in time, so a rule decided. Your request goes on from there."
)


def of_run(run: Run, *, answered_by: str) -> str:
    """Return the line of a run in which nothing is asked; `answered_by` is the last answer's."""
    if run.state == RunState.FAILED.value:
        told = run.cause == Cause.ERROR.value and run.workflow.owner_id is not None
        return languages.say(_TOLD if told else ENDS.get(run.cause, LINES[run.state]))
    if run.state in (RunState.HUMAN_RESPONDED, RunState.RESUMING):
        return languages.say(
            LINES[run.state] if answered_by == ActorKind.PERSON.value else _BY_RULE
        )
    return languages.say(LINES[run.state])


def of_handoff(handoff: Handoff, *, name: str, taken_on: bool) -> str:
    """Return the line of a question that waits; `name` is of whoever has it, where it is told."""
    if handoff.state == HandoffState.NEEDS_INFORMATION.value:
        return languages.say("We are looking something up for the person who decides.")
    if taken_on and name:
        return languages.say(
            "%(name)s has taken over your request and is working on it.", name=name
        )
    if taken_on:
        return languages.say("A person has taken over your request and is working on it.")
    if name:
        return languages.say("%(name)s is looking at your request.", name=name)
    if handoff.held_since is not None:
        return languages.say("Nobody has been able to answer yet. Your request stays open.")
    if handoff.level > 1:
        return languages.say("Your request has been passed on to people who can decide.")
    return languages.say("A person will decide about your request.")
