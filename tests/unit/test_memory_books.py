"""The books in memory pass the store's contract, and each of their conditions is needed for that."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.contracts.batch_store import BATCH_CHECKS
from tests.contracts.ledger_store import CHECKS
from tests.contracts.payment_store import PAYMENT_CHECKS
from tests.fakes import MemoryBooks

CONDITIONS = [
    "hold_purchase_new",
    "hold_claim_free",
    "hold_entry_new",
    "hold_active",
    "hold_funds",
    "hold_room",
    "hold_key_limit",
    "settle_money_held",
    "settle_same_hold",
    "settle_entry_new",
    "settle_funds_held",
    "batch_open",
    "batch_as_known",
    "batch_counted",
    "promo_entry_new",
    "promo_wallet_exists",
    "order_new",
    "deposit_order_open",
    "deposit_same_wallet",
    "deposit_same_amount",
    "deposit_payment_new",
    "deposit_entry_new",
    "deposit_wallet_exists",
    "claw_back_left",
    "claw_back_entry_new",
    "put_back_room",
    "put_back_entry_new",
    "put_back_of_something",
    "goodwill_settled",
    "goodwill_captured",
    "goodwill_entry_new",
    "adjustment_entry_new",
    "adjustment_wallet_exists",
    "freeze_payment_exists",
    "freeze_dispute_new",
]


@pytest.mark.parametrize("check", [*CHECKS, *BATCH_CHECKS, *PAYMENT_CHECKS], ids=lambda check: check.__name__)
def test_memory_keeps_the_contract(check: Callable[[Any], None]) -> None:
    check(MemoryBooks())


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_contract_notices_a_dropped_condition(condition: str) -> None:
    noticed = []
    for check in [*CHECKS, *BATCH_CHECKS, *PAYMENT_CHECKS]:
        try:
            check(MemoryBooks(dropped=frozenset({condition})))
        except (AssertionError, pytest.fail.Exception, KeyError):
            noticed.append(check.__name__)
    assert noticed
