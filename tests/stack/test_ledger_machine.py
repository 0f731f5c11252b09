"""Any order of everything that can happen to money keeps the books right on real transactions.

`CORENT_LEDGER_STACK_RUNS` raises the number of runs; the full suite does 200 of 20 steps.
"""

import itertools
import os
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings

from tests.contracts.dynamo_store import DynamoStore
from tests.dynamo_books import books_in
from tests.ledger_machine import Books
from tests.stack.conftest import Stack
from tests.stack.test_ledger_races import Prefixed
from tests.tables import create_tables


class BooksOnTables(Books):
    """Each run has tables of its own."""

    client: ClassVar[Any]
    numbers: ClassVar[Any] = itertools.count(1)

    def new_store(self) -> Any:
        self.tables = Prefixed(self.client, f"machine-{next(self.numbers)}-")
        create_tables(self.tables)
        return DynamoStore(self.tables)

    def everything(self) -> dict[str, Any]:
        return books_in(self.tables)

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "tables"):
            for name in ("keys", "jobs", "balances", "health"):
                self.tables.delete_table(TableName=name)


def test_any_order_of_what_can_happen_keeps_the_tables_right(stack: Stack) -> None:
    BooksOnTables.client = stack.aws("dynamodb")
    case = BooksOnTables.TestCase
    case.settings = settings(
        max_examples=int(os.environ.get("CORENT_LEDGER_STACK_RUNS", "200")),
        stateful_step_count=20,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    case("runTest").runTest()
