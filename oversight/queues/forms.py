"""What somebody may reckon with instead of what was measured."""

from collections.abc import Mapping
from typing import Any

from django import forms

from handoffs.calendars import WEEKDAYS
from oversight.queues.capacity import Typed
from oversight.statistics.power import Team


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


class Wanted(forms.Form):
    """What a team does and would bear, and which fall it wants to notice."""

    reviews = forms.FloatField(label="Reviews a working day", min_value=1, max_value=100_000)
    people = forms.IntegerField(label="People who review", min_value=1, max_value=10_000)
    rate = forms.FloatField(label="Percent of reviews that are tests", min_value=0.1, max_value=10)
    bearable = forms.FloatField(
        label="At most this many tests a person and week", required=False, min_value=0.1,
        max_value=50,
    )  # fmt: skip
    minutes = forms.FloatField(label="Minutes for one review", min_value=0.1, max_value=240)
    false_alarms = forms.FloatField(label="False alarms a year", min_value=0.1, max_value=12)
    before = forms.FloatField(label="Percent caught now", min_value=30, max_value=99)
    after = forms.FloatField(label="Percent caught after the fall", min_value=1, max_value=98)

    def __init__(self, given: Mapping[str, str]) -> None:
        """Take what was typed over what is usual, so that one of them may be given alone."""
        super().__init__({**_USUAL, **{name: given[name] for name in _FIELDS if name in given}})

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        before, after = found.get("before"), found.get("after")
        if before is not None and after is not None and after > before - 1:
            self.add_error("after", "This is no fall: it is to be below what is caught now.")
        return found

    @property
    def team(self) -> Team:
        """Return what was typed and can be read, and what is usual for what cannot."""
        self.is_valid()
        usual = Wanted({}) if self.errors else self
        if self.errors:
            usual.is_valid()
        found = {**usual.cleaned_data, **self.cleaned_data}
        if found["after"] > found["before"] - 1:
            found["after"] = max(1.0, found["before"] - 20)
        return Team(
            reviews=found["reviews"],
            people=found["people"],
            rate=found["rate"] / 100,
            bearable=found["bearable"],
            review_minutes=found["minutes"],
            false_alarms=found["false_alarms"],
            before=found["before"] / 100,
            after=found["after"] / 100,
        )


_FIELDS = (
    "reviews", "people", "rate", "bearable", "minutes", "false_alarms", "before", "after",
)  # fmt: skip
_USUAL = {
    "reviews": "60", "people": "6", "rate": "2", "minutes": "4", "false_alarms": "1",
    "before": "90", "after": "50",
}  # fmt: skip
