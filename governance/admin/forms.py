"""Action types as managers write them."""

import json
from typing import Any

from django import forms

from governance import matrix_schema
from handoffs import argument_schema, strict_json
from handoffs.argument_schema import SchemaRefused
from handoffs.models import ActionType
from handoffs.strict_json import JsonRefused


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
