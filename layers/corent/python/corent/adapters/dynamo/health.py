"""Health table: two documents, each with a version that every update raises by one.

pk = HEALTH  sk = OFFERS  doc {"r": {offer: [[success, ms], …]}, "d": day, "s": {upstream: micros}}  ver
pk = HEALTH  sk = TIERS   doc {"r": {tier: [[success, ms], …]}, "d": {tier: {day: [ok, all]}}, "t": ms}  ver
"""

import json
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError

from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.outcomes import (
    UNKNOWN_REASONS,
    answering,
    is_unknown,
    reason_codes,
)
from corent.adapters.dynamo.values import Value, number, number_of, text, text_of
from corent.health.results import DayCount, OfferWindow, Result, Spend, TierWindow
from corent.health.store import HealthContendedError

UPDATE_TRIES: Final = 8


class DynamoHealth:
    """HealthStore on DynamoDB; the version is what keeps concurrent writers from losing updates."""

    def __init__(self, client: DynamoClient, *, table: str) -> None:
        self._client = client
        self._table = table

    @answering()
    def read_offers(self) -> OfferWindow:
        return _load_offers(self._read("OFFERS", consistent=False)[0])

    @answering()
    def read_tiers(self) -> TierWindow:
        return _load_tiers(self._read("TIERS", consistent=False)[0])

    def update(
        self,
        fold: Callable[[OfferWindow, TierWindow], tuple[OfferWindow, TierWindow]],
    ) -> None:
        for _ in range(UPDATE_TRIES):
            offers_doc, offers_version = self._read("OFFERS", consistent=True)
            tiers_doc, tiers_version = self._read("TIERS", consistent=True)
            offers, tiers = fold(_load_offers(offers_doc), _load_tiers(tiers_doc))
            try:
                self._client.transact_write_items(
                    TransactItems=[
                        self._replace("OFFERS", _dump_offers(offers), version=offers_version),
                        self._replace("TIERS", _dump_tiers(tiers), version=tiers_version),
                    ]
                )
            except ClientError as error:
                lost = UNKNOWN_REASONS | {"ConditionalCheckFailed"}
                if not (is_unknown(error) or lost.intersection(reason_codes(error))):
                    raise
            else:
                return
        raise HealthContendedError(f"health was changed by others {UPDATE_TRIES} times in a row")

    def _read(self, document: str, *, consistent: bool) -> tuple[Any, int]:
        answer = self._client.get_item(TableName=self._table, Key=_key(document), ConsistentRead=consistent)
        if "Item" not in answer:
            return {}, 0
        return json.loads(text_of(answer["Item"], "doc")), number_of(answer["Item"], "ver")

    def _replace(self, document: str, content: Any, *, version: int) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._table,
                "Item": {
                    **_key(document),
                    "doc": text(json.dumps(content, separators=(",", ":"))),
                    "ver": number(version + 1),
                },
                "ConditionExpression": "attribute_not_exists(pk) OR ver = :ver",
                "ExpressionAttributeValues": {":ver": number(version)},
            }
        }


def _key(document: str) -> dict[str, Value]:
    return {"pk": text("HEALTH"), "sk": text(document)}


def _dump_offers(window: OfferWindow) -> Any:
    return {
        "r": {offer: _dump_results(results) for offer, results in window.results.items()},
        "d": window.spend.day,
        "s": window.spend.micros,
    }


def _load_offers(document: Any) -> OfferWindow:
    return OfferWindow(
        results={offer: _load_results(rows) for offer, rows in document.get("r", {}).items()},
        spend=Spend(day=document.get("d", ""), micros=document.get("s", {})),
    )


def _dump_tiers(window: TierWindow) -> Any:
    return {
        "r": {tier: _dump_results(results) for tier, results in window.results.items()},
        "d": {
            tier: {day: [count.successes, count.total] for day, count in days.items()}
            for tier, days in window.days.items()
        },
        "t": window.updated_at_ms,
    }


def _load_tiers(document: Any) -> TierWindow:
    return TierWindow(
        results={tier: _load_results(rows) for tier, rows in document.get("r", {}).items()},
        days={
            tier: {day: DayCount(successes=row[0], total=row[1]) for day, row in days.items()}
            for tier, days in document.get("d", {}).items()
        },
        updated_at_ms=document.get("t"),
    )


def _dump_results(results: tuple[Result, ...]) -> list[list[int]]:
    return [[int(result.success), result.duration_ms] for result in results]


def _load_results(rows: list[list[int]]) -> tuple[Result, ...]:
    return tuple(Result(success=bool(row[0]), duration_ms=row[1]) for row in rows)
