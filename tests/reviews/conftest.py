"""What the desk's tests share."""

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Client, User
from handoffs.models import Handoff
from reviews import claims
from tests.factories import Shop
from tests.reviews.waiting import put


@pytest.fixture
def desk(client: Browser, ann: User) -> Browser:
    """Ann's browser."""
    client.force_login(ann)
    return client


@pytest.fixture
def held(shop: Shop, bot: Client, ann: User) -> Handoff:
    """A handoff that ann holds and has opened."""
    handoff = put(shop, bot)
    claims.pick(handoff.id, by=ann, now=timezone.now())
    return handoff
