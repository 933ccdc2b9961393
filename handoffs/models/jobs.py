"""When each job of the clock was last done."""

from django.db import models


class JobPulse(models.Model):
    """One row for each job, and one for the beat itself; `/healthz/jobs` reads them."""

    name = models.CharField(max_length=100, primary_key=True)
    done_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
