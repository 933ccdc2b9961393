"""The sealed lots where they are kept: one row for each cohort, changed by one at a time."""

import logging

from django.conf import settings

from reviews import lots
from reviews.lots import Lot, LotFull, LotUnreadable
from reviews.models import SealedLot

logger = logging.getLogger(__name__)


def take(cohort: str) -> Lot:
    """Return the cohort's lot, locked until this transaction ends.

    One that no secret of the server opens any more is lost, and begins anew. Whoever comes into one
    in which nobody is yet has the same name as in every other.
    """
    SealedLot.objects.bulk_create(
        [SealedLot(cohort=cohort, sealed=_seal(lots.empty(), cohort))], ignore_conflicts=True
    )
    row = SealedLot.objects.select_for_update().get(cohort=cohort)
    return lots.named(_unsealed(row), salt=names())


def names() -> str:
    """Return what makes people's names now; lots of before another secret have others."""
    return lots.salt(settings.SECRET_KEY)


def _unsealed(row: SealedLot) -> Lot:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    try:
        return lots.unseal(bytes(row.sealed), cohort=row.cohort, secrets=secrets)
    except LotUnreadable:
        logger.error("A sealed lot could not be read with any secret and begins anew.")
        return lots.empty()


def write(cohort: str, lot: Lot) -> None:
    """Seal it anew; what is too much for one lot is left out rather than to fail its reviewer."""
    try:
        found = _seal(lot, cohort)
    except LotFull:
        logger.error("A sealed lot is full: what comes now is not counted.")
        return
    SealedLot.objects.filter(cohort=cohort).update(sealed=found)


def _seal(lot: Lot, cohort: str) -> bytes:
    return lots.seal(lot, cohort=cohort, secret=settings.SECRET_KEY)
