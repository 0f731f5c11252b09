"""Reading many items by their keys."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.values import Value

# DynamoDB takes no more keys in one call (AWS's API reference of BatchGetItem).
BATCH_GET_MAX: Final = 100


def batch_get(
    client: DynamoClient, *, table: str, keys: Sequence[dict[str, Value]]
) -> Iterator[dict[str, Value]]:
    """Those of the items that exist, read consistently, in any order. The keys must differ."""
    for start in range(0, len(keys), BATCH_GET_MAX):
        pending: Any = {table: {"Keys": list(keys[start : start + BATCH_GET_MAX]), "ConsistentRead": True}}
        while pending:
            answer = client.batch_get_item(RequestItems=pending)
            yield from answer["Responses"].get(table, [])
            pending = answer.get("UnprocessedKeys")
