"""Automatic top-ups and saved cards, in the balances table, and what the balance is watched for.

pk = A#<wallet>  sk = TOPUP   threshold, amount, cap, is_on, off_reason, off_at, crossings, order,
                              order_amount, month, month_amount, rev
pk = A#<wallet>  sk = CARD    customer, method, saved_at
pk = A#<wallet>  sk = BAL     topup_at while a fall below it is to be acted on; topup_capped
"""

from typing import Any

from botocore.exceptions import ClientError

from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.ledger_items import balance_key
from corent.adapters.dynamo.notices import owe
from corent.adapters.dynamo.outcomes import answering, is_condition
from corent.adapters.dynamo.transactions import ABSENT, PRESENT, Action, transact
from corent.adapters.dynamo.values import (
    Value,
    number,
    number_of,
    optional_number,
    optional_text,
    text,
    text_of,
)
from corent.core.writes import ConditionFailedError
from corent.notices.notice import Notice
from corent.payments.topup import OffReason, SavedCard, TopUp


class DynamoTopUps:
    """TopUpStore on DynamoDB; the revision is what keeps two workers from one crossing."""

    def __init__(self, client: DynamoClient, *, balances_table: str, jobs_table: str) -> None:
        self._client = client
        self._balances = balances_table
        self._jobs = jobs_table

    @answering()
    def read(self, wallet_id: str) -> TopUp | None:
        answer = self._client.get_item(
            TableName=self._balances, Key=_key(wallet_id, "TOPUP"), ConsistentRead=True
        )
        return _topup_of(answer["Item"], wallet_id) if "Item" in answer else None

    @answering()
    def read_card(self, wallet_id: str) -> SavedCard | None:
        answer = self._client.get_item(
            TableName=self._balances, Key=_key(wallet_id, "CARD"), ConsistentRead=True
        )
        if "Item" not in answer:
            return None
        item = answer["Item"]
        return SavedCard(
            customer_id=text_of(item, "customer"),
            method_id=text_of(item, "method"),
            saved_at_s=number_of(item, "saved_at"),
        )

    @answering()
    def keep_card(self, wallet_id: str, card: SavedCard) -> None:
        try:
            self._client.put_item(
                TableName=self._balances,
                Item={
                    **_key(wallet_id, "CARD"),
                    "customer": text(card.customer_id),
                    "method": text(card.method_id),
                    "saved_at": number(card.saved_at_s),
                },
                ConditionExpression=f"{ABSENT} OR saved_at <= :at",
                ExpressionAttributeValues={":at": number(card.saved_at_s)},
            )
        except ClientError as error:
            if not is_condition(error):
                raise

    def replace(self, before: TopUp | None, after: TopUp, *, notice: Notice | None = None) -> bool:
        condition: dict[str, Any] = {"ConditionExpression": ABSENT}
        if before is not None:
            condition = {
                "ConditionExpression": "rev = :rev",
                "ExpressionAttributeValues": {":rev": number(before.revision)},
            }
        revision = 0 if before is None else before.revision + 1
        put: Action = {"Put": {"TableName": self._balances, "Item": _item_of(after, revision), **condition}}
        watch: dict[str, Any] = {"UpdateExpression": "REMOVE topup_at, topup_capped"}
        if after.watch_below_micros is not None:
            watch = {
                "UpdateExpression": "SET topup_at = :at REMOVE topup_capped",
                "ExpressionAttributeValues": {":at": number(after.watch_below_micros)},
            }
        actions = [put, self._change_balance(after.wallet_id, watch)]
        if notice is not None:
            actions += owe(notice, table=self._jobs)
        try:
            transact(self._client, actions, name=f"topup {after.wallet_id}")
        except ConditionFailedError:
            return False
        return True

    @answering()
    def note_capped(self, wallet_id: str, *, month: str) -> None:
        self._client.update_item(
            TableName=self._balances,
            Key=balance_key(wallet_id),
            UpdateExpression="SET topup_capped = :month",
            ConditionExpression=PRESENT,
            ExpressionAttributeValues={":month": text(month)},
        )

    def _change_balance(self, wallet_id: str, change: dict[str, Any]) -> Action:
        return {
            "Update": {
                "TableName": self._balances,
                "Key": balance_key(wallet_id),
                "ConditionExpression": PRESENT,
                **change,
            }
        }


def _key(wallet_id: str, kind: str) -> dict[str, Value]:
    return {"pk": text(f"A#{wallet_id}"), "sk": text(kind)}


def _item_of(topup: TopUp, revision: int) -> dict[str, Value]:
    item = {
        **_key(topup.wallet_id, "TOPUP"),
        "threshold": number(topup.threshold_micros),
        "amount": number(topup.amount_micros),
        "cap": number(topup.monthly_cap_micros),
        "is_on": number(int(topup.is_on)),
        "crossings": number(topup.crossings),
        "order_amount": number(topup.order_micros),
        "month": text(topup.month),
        "month_amount": number(topup.month_micros),
        "rev": number(revision),
    }
    if topup.off_reason is not None and topup.off_at_ms is not None:
        item |= {"off_reason": text(topup.off_reason.value), "off_at": number(topup.off_at_ms)}
    if topup.order_id is not None:
        item["order"] = text(topup.order_id)
    return item


def _topup_of(item: dict[str, Value], wallet_id: str) -> TopUp:
    reason = optional_text(item, "off_reason")
    return TopUp(
        wallet_id=wallet_id,
        threshold_micros=number_of(item, "threshold"),
        amount_micros=number_of(item, "amount"),
        monthly_cap_micros=number_of(item, "cap"),
        is_on=number_of(item, "is_on") == 1,
        off_reason=OffReason(reason) if reason is not None else None,
        off_at_ms=optional_number(item, "off_at"),
        crossings=number_of(item, "crossings"),
        order_id=optional_text(item, "order"),
        order_micros=number_of(item, "order_amount"),
        month=text_of(item, "month"),
        month_micros=number_of(item, "month_amount"),
        revision=number_of(item, "rev"),
    )
