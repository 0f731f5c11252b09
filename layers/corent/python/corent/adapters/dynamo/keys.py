"""Keys table: one item an API key under its hash, one counter of failures an address and minute.

pk = K#<sha256(key)>  sk = KEY   acct, key_id, mode, scopes, status, label, key_prefix, key_last4,
                                 created_at_ms, expires_at_s, limit_micros, tat_generate and tat_read
                                 (theoretical arrival times, ms), spent_<YYYYMM> (micro-dollars, only
                                 with a limit), ttl_s (only a session's)
pk = F#<address>      sk = M#<minute>   failed, ttl_s

index by_account  acct, key_id   a list of keys; it leaves out what each request changes
"""

from typing import Any, Final

from botocore.exceptions import ClientError

from corent.accounts.keys import ApiKey, KeyStatus, Mode, Scope
from corent.accounts.limiter import RateClass, RateLimit, rate_state
from corent.accounts.store import Admission
from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.outcomes import answering, is_condition
from corent.adapters.dynamo.values import (
    Value,
    number,
    number_of,
    optional_number,
    text,
    text_of,
)
from corent.core.errors import TemporarilyUnavailableError

_IN_FORCE: Final = "#status = :active AND (attribute_not_exists(expires_at_s) OR expires_at_s > :now_s)"
_ARRIVAL: Final = {RateClass.GENERATE: "tat_generate", RateClass.READ: "tat_read"}
# How many keys' arrival times one environment remembers, as a guess for its next write.
ARRIVALS_KEPT_MAX: Final = 1_000
# Each further try needs another request to have come between.
ADMIT_TRIES_MAX: Final = 10


