"""What every PaymentStore must do: each condition of each write, met and broken on its own.

The store is a LedgerStore too: it opens the wallets, and buys and charges the jobs that goodwill is about.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from corent.core.ids import new_ulid
from corent.ledger.balances import WalletStatus
from corent.ledger.entries import (
    Adjustment,
    Counterpart,
    Entry,
    EntryKind,
    adjust_key,
    claw_back_key,
    deposit_key,
    goodwill_key,
    reinstate_key,
)
from corent.ledger.payment_store import (
    ClawBackWrite,
    DepositWrite,
    OrderState,
    PaymentOrder,
    PutBackWrite,
    StoredPayment,
)
from tests.contracts.ledger_store import COMPLETED, FAILED, Store, fund, hold, numbers, refused, settle
from tests.fakes import START_MS, a_job

AMOUNT = 10_000_000
TAKEN = 4_000_000
ORDER = PaymentOrder(id="cs_test_1", wallet_id="acct_1", amount_micros=AMOUNT, currency="usd")
GAIN = Adjustment(Counterpart.CARD_CLEARING, into_wallet=True)
LOSS = Adjustment(Counterpart.PROMOTION, into_wallet=False)


def entry(kind: EntryKind, key: str, amount: int, /, **changes: Any) -> Entry:
    made = Entry(
        key=key,
        wallet_id="acct_1",
        kind=kind,
        amount_micros=amount,
        at_ms=START_MS + 5,
        reference=key.partition("#")[2],
        cause="evt_1",
        adjustment=changes.pop("adjustment", None),
    )
    return replace(made, **changes)


def ordered(store: Store, order: PaymentOrder = ORDER) -> None:
    store.open_wallet("acct_1", at_ms=START_MS)
    store.write_order(order, at_ms=START_MS)


def deposit(store: Store, payment_id: str = "pi_1", order: PaymentOrder = ORDER, **changes: Any) -> None:
    posted = entry(
        EntryKind.DEPOSIT, deposit_key(order.id), order.amount_micros, payment_id=payment_id, **changes
    )
    store.write_deposit(DepositWrite(entry=posted, order_id=order.id, payment_id=payment_id))


def paid(store: Store) -> None:
    ordered(store)
    deposit(store)


def claw_back(
    store: Store,
    kind: EntryKind = EntryKind.REFUND,
    *,
    amount: int = TAKEN,
    reference: str = "re_1",
    **changes: Any,
) -> None:
    posted = entry(kind, claw_back_key(kind, reference), amount, payment_id="pi_1", **changes)
    store.write_claw_back(ClawBackWrite(entry=posted, payment_id="pi_1", freezes=kind is EntryKind.DISPUTE))


def put_back(store: Store, *, reference: str = "du_1", amount: int = TAKEN, **changes: Any) -> None:
    posted = entry(EntryKind.REINSTATE, reinstate_key(reference), amount, payment_id="pi_1", **changes)
    write = PutBackWrite(
        entry=posted,
        payment_id="pi_1",
        credited_micros=AMOUNT,
        undoes=claw_back_key(EntryKind.DISPUTE, reference),
    )
    store.write_put_back(write)


def money(store: Store) -> tuple[int, int, int]:
    balance = store.read_balance("acct_1")
    balance.check()
    return (balance.available_micros, balance.credits_micros, balance.debits_micros)


def an_order_is_stored_as_it_was_asked_for(store: Store) -> None:
    ordered(store)
    assert store.read_order(ORDER.id) == ORDER
    assert store.read_order("cs_test_2") is None


def an_order_is_stored_once(store: Store) -> None:
    ordered(store)
    refused(lambda: store.write_order(replace(ORDER, amount_micros=1), at_ms=START_MS))
    assert store.read_order(ORDER.id) == ORDER


def a_deposit_credits_the_order_and_keeps_the_payment(store: Store) -> None:
    ordered(store)
    deposit(store, receipt_url="https://receipts.example/1")
    assert store.read_order(ORDER.id) == replace(ORDER, state=OrderState.CREDITED, payment_id="pi_1")
    assert store.read_payment("pi_1") == StoredPayment(
        id="pi_1", wallet_id="acct_1", credited_micros=AMOUNT, left_micros=AMOUNT
    )
    assert money(store) == (AMOUNT, AMOUNT, 0)
    posted = store.read_entry("acct_1", key=deposit_key(ORDER.id))
    assert (posted.kind, posted.amount_micros) == (EntryKind.DEPOSIT, AMOUNT)
    assert (posted.payment_id, posted.receipt_url, posted.cause) == (
        "pi_1",
        "https://receipts.example/1",
        "evt_1",
    )


def a_deposit_needs_an_order(store: Store) -> None:
    store.open_wallet("acct_1", at_ms=START_MS)
    refused(lambda: deposit(store))
    assert money(store) == (0, 0, 0)


def a_deposit_needs_an_order_that_is_not_credited(store: Store) -> None:
    paid(store)
    refused(lambda: deposit(store, "pi_2", key="deposit#another"))
    assert money(store)[0] == AMOUNT


def a_deposit_needs_the_orders_wallet(store: Store) -> None:
    ordered(store)
    store.open_wallet("acct_2", at_ms=START_MS)
    refused(lambda: deposit(store, wallet_id="acct_2"))


def a_deposit_needs_the_orders_amount(store: Store) -> None:
    ordered(store)
    refused(lambda: deposit(store, amount_micros=AMOUNT + 1))
    assert money(store)[0] == 0


def a_deposit_needs_a_new_payment(store: Store) -> None:
    paid(store)
    second = replace(ORDER, id="cs_test_2")
    store.write_order(second, at_ms=START_MS)
    refused(lambda: deposit(store, "pi_1", second))


def a_deposit_needs_a_new_entry(store: Store) -> None:
    paid(store)
    second = replace(ORDER, id="cs_test_2")
    store.write_order(second, at_ms=START_MS)
    refused(lambda: deposit(store, "pi_2", second, key=deposit_key(ORDER.id)))
    assert store.read_payment("pi_2") is None


def a_deposit_needs_a_wallet(store: Store) -> None:
    store.write_order(ORDER, at_ms=START_MS)
    refused(lambda: deposit(store))


def a_frozen_wallet_takes_deposits(store: Store) -> None:
    ordered(store)
    store.freeze("acct_1", cause="test")
    deposit(store)
    assert money(store)[0] == AMOUNT
    assert store.read_balance("acct_1").status is WalletStatus.FROZEN


def a_refund_takes_its_money_and_leaves_the_rest_of_the_payment(store: Store) -> None:
    paid(store)
    claw_back(store)
    assert money(store) == (AMOUNT - TAKEN, AMOUNT, TAKEN)
    assert store.read_payment("pi_1").left_micros == AMOUNT - TAKEN
    assert store.read_balance("acct_1").status is WalletStatus.ACTIVE


def a_dispute_takes_its_money_and_freezes(store: Store) -> None:
    paid(store)
    claw_back(store, EntryKind.DISPUTE, reference="du_1")
    assert money(store)[0] == AMOUNT - TAKEN
    assert store.read_balance("acct_1").status is WalletStatus.FROZEN


def a_claw_back_may_leave_less_than_nothing(store: Store) -> None:
    paid(store)
    job = a_job(hold_micros=AMOUNT)
    hold(store, job)
    settle(store, job, COMPLETED)
    claw_back(store, EntryKind.DISPUTE, amount=AMOUNT, reference="du_1")
    assert money(store)[0] == -AMOUNT


def a_claw_back_needs_that_much_left_of_the_payment(store: Store) -> None:
    paid(store)
    claw_back(store)
    refused(lambda: claw_back(store, amount=AMOUNT - TAKEN + 1, reference="re_2"))
    claw_back(store, amount=AMOUNT - TAKEN, reference="re_2")
    assert store.read_payment("pi_1").left_micros == 0


def a_claw_back_needs_a_payment(store: Store) -> None:
    ordered(store)
    refused(lambda: claw_back(store))


def a_claw_back_counts_once(store: Store) -> None:
    paid(store)
    claw_back(store)
    refused(lambda: claw_back(store))
    assert store.read_payment("pi_1").left_micros == AMOUNT - TAKEN


def a_reinstatement_gives_back_and_leaves_the_wallet_frozen(store: Store) -> None:
    paid(store)
    claw_back(store, EntryKind.DISPUTE, reference="du_1")
    put_back(store)
    assert money(store) == (AMOUNT, AMOUNT + TAKEN, TAKEN)
    assert store.read_payment("pi_1").left_micros == AMOUNT
    assert store.read_balance("acct_1").status is WalletStatus.FROZEN


def a_reinstatement_needs_its_dispute(store: Store) -> None:
    paid(store)
    claw_back(store)
    refused(lambda: put_back(store))


def a_reinstatement_counts_once(store: Store) -> None:
    paid(store)
    claw_back(store, EntryKind.DISPUTE, reference="du_1")
    claw_back(store)
    put_back(store)
    refused(lambda: put_back(store))
    assert store.read_payment("pi_1").left_micros == AMOUNT - TAKEN


def a_reinstatement_never_gives_more_than_was_credited(store: Store) -> None:
    paid(store)
    claw_back(store, EntryKind.DISPUTE, reference="du_1")
    refused(lambda: put_back(store, amount=TAKEN + 1))


def a_refund_that_failed_is_put_back_as_an_adjustment(store: Store) -> None:
    paid(store)
    claw_back(store)
    posted = entry(EntryKind.ADJUST, adjust_key("re_1"), TAKEN, adjustment=GAIN)
    store.write_put_back(
        PutBackWrite(entry=posted, payment_id="pi_1", credited_micros=AMOUNT, undoes="refund#re_1")
    )
    assert money(store) == (AMOUNT, AMOUNT + TAKEN, TAKEN)
    assert store.read_entry("acct_1", key=adjust_key("re_1")) == posted


def goodwill_follows_a_charge(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    settle(store, a_job(), COMPLETED)
    store.write_goodwill(entry(EntryKind.GOODWILL, goodwill_key(a_job().id), 5_000), job_id=a_job().id)
    assert money(store) == (85_000, 105_000, 20_000)


def goodwill_needs_a_charge(store: Store) -> None:
    fund(store)
    gift = entry(EntryKind.GOODWILL, goodwill_key(a_job().id), 5_000)
    refused(lambda: store.write_goodwill(gift, job_id=a_job().id))
    hold(store, a_job())
    settle(store, a_job(), FAILED)
    refused(lambda: store.write_goodwill(gift, job_id=a_job().id))
    assert numbers(store)[0] == 100_000


def goodwill_counts_once(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    settle(store, a_job(), COMPLETED)
    gift = entry(EntryKind.GOODWILL, goodwill_key(a_job().id), 5_000)
    store.write_goodwill(gift, job_id=a_job().id)
    refused(lambda: store.write_goodwill(gift, job_id=a_job().id))


def an_adjustment_moves_the_balance_the_way_it_says(store: Store) -> None:
    fund(store)
    store.write_adjustment(entry(EntryKind.ADJUST, adjust_key("T-1"), 30_000, adjustment=LOSS))
    assert money(store) == (70_000, 100_000, 30_000)
    store.write_adjustment(entry(EntryKind.ADJUST, adjust_key("T-2"), 10_000, adjustment=GAIN))
    assert money(store) == (80_000, 110_000, 30_000)
    assert store.read_entry("acct_1", key=adjust_key("T-1")).adjustment == LOSS
    assert store.read_entry("acct_1", key=adjust_key("T-2")).adjustment == GAIN


def an_adjustment_counts_once(store: Store) -> None:
    fund(store)
    posted = entry(EntryKind.ADJUST, adjust_key("T-1"), 30_000, adjustment=LOSS)
    store.write_adjustment(posted)
    refused(lambda: store.write_adjustment(posted))


def an_adjustment_needs_a_wallet(store: Store) -> None:
    refused(lambda: store.write_adjustment(entry(EntryKind.ADJUST, adjust_key("T-1"), 1, adjustment=GAIN)))


def a_dispute_is_noted_once_and_freezes(store: Store) -> None:
    paid(store)
    noted = {"payment_id": "pi_1", "dispute_id": "du_1", "at_ms": START_MS}
    store.write_freeze("acct_1", **noted)
    assert store.read_balance("acct_1").status is WalletStatus.FROZEN
    assert store.read_payment("pi_1").frozen_for == {"du_1"}
    store.unfreeze("acct_1", cause="T-1")
    assert store.read_balance("acct_1").status is WalletStatus.ACTIVE
    refused(lambda: store.write_freeze("acct_1", **noted))
    assert store.read_balance("acct_1").status is WalletStatus.ACTIVE
    store.write_freeze("acct_1", **{**noted, "dispute_id": "du_2"})
    assert store.read_payment("pi_1").frozen_for == {"du_1", "du_2"}


def a_dispute_is_noted_on_a_payment(store: Store) -> None:
    ordered(store)
    refused(lambda: store.write_freeze("acct_1", payment_id="pi_1", dispute_id="du_1", at_ms=START_MS))
    assert store.read_balance("acct_1").status is WalletStatus.ACTIVE


def card_money_stands_in_the_list_at_its_own_time(store: Store) -> None:
    store.open_wallet("acct_1", at_ms=START_MS)
    store.write_order(ORDER, at_ms=START_MS)
    deposit(store, at_ms=START_MS)
    job = a_job(1, at_ms=START_MS + 1000)
    hold(store, job)
    claw_back(store, at_ms=START_MS + 2000)
    store.write_adjustment(
        entry(EntryKind.ADJUST, adjust_key("T-1"), 1, adjustment=LOSS, at_ms=START_MS + 3000)
    )
    page, following = store.list_entries("acct_1", limit=10, before=None)
    kinds = [EntryKind.ADJUST, EntryKind.REFUND, EntryKind.HOLD, EntryKind.DEPOSIT]
    assert [each.kind for each in page] == kinds
    assert following is None


def wallets_are_found_by_the_hour_in_which_they_moved(store: Store) -> None:
    first, second = f"acct_{new_ulid()}", f"acct_{new_ulid()}"
    store.open_wallet(first, at_ms=START_MS)
    store.open_wallet(second, at_ms=START_MS)
    hour = 3_600_000
    store.write_order(replace(ORDER, wallet_id=second), at_ms=START_MS)
    deposit(store, wallet_id=second, at_ms=START_MS + 2 * hour)
    assert set(store.moved_since(START_MS)) >= {first, second}
    later = set(store.moved_since(START_MS + hour))
    assert second in later
    assert first not in later


PAYMENT_CHECKS: list[Callable[[Store], None]] = [
    an_order_is_stored_as_it_was_asked_for,
    an_order_is_stored_once,
    a_deposit_credits_the_order_and_keeps_the_payment,
    a_deposit_needs_an_order,
    a_deposit_needs_an_order_that_is_not_credited,
    a_deposit_needs_the_orders_wallet,
    a_deposit_needs_the_orders_amount,
    a_deposit_needs_a_new_payment,
    a_deposit_needs_a_new_entry,
    a_deposit_needs_a_wallet,
    a_frozen_wallet_takes_deposits,
    a_refund_takes_its_money_and_leaves_the_rest_of_the_payment,
    a_dispute_takes_its_money_and_freezes,
    a_claw_back_may_leave_less_than_nothing,
    a_claw_back_needs_that_much_left_of_the_payment,
    a_claw_back_needs_a_payment,
    a_claw_back_counts_once,
    a_reinstatement_gives_back_and_leaves_the_wallet_frozen,
    a_reinstatement_needs_its_dispute,
    a_reinstatement_counts_once,
    a_reinstatement_never_gives_more_than_was_credited,
    a_refund_that_failed_is_put_back_as_an_adjustment,
    goodwill_follows_a_charge,
    goodwill_needs_a_charge,
    goodwill_counts_once,
    an_adjustment_moves_the_balance_the_way_it_says,
    an_adjustment_counts_once,
    an_adjustment_needs_a_wallet,
    a_dispute_is_noted_once_and_freezes,
    a_dispute_is_noted_on_a_payment,
    card_money_stands_in_the_list_at_its_own_time,
    wallets_are_found_by_the_hour_in_which_they_moved,
]
