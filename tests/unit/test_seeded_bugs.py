"""Bugs of the ledger's logic, planted one at a time: each makes a test of ours fail.

Conditions that are left out of a write are planted in test_memory_books.py and test_dynamo_ledger.py.
"""

from dataclasses import replace
from typing import Any

import pytest

from corent.core.errors import InsufficientFundsError
from corent.jobs.job import Job
from corent.ledger.ledger import Ledger
from corent.ledger.store import HoldWrite, OutcomeUnknownError
from tests.fakes import MemoryBooks
from tests.image_world import Death, World, delivers
from tests.invariants import violations
from tests.unit import test_ledger


def test_reading_the_balance_before_the_entry_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Ledger._posted

    def balance_first(self: Any, entry: Any, **kwargs: Any) -> Any:
        if entry.kind == "hold":
            self._refuse_job(entry.wallet_id, entry.amount_micros, key_limit=None)
        return original(self, entry, **kwargs)

    monkeypatch.setattr(Ledger, "_posted", balance_first)
    with pytest.raises(InsufficientFundsError):
        test_ledger.test_a_repeated_hold_is_the_same_hold_even_when_it_took_the_last_money()


def test_a_hold_in_two_steps_is_noticed() -> None:
    class TwoSteps(MemoryBooks):
        """Writes the job and the entry first, and moves the money afterwards."""

        def write_hold(self, write: HoldWrite, job: Job) -> None:
            before = self.balances[write.entry.wallet_id]
            super().write_hold(write, job)
            self.balances[write.entry.wallet_id] = before
            raise Death

    world = World([delivers()], books=TwoSteps())
    with pytest.raises(Death):
        world.buy()
    assert world.violations()


def test_giving_up_on_an_unknown_outcome_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(_self: Any, write: Any, done: Any, _explain: Any, **_: Any) -> Any:
        write()
        return done

    monkeypatch.setattr(Ledger, "_run", once)
    with pytest.raises(OutcomeUnknownError):
        test_ledger.test_a_hold_without_an_answer_is_run_again_until_it_is_known(applied=True)


def test_a_release_of_another_amount_is_noticed() -> None:
    books = test_ledger.Books()
    job = test_ledger.a_job()
    books.hold(job)
    books.store.dropped = frozenset({"settle_same_hold"})
    books.release(replace(job, hold_micros=job.hold_micros - 1))
    found = violations(
        balances=books.store.balances.values(),
        entries=books.store.entries.values(),
        jobs=books.store.worked,
        batches=(),
    )
    assert found
