"""Health table: two documents, each with a version that every update raises by one, and the trials under way.

pk = HEALTH        sk = LIVE    doc (health_items.py)  ver
pk = HEALTH        sk = STATUS  doc (health_items.py)  ver
pk = TRIAL#<offer> sk = TRIAL   until_ms
"""

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from botocore.exceptions import ClientError

from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.health_items import (
    Stored,
    dump_health,
    dump_status,
    load_health,
    load_status,
)
from corent.adapters.dynamo.outcomes import answering, is_condition, is_unknown
from corent.adapters.dynamo.values import Value, number, number_of, text, text_of
from corent.core.clock import Clock
from corent.health.document import HealthDocument
from corent.health.status import StatusDocument
from corent.health.store import HealthContendedError

# A hundred writers at once need about as many rounds; each pauses for a random while before its next.
UPDATE_FOR_S: Final = 20.0
PAUSE_MIN_S: Final = 0.02
PAUSE_MAX_S: Final = 0.5


class DynamoHealth:
    """HealthStore on DynamoDB; the version is what keeps concurrent writers from losing updates."""

    def __init__(self, client: DynamoClient, *, table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._random = Random()  # noqa: S311 - spreads writers out; guards nothing

    @answering()
    def read(self) -> HealthDocument:
        return load_health(self._read("LIVE", consistent=False)[0])

    @answering()
    def read_status(self) -> StatusDocument:
        return load_status(self._read("STATUS", consistent=False)[0])

    @answering()
    def update(self, fold: Callable[[HealthDocument], HealthDocument]) -> HealthDocument:
        return self._update("LIVE", fold, load=load_health, dump=dump_health)

    @answering()
    def update_status(self, step: Callable[[StatusDocument], StatusDocument]) -> None:
        self._update("STATUS", step, load=load_status, dump=dump_status)

    @answering()
    def claim_trial(self, offer_id: str, *, now_ms: int, until_ms: int) -> bool:
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"pk": text(f"TRIAL#{offer_id}"), "sk": text("TRIAL")},
                UpdateExpression="SET until_ms = :until",
                ConditionExpression="attribute_not_exists(until_ms) OR until_ms <= :now",
                ExpressionAttributeValues={":until": number(until_ms), ":now": number(now_ms)},
            )
        except ClientError as error:
            if is_condition(error):
                return False
            raise
        return True

    def _update[Document](
        self,
        name: str,
        change: Callable[[Document], Document],
        *,
        load: Callable[[Stored], Document],
        dump: Callable[[Document], Stored],
    ) -> Document:
        until_s = self._clock.monotonic_s() + UPDATE_FOR_S
        pause_s = PAUSE_MIN_S
        while True:
            stored, version = self._read(name, consistent=True)
            changed = change(load(stored))
            if self._replace(name, dump(changed), version=version):
                return changed
            if self._clock.monotonic_s() >= until_s:
                raise HealthContendedError(f"{name} was changed by others for {UPDATE_FOR_S} s")
            self._clock.sleep(self._random.uniform(0, pause_s))
            pause_s = min(PAUSE_MAX_S, 2 * pause_s)

    def _read(self, name: str, *, consistent: bool) -> tuple[Any, int]:
        answer = self._client.get_item(TableName=self._table, Key=_key(name), ConsistentRead=consistent)
        if "Item" not in answer:
            return {}, 0
        return json.loads(text_of(answer["Item"], "doc")), number_of(answer["Item"], "ver")

    def _replace(self, name: str, stored: Stored, *, version: int) -> bool:
        """Whether it was written: not where it has another version by now, or where nobody knows."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    **_key(name),
                    "doc": text(json.dumps(stored, separators=(",", ":"))),
                    "ver": number(version + 1),
                },
                ConditionExpression="attribute_not_exists(pk) OR ver = :ver",
                ExpressionAttributeValues={":ver": number(version)},
            )
        except ClientError as error:
            if is_condition(error) or is_unknown(error):
                return False
            raise
        return True


def _key(name: str) -> dict[str, Value]:
    return {"pk": text("HEALTH"), "sk": text(name)}
