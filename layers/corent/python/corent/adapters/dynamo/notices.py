"""Alerts and notices: in the jobs table, where the sender of webhooks may read, and a mark on the balance.

jobs      pk = A#<wallet>  sk = ALERT   low_at, hook, seal, last
jobs      pk = V#<notice>  sk = EVENT   wallet, type, at, data, hook, seal; OUT#terminal beside it
balances  pk = A#<wallet>  sk = BAL     low_at while there is an alert, low_told while it is told of
"""

import json
from typing import Any

from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.ledger_items import balance_key
from corent.adapters.dynamo.outcomes import answering
from corent.adapters.dynamo.transactions import ABSENT, PRESENT, Action, transact
from corent.adapters.dynamo.values import Value, number, number_of, optional_text, text, text_of
from corent.adapters.dynamo.webhooks import new_outbox_item
from corent.core.writes import ConditionFailedError
from corent.notices.notice import Alert, Notice, NoticeType


class DynamoNotices:
    """NoticeStore on DynamoDB."""

    def __init__(self, client: DynamoClient, *, balances_table: str, jobs_table: str) -> None:
        self._client = client
        self._balances = balances_table
        self._jobs = jobs_table

    @answering()
    def read_alert(self, wallet_id: str) -> Alert | None:
        item = self._read(_alert_key(wallet_id))
        if item is None:
            return None
        return Alert(
            wallet_id=wallet_id,
            low_micros=number_of(item, "low_at"),
            url=text_of(item, "hook"),
            sealed_secret=optional_text(item, "seal"),
            last_event_id=optional_text(item, "last"),
        )

    def set_alert(self, alert: Alert) -> None:
        item = {
            **_alert_key(alert.wallet_id),
            "low_at": number(alert.low_micros),
            **_address(alert.url, alert.sealed_secret),
            **({"last": text(alert.last_event_id)} if alert.last_event_id is not None else {}),
        }
        # A new threshold begins anew: whoever is below it already is told.
        watch = self._change_balance(
            alert.wallet_id,
            update="SET low_at = :low REMOVE low_told",
            condition=PRESENT,
            values={":low": number(alert.low_micros)},
        )
        transact(self._client, [{"Put": {"TableName": self._jobs, "Item": item}}, watch], name="alert")

    def remove_alert(self, wallet_id: str) -> None:
        forget: Action = {"Delete": {"TableName": self._jobs, "Key": _alert_key(wallet_id)}}
        unwatch = self._change_balance(wallet_id, update="REMOVE low_at, low_told", condition=PRESENT)
        transact(self._client, [forget, unwatch], name="alert")

    def tell_low(self, notice: Notice, *, low_micros: int) -> bool:
        told = self._change_balance(
            notice.wallet_id,
            update="SET low_told = :at",
            condition="low_at = :low AND available < :low AND attribute_not_exists(low_told)",
            values={":low": number(low_micros), ":at": number(notice.at_ms)},
        )
        try:
            transact(self._client, [told, *owe(notice, table=self._jobs)], name=notice.id)
        except ConditionFailedError:
            return False
        return True

    def forget_low(self, wallet_id: str, *, low_micros: int) -> None:
        risen = self._change_balance(
            wallet_id,
            update="REMOVE low_told",
            condition="low_at = :low AND available >= :low",
            values={":low": number(low_micros)},
        )
        try:
            transact(self._client, [risen], name="risen")
        except ConditionFailedError:
            return

    @answering()
    def read_notice(self, notice_id: str) -> Notice | None:
        item = self._read(_notice_key(notice_id))
        if item is None:
            return None
        return Notice(
            id=notice_id,
            wallet_id=text_of(item, "wallet"),
            type=NoticeType(text_of(item, "type")),
            at_ms=number_of(item, "at"),
            data=json.loads(text_of(item, "data")),
            url=text_of(item, "hook"),
            sealed_secret=optional_text(item, "seal"),
        )

    def _read(self, key: dict[str, Value]) -> dict[str, Value] | None:
        answer = self._client.get_item(TableName=self._jobs, Key=key, ConsistentRead=True)
        item: dict[str, Value] | None = answer.get("Item")
        return item

    def _change_balance(
        self, wallet_id: str, *, update: str, condition: str, values: dict[str, Value] | None = None
    ) -> Action:
        """Change what is watched for, and no money."""
        change: dict[str, Any] = {
            "TableName": self._balances,
            "Key": balance_key(wallet_id),
            "UpdateExpression": update,
            "ConditionExpression": condition,
        }
        return {"Update": change | ({"ExpressionAttributeValues": values} if values else {})}


def owe(notice: Notice, *, table: str) -> list[Action]:
    """The notice, the webhook it is owed by, and that the alert has it as its last."""
    item = {
        **_notice_key(notice.id),
        "wallet": text(notice.wallet_id),
        "type": text(notice.type.value),
        "at": number(notice.at_ms),
        "data": text(json.dumps(notice.data, separators=(",", ":"))),
        **_address(notice.url, notice.sealed_secret),
    }
    owed = new_outbox_item(notice.id, wallet_id=notice.wallet_id, now_ms=notice.at_ms)
    return [
        {"Put": {"TableName": table, "Item": item, "ConditionExpression": ABSENT}},
        {"Put": {"TableName": table, "Item": owed, "ConditionExpression": ABSENT}},
        {
            "Update": {
                "TableName": table,
                "Key": _alert_key(notice.wallet_id),
                "UpdateExpression": "SET #last = :id",
                "ConditionExpression": PRESENT,
                "ExpressionAttributeNames": {"#last": "last"},
                "ExpressionAttributeValues": {":id": text(notice.id)},
            }
        },
    ]


def _alert_key(wallet_id: str) -> dict[str, Value]:
    return {"pk": text(f"A#{wallet_id}"), "sk": text("ALERT")}


def _notice_key(notice_id: str) -> dict[str, Value]:
    return {"pk": text(f"V#{notice_id}"), "sk": text("EVENT")}


def _address(url: str, sealed_secret: str | None) -> dict[str, Value]:
    return {"hook": text(url), **({"seal": text(sealed_secret)} if sealed_secret is not None else {})}
