"""What is stored of people's working hours: when they are there, and how much they can carry."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Availability(models.Model):
    """The hours somebody works, and whether work may be assigned to them in these.

    No hours at all: always, as a queue's calendar has it.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    time_zone = models.CharField(max_length=60, default="UTC")
    hours = models.JSONField(default=dict, blank=True)
    assignable = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "availabilities"

    def __str__(self) -> str:
        return f"{self.user_id} in {self.time_zone}"


class Caps(models.Model):
    """How much one person is given; null: as everybody."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    open_limit = models.PositiveSmallIntegerField(null=True, blank=True)
    hour_limit = models.PositiveSmallIntegerField(null=True, blank=True)
    day_limit = models.PositiveSmallIntegerField(null=True, blank=True)
    # of a day, with a handoff open in front of them
    minutes_limit = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "caps"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(open_limit__isnull=True)
                | models.Q(open_limit__gte=1, open_limit__lte=100),
                name="caps_open_within_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(hour_limit__isnull=True) | models.Q(hour_limit__gte=1),
                name="caps_hour_is_some",
            ),
            models.CheckConstraint(
                condition=models.Q(day_limit__isnull=True) | models.Q(day_limit__gte=1),
                name="caps_day_is_some",
            ),
            models.CheckConstraint(
                condition=models.Q(minutes_limit__isnull=True)
                | models.Q(minutes_limit__gte=1, minutes_limit__lte=1440),
                name="caps_minutes_of_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"caps of {self.user_id}"


class Absence(models.Model):
    """Somebody is away for a period, and who stands in for them then, if anybody does.

    Standing in gives no authority: what would go to the absent one goes to the other only where
    they may decide it themselves. The exclusion constraint `absence_one_at_a_time`, in the
    migration, keeps two of one person from overlapping.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="absences"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    stand_in = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="stands_in",
    )
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="absence_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=models.Q(stand_in__isnull=True) | ~models.Q(stand_in=models.F("person")),
                name="absence_stand_in_is_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} away"


class Presence(models.Model):
    """When somebody was at the desk last, to the half minute; only assigning reads it."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    seen_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.user_id} at the desk"
