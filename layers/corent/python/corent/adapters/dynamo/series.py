"""Series of equal requests, kept in the jobs table for as long as their clients may repeat.

pk = R#<wallet>#<series>   sk = SERIES   calls (compact JSON, the latest first), ver, ttl_s
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.outcomes import answering, is_condition
from corent.adapters.dynamo.values import Value, number, number_of, text, text_of
from corent.core.repeats import Call, Series


class DynamoSeries:
    """SeriesStore on DynamoDB."""

    def __init__(self, client: DynamoClient, *, table: str) -> None:
        self._client = client
        self._table = table

    @answering()
    def read(self, wallet_id: str, name: str) -> Series:
        answer = self._client.get_item(
            TableName=self._table, Key=_series_key(wallet_id, name), ConsistentRead=True
        )
        if "Item" not in answer:
            return Series(calls=(), version=0)
        item = answer["Item"]
        calls = tuple(_call_of(*row) for row in json.loads(text_of(item, "calls")))
        return Series(calls=calls, version=number_of(item, "ver"))

    @answering()
    def write(self, wallet_id: str, name: str, series: Series, *, expires_at_s: int) -> bool:
        rows = [_row(call) for call in series.calls]
        item = {
            **_series_key(wallet_id, name),
            "calls": text(json.dumps(rows, separators=(",", ":"))),
            "ver": number(series.version + 1),
            "ttl_s": number(expires_at_s),
        }
        try:
            self._client.put_item(TableName=self._table, Item=item, **_condition(series.version))
        except ClientError as error:
            if is_condition(error):
                return False
            raise
        return True


def _condition(version: int) -> dict[str, Any]:
    if version == 0:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {"ConditionExpression": "ver = :ver", "ExpressionAttributeValues": {":ver": number(version)}}


def _row(call: Call) -> list[Any]:
    tries = list(call.tries.items())
    return [call.id, tries, call.last_request, int(call.is_numbered), int(call.is_expected)]


def _call_of(
    call_id: str, tries: list[tuple[int, int]], last_request: str, is_numbered: int, is_expected: int
) -> Call:
    return Call(
        id=call_id,
        tries=dict(tries),
        last_request=last_request,
        is_numbered=bool(is_numbered),
        is_expected=bool(is_expected),
    )


def _series_key(wallet_id: str, name: str) -> dict[str, Value]:
    return {"pk": text(f"R#{wallet_id}#{name}"), "sk": text("SERIES")}
