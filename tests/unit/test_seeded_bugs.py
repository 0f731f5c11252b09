"""Bugs of the ledger's logic, planted one at a time: each makes a test of ours fail.

Conditions that are left out of a write are planted in test_memory_books.py and test_dynamo_ledger.py.
"""

from dataclasses import replace
from typing import Any

import pytest

from corent.core.errors import InsufficientFundsError
from corent.core.writes import OutcomeUnknownError, UntilKnown
from corent.jobs.job import Job
from corent.ledger import ledger, outcomes
from corent.ledger.store import HoldWrite
from tests.fakes import MemoryBooks
from tests.image_world import World, delivers
from tests.invariants import violations
from tests.tripwire import Death
from tests.unit import test_ledger


def test_reading_the_balance_before_the_entry_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def balance_first(store: Any, entry: Any) -> Any:
        if store.read_balance(entry.wallet_id).available_micros < entry.amount_micros:
            raise InsufficientFundsError("seeded")
        return outcomes.posted(store, entry)

    monkeypatch.setattr(ledger, "posted", balance_first)
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

    monkeypatch.setattr(UntilKnown, "__call__", once)
    with pytest.raises(OutcomeUnknownError):
        test_ledger.test_a_hold_without_an_answer_is_run_again_until_it_is_known(applied=True)


def test_a_release_of_another_amount_is_noticed() -> None:
    books = test_ledger.Books()
    job = test_ledger.a_job()
    books.hold(job)
    books.store.dropped = frozenset({"settle_same_hold"})
    books.release(replace(job, hold_micros=job.hold_micros - 1))
    found = violations(**books.store.everything)
    assert found
