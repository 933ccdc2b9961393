"""What can be found, and what people look for again."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now

from handoffs.models import Handoff


class SearchEntry(models.Model):
    """The words by which a handoff is found, as of one version of its brief."""

    handoff = models.OneToOneField(
        Handoff, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    # read by search_index: where it goes on
    brief_id = models.BigIntegerField(db_index=True)
    words = SearchVectorField()

    class Meta:
        # read by search: what holds these words
        indexes: ClassVar = [GinIndex(fields=["words"], name="search_entry_words")]

    def __str__(self) -> str:
        return self.handoff_id


class SavedFilter(models.Model):
    """A search that somebody comes back to, under a name of their own."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    # the search as its address has it: "words=refund&state=waiting"
    query = models.CharField(max_length=500)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_filter_name_once")
        ]

    def __str__(self) -> str:
        return self.name
