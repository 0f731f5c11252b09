"""What card money costs of DynamoDB: calls, counted at the handlers."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.functions.card_money import Payments, paying
from tests.functions.conftest import Cloud


@pytest.fixture
def payments(cloud: Cloud) -> Iterator[Payments]:
    with paying(cloud) as made:
        made.deposit()  # Warm: the secrets are read.
        cloud.sent.clear()
        yield made


def calls(cloud: Cloud) -> list[tuple[str, str]]:
    """The calls of tables since the last time, with the tables."""
    said: list[tuple[str, str]] = []
    for operation, parameters in cloud.sent:
        writes: list[Any] = parameters.get("TransactItems", [])
        tables = [next(iter(write.values()))["TableName"] for write in writes]
        tables = tables or [parameters.get("TableName")]
        if tables != [None]:
            said.append((operation, " ".join(tables)))
    cloud.sent.clear()
    return said


def test_a_deposit_makes_five_calls(payments: Payments) -> None:
    assert payments.deposit().status == 200
    assert calls(payments.cloud) == [
        ("UpdateItem", "keys"),
        ("GetItem", "balances"),
        ("GetItem", "keys"),
        ("PutItem", "keys"),
        ("TransactWriteItems", "balances"),
    ]


def test_a_deposit_with_a_key_makes_two_more_and_its_repeat_three(payments: Payments) -> None:
    payments.deposit(Idempotency_Key="once")
    assert calls(payments.cloud) == [
        ("UpdateItem", "keys"),
        ("GetItem", "jobs"),
        ("GetItem", "balances"),
        ("GetItem", "keys"),
        ("PutItem", "keys"),
        ("PutItem", "jobs"),
        ("TransactWriteItems", "balances"),
    ]
    payments.deposit(Idempotency_Key="once")
    assert calls(payments.cloud) == [
        ("UpdateItem", "keys"),
        ("GetItem", "jobs"),
        # The order is there: that it is the same one is read.
        ("TransactWriteItems", "balances"),
        ("GetItem", "balances"),
    ]


def test_an_event_touches_no_table_and_crediting_takes_one_read_and_one_write(payments: Payments) -> None:
    payments.paid()
    calls(payments.cloud)
    received = payments.received
    payments.tell(received)
    assert calls(payments.cloud) == []
    payments.work()
    assert calls(payments.cloud) == [
        ("GetItem", "balances"),
        ("TransactWriteItems", "balances balances balances balances"),
    ]
    payments.tell(received)
    payments.work()
    assert calls(payments.cloud) == [("GetItem", "balances")]
