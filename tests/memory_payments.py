"""The books' card money in memory: orders, payments and what happens to them, every condition named."""

from dataclasses import dataclass, field, replace
from typing import Any

from corent.ledger.balances import Balance, WalletStatus
from corent.ledger.entries import Entry, EntryKind, settle_key
from corent.ledger.payment_store import (
    ClawBackWrite,
    DepositWrite,
    OrderState,
    PaymentOrder,
    PutBackWrite,
    StoredPayment,
)


@dataclass
class MemoryPayments:
    """PaymentStore over plain dictionaries; one call is one transaction. `MemoryBooks` is one too."""

    orders: dict[str, PaymentOrder] = field(default_factory=dict)
    payments: dict[str, StoredPayment] = field(default_factory=dict)
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    balances: dict[str, Balance] = field(default_factory=dict)

    def write_order(self, order: PaymentOrder, *, at_ms: int) -> None:
        self._require(order_new=order.id not in self.orders)
        self.orders[order.id] = order

    def write_deposit(self, write: DepositWrite) -> None:
        entry = write.entry
        order = self.orders.get(write.order_id)
        self._require(
            deposit_order_open=order is not None and order.state is OrderState.CREATED,
            deposit_same_wallet=order is not None and order.wallet_id == entry.wallet_id,
            deposit_same_amount=order is not None and order.amount_micros == entry.amount_micros,
            deposit_payment_new=write.payment_id not in self.payments,
            deposit_entry_new=self._is_new(entry),
            deposit_wallet_exists=entry.wallet_id in self.balances,
        )
        self.orders[write.order_id] = replace(
            self.orders[write.order_id], state=OrderState.CREDITED, payment_id=write.payment_id
        )
        self.payments[write.payment_id] = StoredPayment(
            id=write.payment_id,
            wallet_id=entry.wallet_id,
            credited_micros=entry.amount_micros,
            left_micros=entry.amount_micros,
        )
        self._post(entry)

    def write_claw_back(self, write: ClawBackWrite) -> None:
        entry = write.entry
        payment = self.payments.get(write.payment_id)
        self._require(
            claw_back_left=payment is not None and payment.left_micros >= entry.amount_micros,
            claw_back_entry_new=self._is_new(entry),
        )
        self._change_left(write.payment_id, -entry.amount_micros)
        self._post(entry)
        if write.freezes:
            self._freeze(entry.wallet_id)

    def write_put_back(self, write: PutBackWrite) -> None:
        entry = write.entry
        payment = self.payments.get(write.payment_id)
        room = write.credited_micros - entry.amount_micros
        self._require(
            put_back_room=payment is not None and payment.left_micros <= room,
            put_back_entry_new=self._is_new(entry),
            put_back_of_something=(entry.wallet_id, write.undoes) in self.entries,
        )
        self._change_left(write.payment_id, entry.amount_micros)
        self._post(entry)

    def write_goodwill(self, entry: Entry, *, job_id: str) -> None:
        settled = self.entries.get((entry.wallet_id, settle_key(job_id)))
        self._require(
            goodwill_settled=settled is not None,
            goodwill_captured=settled is None or settled.kind is EntryKind.CAPTURE,
            goodwill_entry_new=self._is_new(entry),
        )
        self._post(entry)

    def write_adjustment(self, entry: Entry) -> None:
        self._require(
            adjustment_entry_new=self._is_new(entry),
            adjustment_wallet_exists=entry.wallet_id in self.balances,
        )
        self._post(entry)

    def write_freeze(self, wallet_id: str, *, payment_id: str, dispute_id: str, at_ms: int) -> None:
        payment = self.payments.get(payment_id)
        self._require(
            freeze_payment_exists=payment is not None,
            freeze_dispute_new=payment is None or dispute_id not in payment.frozen_for,
        )
        stored = self.payments[payment_id]
        self.payments[payment_id] = replace(stored, frozen_for=stored.frozen_for | {dispute_id})
        self._freeze(wallet_id)

    def unfreeze(self, wallet_id: str, *, cause: str) -> None:
        if self.balances[wallet_id].status is WalletStatus.FROZEN:
            self.balances[wallet_id] = replace(self.balances[wallet_id], status=WalletStatus.ACTIVE)

    def read_order(self, order_id: str) -> PaymentOrder | None:
        return self.orders.get(order_id)

    def read_payment(self, payment_id: str) -> StoredPayment | None:
        return self.payments.get(payment_id)

    def _is_new(self, entry: Entry) -> bool:
        return (entry.wallet_id, entry.key) not in self.entries

    def _change_left(self, payment_id: str, by_micros: int) -> None:
        payment = self.payments[payment_id]
        self.payments[payment_id] = replace(payment, left_micros=payment.left_micros + by_micros)

    def _freeze(self, wallet_id: str) -> None:
        self.balances[wallet_id] = replace(self.balances[wallet_id], status=WalletStatus.FROZEN)

    def _require(self, **conditions: bool) -> None:
        raise NotImplementedError

    def _post(self, entry: Entry, **changes: Any) -> None:
        raise NotImplementedError
