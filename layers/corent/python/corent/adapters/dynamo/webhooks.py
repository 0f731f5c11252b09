"""Jobs table: one item an owed webhook, beside its job, batch or notice, and five a sending wallet.

    pk = J#<job> or B#<batch>  sk = OUT#terminal  wallet, status, due_ms, tries, tries_before, failures, log;
         or V#<notice>                            owed_shard and owed_by_s while pending
    pk = W#<wallet>            sk = SLOT#<0-4>    until_ms; ttl_s for the clean-up

    index owed_webhooks   owed_shard, owed_by_s   pending webhooks by when they are taken for forgotten

The owner is called `wallet` here: `acct` would put these items into the index of a wallet's jobs. The log is
compact JSON, one [at_ms, outcome, status_class, duration_ms] a try.
"""

import json
import zlib
from collections.abc import Sequence
from typing import Final

from botocore.exceptions import ClientError

from corent.adapters.dynamo.batch_get import batch_get
from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.outcomes import answering, is_condition
from corent.adapters.dynamo.values import Value, number, number_of, optional_number, text, text_of
from corent.webhooks.outbox import DeliveryStatus, Outbox, Outcome, Try, new_outbox

OWED_SHARDS: Final = 4
FORGOTTEN_PER_SHARD_MAX: Final = 100
SLOTS_PER_WALLET: Final = 5
SLOT_KEPT_S: Final = 86_400
_PREFIXES: Final = {"job": "J#", "batch": "B#", "evt": "V#"}


class DynamoOutbox:
    """OutboxStore on DynamoDB; the condition of `replace` is what keeps two workers from one try."""

    def __init__(self, client: DynamoClient, *, table: str) -> None:
        self._client = client
        self._table = table

    @answering()
    def read(self, subject_id: str) -> Outbox | None:
        answer = self._client.get_item(TableName=self._table, Key=outbox_key(subject_id), ConsistentRead=True)
        return _outbox_of(answer["Item"]) if "Item" in answer else None

    @answering()
    def read_many(self, subject_ids: Sequence[str]) -> dict[str, Outbox]:
        keys = [outbox_key(each) for each in subject_ids]
        items = batch_get(self._client, table=self._table, keys=keys)
        return {_subject_of(item): _outbox_of(item) for item in items}

    @answering()
    def replace(self, before: Outbox, after: Outbox) -> bool:
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item_of(after),
                ConditionExpression="#status = :status AND tries = :tries AND due_ms = :due",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={
                    ":status": text(before.status.value),
                    ":tries": number(before.tries),
                    ":due": number(before.due_ms),
                },
            )
        except ClientError as error:
            if is_condition(error):
                return False
            raise
        return True

    @answering()
    def forgotten(self, *, now_s: int) -> list[str]:
        found: list[str] = []
        for shard in range(OWED_SHARDS):
            answer = self._client.query(
                TableName=self._table,
                IndexName="owed_webhooks",
                KeyConditionExpression="owed_shard = :shard AND owed_by_s <= :now",
                ExpressionAttributeValues={":shard": text(str(shard)), ":now": number(now_s)},
                Limit=FORGOTTEN_PER_SHARD_MAX,
            )
            found += [_subject_of(item) for item in answer["Items"]]
        return found


class DynamoSlots:
    """SendingSlots on DynamoDB: a slot is an item with a lease, so a dead worker's comes back by itself."""

    def __init__(self, client: DynamoClient, *, table: str) -> None:
        self._client = client
        self._table = table

    @answering()
    def take(self, wallet_id: str, *, now_ms: int, until_ms: int, random: float) -> int | None:
        first = int(random * SLOTS_PER_WALLET)
        for place in range(first, first + SLOTS_PER_WALLET):
            slot = place % SLOTS_PER_WALLET
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item={
                        **_slot_key(wallet_id, slot=slot),
                        "until_ms": number(until_ms),
                        "ttl_s": number(until_ms // 1000 + SLOT_KEPT_S),
                    },
                    ConditionExpression="attribute_not_exists(pk) OR until_ms <= :now",
                    ExpressionAttributeValues={":now": number(now_ms)},
                )
            except ClientError as error:
                if not is_condition(error):
                    raise
            else:
                return slot
        return None

    @answering()
    def give_back(self, wallet_id: str, *, slot: int, until_ms: int) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_slot_key(wallet_id, slot=slot),
                UpdateExpression="SET until_ms = :free",
                ConditionExpression="until_ms = :mine",
                ExpressionAttributeValues={":free": number(0), ":mine": number(until_ms)},
            )
        except ClientError as error:
            if not is_condition(error):
                raise


def outbox_key(subject_id: str) -> dict[str, Value]:
    prefix = _PREFIXES[subject_id.partition("_")[0]]
    return {"pk": text(prefix + subject_id), "sk": text("OUT#terminal")}


def new_outbox_item(subject_id: str, *, wallet_id: str, now_ms: int) -> dict[str, Value]:
    """The item that the write which ends a job or batch puts beside it, where nothing was owed before."""
    return _item_of(new_outbox(subject_id, wallet_id=wallet_id, now_ms=now_ms))


def _item_of(outbox: Outbox) -> dict[str, Value]:
    item = {
        **outbox_key(outbox.subject_id),
        "wallet": text(outbox.wallet_id),
        "status": text(outbox.status.value),
        "due_ms": number(outbox.due_ms),
        "tries": number(outbox.tries),
        "tries_before": number(outbox.tries_before),
        "failures": number(outbox.failures),
        "log": text(_dump_log(outbox.log)),
    }
    if outbox.owed_by_s is not None:
        item["owed_shard"] = text(str(zlib.crc32(outbox.subject_id.encode()) % OWED_SHARDS))
        item["owed_by_s"] = number(outbox.owed_by_s)
    return item


def _outbox_of(item: dict[str, Value]) -> Outbox:
    return Outbox(
        subject_id=_subject_of(item),
        wallet_id=text_of(item, "wallet"),
        status=DeliveryStatus(text_of(item, "status")),
        due_ms=number_of(item, "due_ms"),
        owed_by_s=optional_number(item, "owed_by_s"),
        tries=number_of(item, "tries"),
        tries_before=number_of(item, "tries_before"),
        failures=number_of(item, "failures"),
        log=_load_log(text_of(item, "log")),
    )


def _subject_of(item: dict[str, Value]) -> str:
    return text_of(item, "pk").partition("#")[2]


def _dump_log(log: tuple[Try, ...]) -> str:
    rows = [[each.at_ms, each.outcome.value, each.status_class, each.duration_ms] for each in log]
    return json.dumps(rows, separators=(",", ":"))


def _load_log(stored: str) -> tuple[Try, ...]:
    return tuple(
        Try(at_ms=row[0], outcome=Outcome(row[1]), status_class=row[2], duration_ms=row[3])
        for row in json.loads(stored)
    )


def _slot_key(wallet_id: str, *, slot: int) -> dict[str, Value]:
    return {"pk": text(f"W#{wallet_id}"), "sk": text(f"SLOT#{slot}")}
