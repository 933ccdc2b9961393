"""What an owner types about the blind tests of a workflow."""

from typing import Any

from django import forms

from accounts.errors import DomainError
from oversight.blind_tests.programmes import Told
from oversight.models import Programme
from oversight.statistics import pacing

_LEAST, _MOST = 100 * pacing.LEAST_RATE, 100 * pacing.MOST_RATE


class RateForm(forms.Form):
    rate = forms.FloatField(
        label="Percent of reviews that are tests", min_value=_LEAST, max_value=_MOST
    )

    def __init__(self, programme: Programme, data: Any = None) -> None:
        super().__init__(data, initial={"rate": f"{100 * programme.rate:g}"})
        self.fields["rate"].widget.attrs["step"] = "0.5"

    @property
    def share(self) -> float | None:
        """Return what was typed as a share; None where it can't be read."""
        return self.cleaned_data["rate"] / 100 if self.is_valid() else None


class TextsForm(forms.Form):
    notice = forms.CharField(
        label="What staff are told", widget=forms.Textarea(attrs={"rows": 16, "dir": "auto"})
    )
    consultation = forms.CharField(
        label="What those who speak for staff are written",
        required=False,
        widget=forms.Textarea(attrs={"rows": 16, "dir": "auto"}),
    )


class ToldForm(forms.Form):
    told_on = forms.DateField(
        label="When they were told", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    told_how = forms.CharField(
        label="How they were told",
        required=False,
        max_length=200,
        help_text="By mail to everyone who decides here, in the team meeting, on paper.",
    )
    consulted = forms.CharField(
        label="Who was consulted, and what was agreed",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text="With the date; or why nobody has to be. It is kept in the log.",
    )
    read = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, programme: Programme, read: str, data: Any = None) -> None:
        super().__init__(
            data,
            initial={
                "told_on": programme.told_on,
                "told_how": programme.told_how,
                "consulted": programme.consulted,
                "read": read,
            },
        )

    @property
    def told(self) -> Told:
        self.is_valid()
        typed = self.cleaned_data
        return Told(
            on=typed.get("told_on"),
            how=typed.get("told_how") or "",
            consulted=typed.get("consulted") or "",
        )


def refuse(form: forms.Form, refusal: DomainError) -> forms.Form:
    """Put a refusal where its fields are, and what has no field above them."""
    form.is_valid()
    if not refusal.fields:
        form.add_error(None, refusal.message)
    for problem in refusal.fields:
        name = problem.path if problem.path in form.fields else None
        if name is None or not form.has_error(name):
            form.add_error(name, problem.message)
    return form
