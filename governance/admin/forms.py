"""Action types and rows of the matrix as managers write them."""

import json
from typing import Any

from django import forms
from django.db.models import QuerySet

from governance import matrix_schema
from governance.matrix_schema import SafeguardsIn
from handoffs import argument_schema, strict_json
from handoffs.argument_schema import SchemaRefused
from handoffs.models import ActionType, MatrixRow
from handoffs.strict_json import JsonRefused

REASONS = [("never", "never"), ("on_reject", "when rejecting"), ("always", "always")]
EVIDENCE = [("none", "none"), ("must_open", "what the agent marks must be opened")]


class ActionTypeForm(forms.ModelForm):  # type: ignore[type-arg]
    arguments_schema = forms.CharField(
        widget=forms.Textarea(
            attrs={"rows": 10, "class": "vLargeTextField", "spellcheck": "false"}
        ),
        initial='{"type": "object", "properties": {}, "additionalProperties": false}',
        help_text="JSON Schema. Reviewers edit arguments in a form that is made of it.",
    )
    required_context = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text="Labels of facts that every brief must carry, one a line.",
    )
    roll_back_within = forms.CharField(
        required=False,
        widget=forms.TextInput(attrs={"size": 6}),
        help_text="How long after it was proposed the agent can undo it, such as 24h. Empty: "
        "afterwards nobody is offered to roll it back.",
    )

    class Meta:
        model = ActionType
        fields = ["name", "title", "impact", "reversibility", "latency_tolerance"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            schema = self.instance.arguments_schema
            self.initial["arguments_schema"] = json.dumps(schema, indent=2, ensure_ascii=False)
            self.initial["required_context"] = "\n".join(self.instance.required_context)
            kept = self.instance.roll_back_seconds
            self.initial["roll_back_within"] = matrix_schema.duration(kept) if kept else ""

    def clean_arguments_schema(self) -> Any:
        try:
            schema = strict_json.parse(self.cleaned_data["arguments_schema"].encode())
            argument_schema.compile(schema)
        except (JsonRefused, SchemaRefused) as refused:
            raise forms.ValidationError(str(refused)) from None
        return schema

    def clean_required_context(self) -> list[str]:
        lines = self.cleaned_data["required_context"].splitlines()
        return list(dict.fromkeys(line.strip() for line in lines if line.strip()))

    def clean_roll_back_within(self) -> int | None:
        said = self.cleaned_data["roll_back_within"].replace(" ", "")
        try:
            seconds = matrix_schema.seconds(said) if said else None
        except ValueError:
            seconds = 0
        if seconds == 0:
            raise forms.ValidationError("A time such as 30m, 4h or 2d belongs here.")
        if seconds and self.cleaned_data.get("reversibility") != "reversible":
            raise forms.ValidationError("What cannot be undone has no time to be rolled back in.")
        return seconds

    def save(self, commit: bool = True) -> Any:
        self.instance.roll_back_seconds = self.cleaned_data["roll_back_within"]
        self.instance.arguments_schema = self.cleaned_data["arguments_schema"]
        self.instance.required_context = self.cleaned_data["required_context"]
        return super().save(commit)


class RowForm(forms.ModelForm):  # type: ignore[type-arg]
    deadline = forms.CharField(initial="4h", help_text="A time such as 30m, 4h or 2d.")
    minimum_seconds = forms.IntegerField(
        min_value=0,
        max_value=3600,
        initial=0,
        label="Minimum review time",
        help_text="Seconds before a decision is taken.",
    )
    reason = forms.ChoiceField(choices=REASONS, initial="on_reject", label="Reason asked")
    evidence = forms.ChoiceField(choices=EVIDENCE, initial="must_open")
    withhold_recommendation = forms.BooleanField(
        required=False, help_text="The AI's advice is not sent before the reviewer has decided."
    )

    class Meta:
        model = MatrixRow
        fields = [
            "action_type",
            "kind",
            "tier",
            "role",
            "queue",
            "fallback",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            guards = SafeguardsIn.model_validate(self.instance.safeguards)
            self.initial["deadline"] = matrix_schema.duration(self.instance.deadline_seconds)
            self.initial.update(guards.model_dump(exclude={"approvers"}))
        workflow = self.instance.workflow_id
        types: QuerySet[ActionType] = ActionType.objects.filter(workflow_id=workflow)
        self.fields["action_type"].queryset = types.order_by("name")  # type: ignore[attr-defined]
        for name, empty in (("action_type", "any action"), ("kind", "any kind"), ("tier", "any")):
            self._name_the_empty(name, empty)

    def _name_the_empty(self, name: str, empty: str) -> None:
        field: Any = self.fields[name]
        if name == "action_type":
            field.empty_label = empty
        else:
            field.choices = [("", empty), *[one for one in field.choices if one[0]]]

    def clean_deadline(self) -> int:
        try:
            seconds = matrix_schema.seconds(self.cleaned_data["deadline"].replace(" ", ""))
        except ValueError:
            seconds = 0
        if seconds == 0:
            raise forms.ValidationError("A time such as 30m, 4h or 2d belongs here.")
        return seconds

    def save(self, commit: bool = True) -> Any:
        given = self.cleaned_data
        self.instance.deadline_seconds = given["deadline"]
        self.instance.safeguards = SafeguardsIn(
            **{name: given[name] for name in SafeguardsIn.model_fields if name in given}
        ).model_dump()
        return super().save(commit)


class RowFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        """Refuse two rows for exactly the same: nobody could say which one holds."""
        super().clean()
        seen: set[tuple[Any, ...]] = set()
        for form in self.forms:
            given = getattr(form, "cleaned_data", None)
            if not given or given.get("DELETE"):
                continue
            named = (given.get("action_type"), given.get("kind") or None, given.get("tier") or None)
            if named in seen:
                form.add_error(None, "Another row is for exactly the same. Keep one.")
            seen.add(named)
