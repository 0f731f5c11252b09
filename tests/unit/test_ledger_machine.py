"""Any order of everything that can happen to money keeps the books in memory right.

`CORENT_LEDGER_RUNS` raises the number of runs; the full suite does 2,000 of 30 steps.
"""

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from tests.fakes import MemoryBooks
from tests.invariants import violations
from tests.ledger_machine import Books


class BooksInMemory(Books):
    """All invariants are checked after every step."""

    def new_store(self) -> Any:
        return MemoryBooks()

    def everything(self) -> dict[str, Any]:
        found: dict[str, Any] = self.store.store.everything
        return found

    @invariant()
    def the_books_are_right(self) -> None:
        if hasattr(self, "store"):
            assert violations(**self.everything()) == []


TestBooks = BooksInMemory.TestCase
TestBooks.settings = settings(
    max_examples=int(os.environ.get("CORENT_LEDGER_RUNS", "2000")),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
