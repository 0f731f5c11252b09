"""A Stripe stand-in for each test."""

from collections.abc import Iterator

import pytest

from tests.stripe_stand_in import StandIn, stand_in


@pytest.fixture
def stripe_api() -> Iterator[StandIn]:
    """A stand-in with a receiver of its events."""
    with stand_in() as running:
        yield running
