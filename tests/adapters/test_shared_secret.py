"""A secret that two functions share: read once a minute at most, and kept when it cannot be read."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from corent.adapters.secrets import SharedSecret
from corent.core.errors import TemporarilyUnavailableError
from tests.fakes import FakeClock


class FakeClient:
    """Secrets Manager with one secret; None is a fault."""

    def __init__(self, secret: str | None) -> None:
        self.secret = secret
        self.reads = 0

    def get_secret_value(self, **parameters: Any) -> Any:
        self.reads += 1
        assert parameters == {"SecretId": "corent/quotes"}
        if self.secret is None:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GetSecretValue")
        return {"SecretString": self.secret}


def shared(client: FakeClient, clock: FakeClock) -> SharedSecret:
    return SharedSecret(client, name="corent/quotes", clock=clock)


def test_it_is_read_when_first_needed_and_once_a_minute_at_most() -> None:
    client, clock = FakeClient("one"), FakeClock()
    secret = shared(client, clock)
    assert client.reads == 0
    for _ in range(3):
        assert secret() == "one"
        clock.sleep(10)
    assert client.reads == 1


def test_a_changed_secret_is_in_force_within_a_minute() -> None:
    client, clock = FakeClient("one"), FakeClock()
    secret = shared(client, clock)
    secret()
    client.secret = "two"
    clock.sleep(60)
    assert secret() == "two"


def test_the_last_known_one_serves_while_it_cannot_be_read() -> None:
    client, clock = FakeClient("one"), FakeClock()
    secret = shared(client, clock)
    secret()
    client.secret = None
    clock.sleep(60)
    assert (secret(), secret()) == ("one", "one")
    assert client.reads == 2


def test_without_any_it_says_so_and_is_asked_for_again() -> None:
    client, clock = FakeClient(None), FakeClock()
    secret = shared(client, clock)
    with pytest.raises(TemporarilyUnavailableError):
        secret()
    client.secret = "one"
    assert secret() == "one"
