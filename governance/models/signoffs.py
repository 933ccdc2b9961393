"""Who signed which content of a map, for which seat."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from handoffs.models import RiskTierMap
from handoffs.states import SignOff


class MapSignOff(models.Model):
    """A signature over the content of a draft: its rules and its cases, by their digest.

    Only ever added, and taken back at most once. An edit changes the digest, so that what was
    signed before no longer counts and stays as history.
    """

    map = models.ForeignKey(RiskTierMap, on_delete=models.PROTECT, related_name="sign_offs")
    seat = models.CharField(max_length=12, choices=[(s.value, s.value) for s in SignOff])
    digest = models.CharField(max_length=72)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    note = models.TextField(blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["map", "digest", "seat"],
                condition=Q(withdrawn_at=None),
                name="map_sign_off_once_per_seat",
            ),
            models.UniqueConstraint(
                fields=["map", "digest", "user"],
                condition=Q(withdrawn_at=None),
                name="map_sign_off_once_per_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.map}: {self.seat}"
