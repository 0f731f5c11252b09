"""Card money: orders, payments, and the ledger's transactions on them, all in the balances table.

Items are drawn in ledger_items.py. The order of a transaction's actions is fixed.
"""

from botocore.exceptions import ClientError

from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.ledger_items import (
    NOTE,
    balance_key,
    balance_of,
    entry_key,
    entry_of,
    freeze_balance,
    payment_key,
    payment_of,
    put_entry,
    update_balance,
)
from corent.adapters.dynamo.outcomes import answering, is_condition
from corent.adapters.dynamo.transactions import ABSENT, PRESENT, Action, transact
from corent.adapters.dynamo.values import Value, number, number_of, optional_text, text, text_of
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


class DynamoPayments:
    """PaymentStore on DynamoDB; the transaction is what makes a posting exactly-once."""

    def __init__(self, client: DynamoClient, *, table: str) -> None:
        self._client = client
        self._table = table

    def write_order(self, order: PaymentOrder, *, at_ms: int) -> None:
        item = {
            **_order_key(order.id),
            "acct": text(order.wallet_id),
            "amount": number(order.amount_micros),
            "currency": text(order.currency),
            "state": text(order.state.value),
            "at": number(at_ms),
        }
        put = {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": ABSENT}}
        transact(self._client, [put], name=order.id)

    def write_deposit(self, write: DepositWrite) -> None:
        entry = write.entry
        order: Action = {
            "Update": {
                "TableName": self._table,
                "Key": _order_key(write.order_id),
                "UpdateExpression": "SET #state = :credited, pi = :pi",
                "ConditionExpression": "#state = :created AND acct = :acct AND amount = :a",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": {
                    ":credited": text(OrderState.CREDITED.value),
                    ":created": text(OrderState.CREATED.value),
                    ":pi": text(write.payment_id),
                    ":acct": text(entry.wallet_id),
                    ":a": number(entry.amount_micros),
                },
            }
        }
        payment: Action = {
            "Put": {
                "TableName": self._table,
                "Item": {
                    **payment_key(write.payment_id),
                    "acct": text(entry.wallet_id),
                    "credited": number(entry.amount_micros),
                    "left": number(entry.amount_micros),
                },
                "ConditionExpression": ABSENT,
            }
        }
        actions = [order, payment, put_entry(self._table, entry), self._move(entry)]
        transact(self._client, actions, name=entry.key)

    def write_claw_back(self, write: ClawBackWrite) -> None:
        entry = write.entry
        payment: Action = {
            "Update": {
                "TableName": self._table,
                "Key": payment_key(write.payment_id),
                "UpdateExpression": "SET #left = #left - :x",
                "ConditionExpression": "#left >= :x",
                "ExpressionAttributeNames": {"#left": "left"},
                "ExpressionAttributeValues": {":x": number(entry.amount_micros)},
            }
        }
        balance = self._move(entry, frozen_by=entry.key if write.freezes else None)
        transact(self._client, [payment, put_entry(self._table, entry), balance], name=entry.key)

    def write_put_back(self, write: PutBackWrite) -> None:
        entry = write.entry
        payment: Action = {
            "Update": {
                "TableName": self._table,
                "Key": payment_key(write.payment_id),
                "UpdateExpression": "SET #left = #left + :x",
                "ConditionExpression": "#left <= :room",
                "ExpressionAttributeNames": {"#left": "left"},
                "ExpressionAttributeValues": {
                    ":x": number(entry.amount_micros),
                    ":room": number(write.credited_micros - entry.amount_micros),
                },
            }
        }
        undone = self._check_entry(entry.wallet_id, key=write.undoes)
        actions = [payment, put_entry(self._table, entry), undone, self._move(entry)]
        transact(self._client, actions, name=entry.key)

    def write_goodwill(self, entry: Entry, *, job_id: str) -> None:
        captured = self._check_entry(entry.wallet_id, key=settle_key(job_id), kind=EntryKind.CAPTURE)
        actions = [captured, put_entry(self._table, entry), self._move(entry)]
        transact(self._client, actions, name=entry.key)

    def write_adjustment(self, entry: Entry) -> None:
        transact(self._client, [put_entry(self._table, entry), self._move(entry)], name=entry.key)

    def write_freeze(self, wallet_id: str, *, payment_id: str, dispute_id: str, at_ms: int) -> None:
        payment: Action = {
            "Update": {
                "TableName": self._table,
                "Key": payment_key(payment_id),
                "UpdateExpression": "SET #note = :at",
                "ConditionExpression": f"{PRESENT} AND attribute_not_exists(#note)",
                "ExpressionAttributeNames": {"#note": f"{NOTE}{dispute_id}"},
                "ExpressionAttributeValues": {":at": number(at_ms)},
            }
        }
        balance = {"Update": freeze_balance(self._table, wallet_id, cause=f"dispute#{dispute_id}")}
        transact(self._client, [payment, balance], name=dispute_id)

    @answering()
    def freeze(self, wallet_id: str, *, cause: str) -> None:
        self._client.update_item(**freeze_balance(self._table, wallet_id, cause=cause))

    @answering()
    def unfreeze(self, wallet_id: str, *, cause: str) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=balance_key(wallet_id),
                UpdateExpression="SET #status = :active, #cause = :cause",
                ConditionExpression="#status = :frozen",
                ExpressionAttributeNames={"#status": "status", "#cause": "cause"},
                ExpressionAttributeValues={
                    ":active": text(WalletStatus.ACTIVE.value),
                    ":frozen": text(WalletStatus.FROZEN.value),
                    ":cause": text(cause),
                },
            )
        except ClientError as error:
            if not is_condition(error):
                raise

    def read_order(self, order_id: str) -> PaymentOrder | None:
        item = self._read(_order_key(order_id))
        if item is None:
            return None
        return PaymentOrder(
            id=order_id,
            wallet_id=text_of(item, "acct"),
            amount_micros=number_of(item, "amount"),
            currency=text_of(item, "currency"),
            state=OrderState(text_of(item, "state")),
            payment_id=optional_text(item, "pi"),
        )

    def read_payment(self, payment_id: str) -> StoredPayment | None:
        item = self._read(payment_key(payment_id))
        return payment_of(item) if item is not None else None

    def read_entry(self, wallet_id: str, *, key: str) -> Entry | None:
        item = self._read(entry_key(wallet_id, key))
        return entry_of(item) if item is not None else None

    def read_balance(self, wallet_id: str) -> Balance | None:
        item = self._read(balance_key(wallet_id))
        return balance_of(item) if item is not None else None

    @answering()
    def _read(self, key: dict[str, Value]) -> dict[str, Value] | None:
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        item: dict[str, Value] | None = answer.get("Item")
        return item

    def _move(self, entry: Entry, *, frozen_by: str | None = None) -> Action:
        """Change the balance by what the entry does to it: money in or out, never from what is held."""
        if entry.effect.available > 0:
            update = "SET available = available + :a, credits = credits + :a, ver = ver + :o"
        else:
            update = "SET available = available - :a, debits = debits + :a, ver = ver + :o"
        values = {":a": number(entry.amount_micros), ":o": number(1)}
        names = None
        if frozen_by is not None:
            update += ", #status = :frozen, #cause = :cause"
            values |= {":frozen": text(WalletStatus.FROZEN.value), ":cause": text(frozen_by)}
            names = {"#status": "status", "#cause": "cause"}
        return update_balance(
            self._table,
            entry.wallet_id,
            at_ms=entry.at_ms,
            update=update,
            condition=PRESENT,
            values=values,
            names=names,
        )

    def _check_entry(self, wallet_id: str, *, key: str, kind: EntryKind | None = None) -> Action:
        """Require that an entry is posted, of that kind."""
        check = {"TableName": self._table, "Key": entry_key(wallet_id, key), "ConditionExpression": PRESENT}
        if kind is not None:
            check |= {
                "ConditionExpression": "kind = :kind",
                "ExpressionAttributeValues": {":kind": text(kind.value)},
            }
        return {"ConditionCheck": check}


def _order_key(order_id: str) -> dict[str, Value]:
    return {"pk": text(f"CS#{order_id}"), "sk": text("CS")}
