"""What somebody may reckon with instead of what was measured."""

from django import forms

from handoffs.calendars import WEEKDAYS
from oversight.capacity import Typed


class Assumptions(forms.Form):
    arrivals = forms.FloatField(
        label="Handoffs an hour", required=False, min_value=0, max_value=2000
    )
    handling = forms.FloatField(
        label="Minutes of work in one", required=False, min_value=0.1, max_value=600
    )
    deadline = forms.FloatField(
        label="Minutes until it is due", required=False, min_value=1, max_value=60 * 24 * 30
    )
    people = forms.IntegerField(label="People there", required=False, min_value=0, max_value=1000)
    target = forms.FloatField(
        label="Percent to be answered in time", required=False, min_value=50, max_value=99.9
    )
    day = forms.ChoiceField(
        label="Day",
        required=False,
        choices=[(str(number), name.capitalize()) for number, name in enumerate(WEEKDAYS)],
    )

    @property
    def typed(self) -> Typed:
        """Return what was typed and can be read; what cannot is as if it were not there."""
        self.is_valid()
        given = self.cleaned_data
        return Typed(
            arrivals=given.get("arrivals"),
            handling_minutes=given.get("handling"),
            deadline_minutes=given.get("deadline"),
            people=given.get("people"),
            target_percent=given.get("target"),
        )

    @property
    def weekday(self) -> int | None:
        self.is_valid()
        day = self.cleaned_data.get("day")
        return int(day) if day else None
