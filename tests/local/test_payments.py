"""The payments of a local stack: the stand-in's address and keys are kept, and put where functions look."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from local import payments
from local.place import Place
from local.stripe_stand_in.server import Running

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

STAND_IN = Running(base_url="http://127.0.0.1:4242", api_key="sk_test_new", webhook_secret="whsec_new")
NEW = {"api_key": "sk_test_new", "webhook_secret": "whsec_new", "base_url": "http://127.0.0.1:4242"}


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator["SecretsManagerClient"]:
    """An empty Secrets Manager."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield boto3.client("secretsmanager")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """The place of a stack that is not running."""
    place = Place(home=tmp_path, port=3000, aws_port=4566)
    place.folder.mkdir(parents=True)
    return place


def _read(secrets: "SecretsManagerClient") -> object:
    return json.loads(secrets.get_secret_value(SecretId="corent/stripe")["SecretString"])


def test_a_missing_secret_is_made(secrets: "SecretsManagerClient", place: Place) -> None:
    payments.put_secret(STAND_IN, place=place)
    assert _read(secrets) == NEW


def test_the_secret_of_an_earlier_start_is_replaced(secrets: "SecretsManagerClient", place: Place) -> None:
    old = {"api_key": "sk_test_old", "webhook_secret": "whsec_old", "base_url": "http://127.0.0.1:1"}
    secrets.create_secret(Name="corent/stripe", SecretString=json.dumps(old))
    payments.put_secret(STAND_IN, place=place)
    assert _read(secrets) == NEW


@pytest.mark.parametrize(
    "others",
    [
        {"api_key": "sk_test_own", "webhook_secret": "whsec_own"},
        {"api_key": "sk_test_own", "webhook_secret": "whsec_own", "base_url": "https://stripe.example"},
        {"api_key": "sk_test_own", "webhook_secret": "whsec_own", "base_url": None},
        ["sk_test_own"],
    ],
)
def test_the_secret_of_an_operator_is_left_alone(
    secrets: "SecretsManagerClient", place: Place, others: object
) -> None:
    secrets.create_secret(Name="corent/stripe", SecretString=json.dumps(others))
    payments.put_secret(STAND_IN, place=place)
    assert _read(secrets) == others


@pytest.mark.usefixtures("secrets")
def test_address_and_keys_outlive_a_restart(place: Place) -> None:
    with payments.running_payments(place) as first:
        pass
    with payments.running_payments(place) as second:
        assert second == first


def test_the_secret_says_where_the_stand_in_is(secrets: "SecretsManagerClient", place: Place) -> None:
    with payments.running_payments(place) as running:
        assert _read(secrets) == {
            "api_key": running.api_key,
            "webhook_secret": running.webhook_secret,
            "base_url": running.base_url,
        }


@pytest.mark.usefixtures("secrets")
def test_a_port_that_somebody_took_is_given_up(place: Place) -> None:
    with payments.running_payments(place) as first:
        port = int(first.base_url.rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", port)), payments.running_payments(place) as second:
        assert second.base_url != first.base_url
        assert second.api_key == first.api_key


@pytest.mark.usefixtures("secrets")
def test_what_is_kept_only_its_owner_may_read(place: Place) -> None:
    with payments.running_payments(place):
        modes = {each.name: each.stat().st_mode & 0o077 for each in place.folder.iterdir()}
    assert modes["stripe.json"] == 0
    assert set(modes.values()) == {0}


def test_events_go_to_the_stacks_front(place: Place) -> None:
    assert payments.events_url(place) == "http://127.0.0.1:3000/v1/stripe/events"
