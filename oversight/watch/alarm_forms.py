"""The marks of a threshold as its owner types them: shares in percent."""

from datetime import timedelta
from typing import Any

from django import forms

from accounts.models import User
from accounts.roles import Role
from oversight.models import Threshold
from oversight.statistics.marks import SHARES, Marks, Measure
from oversight.watch.thresholds import MOST_HOLD_MINUTES

_OWNERS = (Role.MANAGER.value, Role.WORKFLOW_OWNER.value)


class ThresholdForm(forms.Form):
    raise_at = forms.FloatField(label="It is an alarm from", min_value=0, max_value=1_000_000)
    clear_at = forms.FloatField(label="It is over again at", min_value=0, max_value=1_000_000)
    hold_minutes = forms.IntegerField(
        label="Either has to hold for so many minutes", min_value=0, max_value=MOST_HOLD_MINUTES
    )
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(),
        label="Who is told and sees to it",
        required=False,
        empty_label="Whoever owns the workflow, else the managers",
    )
    is_on = forms.BooleanField(label="Watch it", required=False)

    def __init__(self, threshold: Threshold, data: Any = None) -> None:
        self._factor = 100 if Measure(threshold.measure) in SHARES else 1
        super().__init__(
            data,
            initial={
                "raise_at": f"{threshold.raise_at * self._factor:.6g}",
                "clear_at": f"{threshold.clear_at * self._factor:.6g}",
                "hold_minutes": threshold.hold_minutes,
                "owner": threshold.owner_id,
                "is_on": threshold.is_on,
            },
        )
        if self._factor == 100:
            self.fields["raise_at"].label = "It is an alarm from, in percent"
            self.fields["clear_at"].label = "It is over again at, in percent"
        choice = self.fields["owner"]
        assert isinstance(choice, forms.ModelChoiceField)
        people = User.objects.filter(is_active=True, roles__overlap=list(_OWNERS))
        choice.queryset = people.order_by("name", "pk")

    @property
    def marks(self) -> Marks:
        typed = self.cleaned_data
        return Marks(
            raise_at=typed["raise_at"] / self._factor,
            clear_at=typed["clear_at"] / self._factor,
            hold=timedelta(minutes=typed["hold_minutes"]),
        )
