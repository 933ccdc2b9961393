"""A row of the matrix as a manager fills it in, and what of it goes to the one operation."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.http import QueryDict

from accounts.errors import DomainError
from governance import matrix_schema, matrix_words
from governance.matrix_schema import (
    MOST_LEVELS,
    MOST_PLACES,
    RowFacts,
    SafeguardsIn,
    SendToIn,
    StepIn,
)
from handoffs import grants
from handoffs.models import Queue, Workflow
from handoffs.states import ByEmail, Fallback, HandoffKind, Tier
from reviews.spec import MOST_APPROVERS

REASONS = [("never", "never"), ("on_reject", "when rejecting"), ("always", "always")]
CHALLENGES = [
    ("never", "none"),
    ("sampled", "to some of those who agree"),
    ("always", "to everybody, agreeing or not"),
]
EVIDENCE = [("none", "none"), ("must_open", "what the agent marks must be opened")]
LATENCIES = [("", "as the action type says"), ("minutes", "minutes"), ("hours", "hours"),
             ("days", "days")]  # fmt: skip
FALLBACKS = [(one.value, matrix_words.FALLBACKS[one]) for one in Fallback]
EMAILS = [
    (ByEmail.YES.value, "may be answered from it"),
    (ByEmail.SIGN_IN.value, "answered after signing in"),
    (ByEmail.STEP_UP.value, "answered after signing in and entering the password again"),
    (ByEmail.NO.value, "is not sent"),
]
_TIME = "A time such as 30m, 4h or 2d."


def _named(values: Any, any_of_them: str) -> list[tuple[str, str]]:
    return [("", any_of_them), *((one.value, one.value.replace("_", " ")) for one in values)]


def _teams() -> list[tuple[str, str]]:
    names = Group.objects.order_by("name").values_list("name", flat=True)
    return [(name, name) for name in names]


def _queues() -> list[tuple[str, str]]:
    return list(Queue.objects.order_by("name").values_list("slug", "name"))


def _places() -> list[tuple[str, str]]:
    """Return every queue with each team that works it."""
    queues = list(Queue.objects.order_by("name"))
    workers = grants.workers(queues)
    return [
        (f"{queue.slug}:{team}", f"{team} in {queue.name}")
        for queue in queues
        for team in workers.get(queue.pk, ())
    ]


class _Time(forms.CharField):
    """A duration as files have it; spaces do not matter."""

    def clean(self, value: Any) -> str:
        text = "".join(str(super().clean(value)).split())
        try:
            matrix_schema.seconds(text)
        except ValueError:
            raise forms.ValidationError(f"{_TIME[:-1]} belongs here.") from None
        return text


class RowForm(forms.Form):
    """Everything a row says but its ladder, with why it changes and from when on."""

    action_type = forms.ChoiceField(required=False, label="Action type")
    kind = forms.ChoiceField(required=False, choices=_named(HandoffKind, "any kind"))
    tier = forms.ChoiceField(required=False, choices=_named(Tier, "any tier"))
    role = forms.ChoiceField(
        label="Role with authority", help_text="The team that decides. Never a person."
    )
    queue = forms.ChoiceField(help_text="Where the team finds it.")
    overflow = forms.ChoiceField(
        required=False,
        label="Overflow queue",
        help_text="Where it goes instead while the queue is full; none: where the queue itself "
        "says. The same role has to work there.",
    )
    at_limit = forms.ChoiceField(
        choices=[("overflow", "overflow; then agents wait"), ("pause", "pause the workflow")],
        initial="overflow",
        required=False,
        label="When its queue is full",
        help_text="A paused workflow asks nobody anything until there is room, but for what is "
        "urgent within the hour.",
    )
    send_to = forms.MultipleChoiceField(
        required=False,
        label="May be sent to",
        help_text="Where a reviewer may send what another team should decide. It keeps its "
        f"deadline and its safeguards. At most {MOST_PLACES}.",
    )
    deadline = _Time(initial="4h", help_text=f"{_TIME} Then the next level is asked.")
    business_time = forms.BooleanField(
        required=False,
        label="Count only the opening hours of the queue",
        help_text="Otherwise nights and weekends count too.",
    )
    urgent = _Time(
        initial="15m", label="Urgent", help_text="So long before its deadline it comes first."
    )
    fallback = forms.ChoiceField(
        choices=FALLBACKS,
        initial=Fallback.HOLD.value,
        label="When nobody answered on any level",
        help_text="Yes is refused for what cannot be undone.",
    )
    email = forms.ChoiceField(
        choices=EMAILS,
        initial=ByEmail.SIGN_IN.value,
        label="E-mail",
        help_text="What an e-mail can do.",
    )
    latency_tolerance = forms.ChoiceField(
        choices=LATENCIES, required=False, help_text="How long the agent's work bears to wait."
    )
    batch = _Time(
        initial="0s",
        label="Gather for",
        help_text="Offered together with others alike, at the end of a window of this length; a "
        "quarter of the time at most, and never while urgent. 0s: at once.",
    )
    minimum_seconds = forms.IntegerField(
        min_value=0,
        max_value=3600,
        initial=0,
        label="Minimum review time",
        help_text="Seconds of reading before a decision counts.",
    )
    reason = forms.ChoiceField(choices=REASONS, initial="on_reject", label="Reason asked")
    words_per_minute = forms.IntegerField(
        required=False,
        min_value=60,
        max_value=1000,
        label="Fastest reading",
        help_text="Words a minute. Longer briefs then take longer; empty: the minimum alone.",
    )
    challenge = forms.ChoiceField(
        choices=CHALLENGES,
        initial="never",
        label="Challenge",
        help_text="What was checked, and what would make the decision wrong.",
    )
    challenge_share = forms.FloatField(
        min_value=0,
        max_value=1,
        initial=0.1,
        label="Share asked",
        help_text="Of those who agree, when only some are asked: 0.1 is one in ten.",
    )
    evidence = forms.ChoiceField(
        choices=EVIDENCE, initial="must_open", label="Evidence to open first"
    )
    withhold_recommendation = forms.BooleanField(
        required=False,
        label="Withhold the recommendation",
        help_text="The AI's advice is not sent before the reviewer has judged.",
    )
    approvers = forms.IntegerField(
        min_value=1,
        max_value=MOST_APPROVERS,
        initial=1,
        label="Approvers",
        help_text="Different people, each without knowing what the others said.",
    )
    seats = forms.MultipleChoiceField(
        required=False,
        label="Of these teams",
        help_text="One approver each; the others come from the role with authority.",
    )
    tie_break = forms.ChoiceField(
        choices=list(matrix_words.TIE_BREAKS.items()),
        initial="reject",
        label="When they differ",
    )
    undo_seconds = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=600,
        label="Can be taken back for",
        help_text="Seconds before the agent is told. Empty: as usual. 0: it goes on at once.",
    )
    why = forms.CharField(
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Why this changes",
        help_text="One sentence for whoever reads the history.",
    )
    effective_at = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        label="From when (UTC)",
        help_text="Empty: at once. Until then the row goes on as it is.",
    )

    def __init__(self, workflow: Workflow, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = workflow.action_types.order_by("name").values_list("name", flat=True)
        queues = _queues()
        for field, choices in (
            ("action_type", [("", "any action type"), *((name, name) for name in names)]),
            ("role", _teams()),
            ("queue", queues),
            ("overflow", [("", "none"), *queues]),
            ("seats", _teams()),
            ("send_to", _places()),
        ):
            self.fields[field].choices = choices  # type: ignore[attr-defined]

    def clean_effective_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["effective_at"]
        # what was typed is UTC, whatever the server's own zone is
        return at.replace(tzinfo=UTC) if at is not None else None


class StepForm(forms.Form):
    """A level above the first; left empty it is none."""

    role = forms.ChoiceField(required=False)
    queue = forms.ChoiceField(required=False)
    deadline = _Time(required=False, initial="4h", empty_value="4h")
    required_context = forms.CharField(
        required=False,
        label="Needs to know",
        help_text="Labels of facts, comma between. What is missing is shown to them.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field, choices in (
            ("role", [("", "nobody"), *_teams()]),
            ("queue", [("", "none"), *_queues()]),
        ):
            self.fields[field].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if bool(given.get("role")) != bool(given.get("queue")):
            self.add_error("queue", "Role and queue go together: name both or neither.")
        return given


# the ladder: the levels there are, and room for one more
Steps = forms.formset_factory(StepForm, extra=1, max_num=MOST_LEVELS - 1, validate_max=True)


def initial(row: RowFacts) -> dict[str, Any]:
    """Return what a row says as its form shows it."""
    said = row.model_dump(exclude={"ladder", "safeguards", "starts", "ends", "send_to"})
    said["send_to"] = [f"{place.queue}:{place.role}" for place in row.send_to]
    return {**said, **row.safeguards.model_dump()}


def initial_steps(row: RowFacts) -> list[dict[str, Any]]:
    return [
        {**step.model_dump(), "required_context": ", ".join(step.required_context)}
        for step in row.ladder
    ]


def typed(sent: QueryDict) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what was typed so far, row and levels, to show it again unchecked."""
    row: dict[str, Any] = {name: sent.get(name, "") for name in RowForm.base_fields}
    row |= {name: sent.getlist(name) for name in ("seats", "send_to")}
    count = sent.get("steps-TOTAL_FORMS", "0")
    levels = range(min(int(count), MOST_LEVELS) if count.isdigit() and len(count) < 4 else 0)
    steps = [
        {name: sent.get(f"steps-{level}-{name}", "") for name in StepForm.base_fields}
        for level in levels
    ]
    return row, [step for step in steps if step["role"] or step["queue"]]


