"""The DynamoDB store passes the ledger store's contract, and each of its conditions is needed for that."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from corent.core.writes import ConditionFailedError
from tests.contracts.batch_store import BATCH_CHECKS
from tests.contracts.dynamo_store import DynamoStore
from tests.contracts.ledger_store import CHECKS
from tests.contracts.payment_store import PAYMENT_CHECKS
from tests.tables import TABLES, create_tables


class Without:
    """A client that leaves one condition out of every transaction."""

    def __init__(self, client: Any, *, action: str, table: str, condition: str, becomes: str) -> None:
        self._client = client
        self._action, self._table = action, table
        self._condition, self._becomes = condition, becomes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **parameters: Any) -> Any:
        for item in parameters["TransactItems"]:
            for action, operation in item.items():
                if (action, operation["TableName"]) == (self._action, self._table):
                    self._strip(operation)
        return self._client.transact_write_items(**parameters)

    def _strip(self, operation: dict[str, Any]) -> None:
        expression = operation["ConditionExpression"].replace(self._condition, self._becomes)
        operation["ConditionExpression"] = expression
        used = expression + operation.get("UpdateExpression", "")
        for kind in ("ExpressionAttributeValues", "ExpressionAttributeNames"):
            left = {name: value for name, value in operation.get(kind, {}).items() if name in used}
            operation.pop(kind, None)
            if left:
                operation[kind] = left


SEEDED = {
    "job is new": ("Put", "jobs", "attribute_not_exists(pk)", "attribute_not_exists(none)"),
    "entry is new": ("Put", "balances", "attribute_not_exists(pk)", "attribute_not_exists(none)"),
    "wallet is active": ("Update", "balances", "#status = :active AND ", ""),
    "money is there": ("Update", "balances", "available >= :a AND ", ""),
    "room among open jobs": ("Update", "balances", " AND open_jobs <= :room", ""),
    "idempotency key expired": ("Put", "jobs", " OR #exp < :now", ""),
    "idempotency key is free": ("Put", "jobs", "#exp < :now", "attribute_exists(pk)"),
    "room in the key's limit": ("Update", "keys", "#spent <= :room", "attribute_exists(pk)"),
    "job is unsettled": ("Update", "jobs", "money = :held AND ", ""),
    "hold has that amount": ("Update", "jobs", " AND hold_micros = :h", ""),
    "room among open batches": ("Update", "balances", " AND open_batches <= :room", ""),
    "batch is open": ("Update", "jobs", "#state = :p", "attribute_exists(pk)"),
    "batch is cancelled as known": ("Update", "jobs", " AND attribute_not_exists(stopping)", ""),
    "batch is not cancelled as known": ("Update", "jobs", " AND attribute_exists(stopping)", ""),
    "batch is counted": ("Update", "balances", "open_batches >= :o", "attribute_exists(pk)"),
    "money is held": ("Update", "balances", "held >= :a", "attribute_exists(pk)"),
    "order is not credited": ("Update", "balances", "#state = :created AND ", ""),
    "order is the wallet's": ("Update", "balances", " AND acct = :acct", ""),
    "order has that amount": ("Update", "balances", " AND amount = :a", ""),
    "that much is left": ("Update", "balances", "#left >= :x", "attribute_exists(pk)"),
    "no more than was credited": ("Update", "balances", "#left <= :room", "attribute_exists(pk)"),
    "claw-back is posted": (
        "ConditionCheck",
        "balances",
        "attribute_exists(pk)",
        "attribute_not_exists(none)",
    ),
    "job was charged": ("ConditionCheck", "balances", "kind = :kind", "attribute_exists(pk)"),
    "dispute is new": ("Update", "balances", " AND attribute_not_exists(#note)", ""),
    "wallet exists": ("Update", "balances", "attribute_exists(pk)", "attribute_not_exists(none)"),
}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        made = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(made)
        yield made


def emptied(client: Any) -> None:
    for table in TABLES:
        client.delete_table(TableName=table)
    create_tables(client)


@pytest.mark.parametrize("check", [*CHECKS, *BATCH_CHECKS, *PAYMENT_CHECKS], ids=lambda check: check.__name__)
def test_dynamo_keeps_the_contract(check: Callable[[Any], None], client: Any) -> None:
    check(DynamoStore(client))


@pytest.mark.parametrize("seeded", SEEDED)
def test_the_contract_notices_a_condition_missing_in_dynamo(seeded: str, client: Any) -> None:
    action, table, condition, becomes = SEEDED[seeded]
    noticed = []
    for check in [*CHECKS, *BATCH_CHECKS, *PAYMENT_CHECKS]:
        emptied(client)
        broken = Without(client, action=action, table=table, condition=condition, becomes=becomes)
        try:
            check(DynamoStore(broken))
        except (AssertionError, pytest.fail.Exception, ConditionFailedError, ClientError):
            noticed.append(check.__name__)
            break
    assert noticed