class DynamoKeys:
    """KeyStore on DynamoDB: looking a key up and counting the request is one write.

    It is two where the environment guessed wrong whether the key is busy.
    """

    def __init__(self, client: DynamoClient, *, table: str) -> None:
        self._client = client
        self._table = table
        self._arrivals_ms: dict[tuple[str, RateClass], int] = {}

    @answering()
    def admit(
        self, key_sha256: str, *, rate_class: RateClass, limit: RateLimit, now_ms: int
    ) -> Admission | None:
        # An idle key's arrival time lies behind and is moved up to now; a busy one's moves on by one
        # interval. DynamoDB knows no maximum, so these are two forms of one write. What was seen last
        # only says which to try first: each form's own condition decides.
        latest_ms = now_ms + limit.tolerance_ms
        busy = self._arrivals_ms.get((key_sha256, rate_class), 0) > now_ms
        for _ in range(ADMIT_TRIES_MAX):
            item, passed = self._count(
                key_sha256,
                rate_class=rate_class,
                interval_ms=limit.interval_ms,
                latest_ms=latest_ms if busy else None,
                now_ms=now_ms,
            )
            if item is None or not _in_force(item, now_ms=now_ms):
                return None
            arrival_ms = optional_number(item, _ARRIVAL[rate_class]) or 0
            if passed or arrival_ms > latest_ms:
                break
            busy = arrival_ms > now_ms
        else:
            raise TemporarilyUnavailableError("This API key is in very heavy use just now.", retry_after_s=1)
        if len(self._arrivals_ms) >= ARRIVALS_KEPT_MAX:
            self._arrivals_ms.clear()
        self._arrivals_ms[key_sha256, rate_class] = arrival_ms
        return Admission(
            key=_key_of(item),
            rate=rate_state(limit, arrival_ms=arrival_ms, now_ms=now_ms, allowed=passed),
        )

    @answering()
    def count_failure(self, address: str, *, minute: int) -> int:
        answer = self._client.update_item(
            TableName=self._table,
            Key={"pk": text(f"F#{address}"), "sk": text(f"M#{minute}")},
            UpdateExpression="SET failed = if_not_exists(failed, :zero) + :one, ttl_s = :ttl",
            ExpressionAttributeValues={
                ":zero": number(0),
                ":one": number(1),
                ":ttl": number((minute + 5) * 60),
            },
            ReturnValues="UPDATED_NEW",
        )
        return number_of(answer["Attributes"], "failed")

    @answering()
    def add(self, key: ApiKey, *, key_sha256: str) -> None:
        item = {
            **_item_key(key_sha256),
            "acct": text(key.account_id),
            "key_id": text(key.id),
            "mode": text(key.mode.value),
            "scopes": text(" ".join(scope.value for scope in key.scopes)),
            "status": text(key.status.value),
            "label": text(key.label),
            "key_prefix": text(key.prefix),
            "key_last4": text(key.last4),
            "created_at_ms": number(key.created_at_ms),
        }
        if key.expires_at_s is not None:
            item["expires_at_s"] = number(key.expires_at_s)
            if key.is_of_session:
                item["ttl_s"] = item["expires_at_s"]
        if key.limit_micros is not None:
            item["limit_micros"] = number(key.limit_micros)
        self._client.put_item(
            TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)"
        )

    @answering()
    def list_by_account(self, account_id: str) -> list[ApiKey]:
        return [_key_of(item) for item in self._of_account(account_id)]

    @answering()
    def revoke(self, account_id: str, *, key_id: str) -> bool:
        for item in self._of_account(account_id, key_id=key_id):
            self._client.update_item(
                TableName=self._table,
                Key={"pk": item["pk"], "sk": item["sk"]},
                UpdateExpression="SET #status = :revoked",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":revoked": text(KeyStatus.REVOKED.value)},
            )
            return True
        return False

    @answering()
    def remove(self, key_sha256: str) -> None:
        self._client.delete_item(TableName=self._table, Key=_item_key(key_sha256))

    def _count(
        self,
        key_sha256: str,
        *,
        rate_class: RateClass,
        interval_ms: int,
        latest_ms: int | None,
        now_ms: int,
    ) -> tuple[dict[str, Value] | None, bool]:
        """Count as for an idle key, or up to `latest_ms` as for a busy one.

        The key's item after the write, or as it was when the write was refused.
        """
        values = {":now": number(now_ms)}
        if latest_ms is None:
            update, condition = "SET #tat = :next", "(attribute_not_exists(#tat) OR #tat <= :now)"
            values[":next"] = number(now_ms + interval_ms)
        else:
            update, condition = "SET #tat = #tat + :interval", "#tat > :now AND #tat <= :latest"
            values |= {":interval": number(interval_ms), ":latest": number(latest_ms)}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_item_key(key_sha256),
                UpdateExpression=update,
                ConditionExpression=f"{_IN_FORCE} AND {condition}",
                ExpressionAttributeNames={"#tat": _ARRIVAL[rate_class], "#status": "status"},
                ExpressionAttributeValues={
                    **values,
                    ":active": text(KeyStatus.ACTIVE.value),
                    ":now_s": number(now_ms // 1000),
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if not is_condition(error):
                raise
            response: Any = error.response
            return response.get("Item"), False
        return answer["Attributes"], True

    def _of_account(self, account_id: str, *, key_id: str | None = None) -> list[dict[str, Value]]:
        # Those of sessions are named in another way.
        condition, values = "begins_with(key_id, :k)", {":a": text(account_id), ":k": text("key_")}
        if key_id is not None:
            condition, values = "key_id = :k", {**values, ":k": text(key_id)}
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": "by_account",
            "KeyConditionExpression": f"acct = :a AND {condition}",
            "ExpressionAttributeValues": values,
            "ScanIndexForward": False,
        }
        items: list[dict[str, Value]] = []
        while True:
            answer = self._client.query(**query)
            items += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return items
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _item_key(key_sha256: str) -> dict[str, Value]:
    return {"pk": text(f"K#{key_sha256}"), "sk": text("KEY")}


def _in_force(item: dict[str, Value], *, now_ms: int) -> bool:
    expires_at_s = optional_number(item, "expires_at_s")
    return text_of(item, "status") == KeyStatus.ACTIVE.value and (
        expires_at_s is None or expires_at_s > now_ms // 1000
    )


def _key_of(item: dict[str, Value]) -> ApiKey:
    return ApiKey(
        id=text_of(item, "key_id"),
        account_id=text_of(item, "acct"),
        mode=Mode(text_of(item, "mode")),
        scopes=tuple(Scope(scope) for scope in text_of(item, "scopes").split()),
        label=text_of(item, "label"),
        prefix=text_of(item, "key_prefix"),
        last4=text_of(item, "key_last4"),
        status=KeyStatus(text_of(item, "status")),
        created_at_ms=number_of(item, "created_at_ms"),
        expires_at_s=optional_number(item, "expires_at_s"),
        limit_micros=optional_number(item, "limit_micros"),
    )
