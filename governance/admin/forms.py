"""Action types as managers write them."""

import json
from typing import Any

from django import forms

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

    class Meta:
        model = ActionType
        fields = ["name", "title", "impact", "reversibility", "latency_tolerance"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            schema = self.instance.arguments_schema
            self.initial["arguments_schema"] = json.dumps(schema, indent=2, ensure_ascii=False)
            self.initial["required_context"] = "\n".join(self.instance.required_context)

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

    def save(self, commit: bool = True) -> Any:
        self.instance.arguments_schema = self.cleaned_data["arguments_schema"]
        self.instance.required_context = self.cleaned_data["required_context"]
        return super().save(commit)
