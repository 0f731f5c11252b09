"""Windows in the keys table: one item a limited thing, with the times that still count.

pk = W#<name>   sk = WINDOW   times (milliseconds, oldest first, with spaces between), ttl_s
"""

from typing import Any

from botocore.exceptions import ClientError

from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.outcomes import answering, is_condition
from corent.adapters.dynamo.values import Value, number, text, text_of


class DynamoWindows:
    """WindowStore on DynamoDB."""

    def __init__(self, client: DynamoClient, *, table: str) -> None:
        self._client = client
        self._table = table

    @answering()
    def read(self, name: str) -> tuple[int, ...]:
        answer = self._client.get_item(TableName=self._table, Key=_key(name), ConsistentRead=True)
        return tuple(map(int, text_of(answer["Item"], "times").split())) if "Item" in answer else ()

    @answering()
    def replace(
        self, name: str, before: tuple[int, ...], after: tuple[int, ...], *, keep_until_s: int
    ) -> bool:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if before:
            condition = {
                "ConditionExpression": "#times = :before",
                "ExpressionAttributeNames": {"#times": "times"},
                "ExpressionAttributeValues": {":before": text(_joined(before))},
            }
        item = {**_key(name), "times": text(_joined(after)), "ttl_s": number(keep_until_s)}
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition)
        except ClientError as error:
            if is_condition(error):
                return False
            raise
        return True


def _key(name: str) -> dict[str, Value]:
    return {"pk": text(f"W#{name}"), "sk": text("WINDOW")}


def _joined(times_ms: tuple[int, ...]) -> str:
    return " ".join(map(str, times_ms))
