"""Alerts, notices and top-ups in DynamoDB pass the contract that those in memory pass."""

from collections.abc import Callable
from typing import Any

import pytest

from corent.adapters.dynamo.notices import DynamoNotices
from corent.adapters.dynamo.topups import DynamoTopUps
from tests.contracts.dynamo_store import DynamoStore
from tests.contracts.watching_store import WATCHING_CHECKS, Watching
from tests.dynamo_books import items
from tests.fakes import MemoryBooks
from tests.memory_watching import MemoryNotices, MemoryTopUps


def on_dynamo(client: Any) -> Watching:
    tables = {"balances_table": "balances", "jobs_table": "jobs"}

    def owed() -> list[str]:
        return [
            item["pk"]["S"].removeprefix("V#")
            for item in items(client, "jobs")
            if item["sk"]["S"] == "OUT#terminal"
        ]

    return Watching(
        books=DynamoStore(client),
        notices=DynamoNotices(client, **tables),
        topups=DynamoTopUps(client, **tables),
        owed=owed,
    )


def in_memory() -> Watching:
    books = MemoryBooks()
    notices = MemoryNotices(books)
    return Watching(
        books=books, notices=notices, topups=MemoryTopUps(books, notices), owed=lambda: list(books.owed)
    )


@pytest.mark.parametrize("check", WATCHING_CHECKS, ids=lambda check: check.__name__)
def test_dynamo_keeps_the_contract(check: Callable[[Watching], None], client: Any) -> None:
    check(on_dynamo(client))


@pytest.mark.parametrize("check", WATCHING_CHECKS, ids=lambda check: check.__name__)
def test_memory_keeps_the_contract(check: Callable[[Watching], None]) -> None:
    check(in_memory())