def facts(form: RowForm, steps: "forms.BaseFormSet[StepForm]") -> RowFacts:
    """Return what the valid forms say."""
    given = form.cleaned_data
    said = {name: given[name] or None for name in ("action_type", "kind", "tier", "overflow")}
    guards = {name: given[name] for name in SafeguardsIn.model_fields if name in given}
    said["at_limit"] = given["at_limit"] or "overflow"
    plain = ("role", "queue", "deadline", "business_time", "urgent", "fallback", "email", "batch")
    return RowFacts.model_validate(
        {
            **said,
            **{name: given[name] for name in plain},
            "latency_tolerance": given["latency_tolerance"] or None,
            "ladder": [_step(one.cleaned_data) for one in steps if one.cleaned_data.get("role")],
            "send_to": [_place(one) for one in given["send_to"]],
            "safeguards": SafeguardsIn(**guards),
        }
    )


def _place(chosen: str) -> SendToIn:
    queue, _, role = chosen.partition(":")
    return SendToIn(role=role, queue=queue)


def _step(given: dict[str, Any]) -> StepIn:
    labels = [part.strip() for part in given["required_context"].split(",")]
    return StepIn(
        role=given["role"],
        queue=given["queue"],
        deadline=given["deadline"] or "4h",
        required_context=list(dict.fromkeys(label for label in labels if label)),
    )


def add_refusal(form: RowForm, refusal: DomainError) -> None:
    """Say over the form why what it holds was refused."""
    for sentence in dict.fromkeys([refusal.message, *(one.message for one in refusal.fields)]):
        form.add_error(None, sentence)
