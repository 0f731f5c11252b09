"""Callers' idempotency keys, kept in the jobs table (job_items.py draws the item)."""

from typing import Any

from botocore.exceptions import ClientError

from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.outcomes import answering, is_condition
from corent.adapters.dynamo.values import Value, number, number_of, text, text_of
from corent.core.idempotency import IdempotencyClaim, IdempotencyRecord


class DynamoClaims:
    """ClaimStore on DynamoDB."""

    def __init__(self, client: DynamoClient, *, table: str) -> None:
        self._client = client
        self._table = table

    @answering()
    def read_idempotency(self, wallet_id: str, *, key_sha256: str) -> IdempotencyRecord | None:
        answer = self._client.get_item(
            TableName=self._table, Key=_claim_key(wallet_id, key_sha256), ConsistentRead=True
        )
        if "Item" not in answer:
            return None
        item = answer["Item"]
        return IdempotencyRecord(
            fingerprint=text_of(item, "fp"),
            purchase_id=text_of(item, "job"),
            expires_at_s=number_of(item, "exp"),
        )

    @answering()
    def claim(self, wallet_id: str, claim: IdempotencyClaim, *, purchase_id: str, now_s: int) -> bool:
        try:
            self._client.put_item(
                **put_claim(self._table, wallet_id, claim, purchase_id=purchase_id, now_s=now_s)
            )
        except ClientError as error:
            if is_condition(error):
                return False
            raise
        return True


def put_claim(
    table: str, wallet_id: str, claim: IdempotencyClaim, *, purchase_id: str, now_s: int
) -> dict[str, Any]:
    """A put of the record, unless one is in force: expired ones stay visible until TTL gets to them."""
    return {
        "TableName": table,
        "Item": {
            **_claim_key(wallet_id, claim.key_sha256),
            "fp": text(claim.fingerprint),
            "job": text(purchase_id),
            "exp": number(claim.expires_at_s),
            "ttl_s": number(claim.expires_at_s),
        },
        "ConditionExpression": "attribute_not_exists(pk) OR #exp < :now",
        "ExpressionAttributeNames": {"#exp": "exp"},
        "ExpressionAttributeValues": {":now": number(now_s)},
    }


def _claim_key(wallet_id: str, key_sha256: str) -> dict[str, Value]:
    return {"pk": text(f"I#{wallet_id}#{key_sha256}"), "sk": text("IDEM")}
