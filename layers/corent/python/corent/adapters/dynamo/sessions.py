"""Sessions in the people table, and what is kept there for a browser for some minutes.

pk = A#<account id>   sk = S#<session id>   email, created_at_ms, seen_at_ms, browser, key_ids (with spaces
                                            between), ttl_s
pk = T#<name>         sk = KEPT             kept, ttl_s
"""

from typing import Any, Final

from botocore.exceptions import ClientError

from corent.accounts.sessions import ABSOLUTE_MS, IDLE_MS, Session
from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.new_items import put_new
from corent.adapters.dynamo.outcomes import answering, is_condition
from corent.adapters.dynamo.values import Value, number, number_of, text, text_of

_PREFIX: Final = "S#"


class DynamoSessions:
    """SessionStore on DynamoDB; whether a session is in force is the condition of the write that uses it."""

    def __init__(self, client: DynamoClient, *, table: str) -> None:
        self._client = client
        self._table = table

    @answering()
    def add(self, session: Session) -> None:
        item = {
            **_item_key(session.account_id, session.id),
            "email": text(session.email),
            "created_at_ms": number(session.created_at_ms),
            "seen_at_ms": number(session.seen_at_ms),
            "browser": text(session.browser),
            "key_ids": text(" ".join(session.key_ids)),
            "ttl_s": number((session.created_at_ms + ABSOLUTE_MS) // 1000),
        }
        self._client.put_item(
            TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)"
        )

    @answering()
    def touch(self, account_id: str, *, session_id: str, now_ms: int) -> Session | None:
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_item_key(account_id, session_id),
                UpdateExpression="SET seen_at_ms = :now",
                ConditionExpression="seen_at_ms > :idle AND created_at_ms > :oldest",
                ExpressionAttributeValues={
                    ":now": number(now_ms),
                    ":idle": number(now_ms - IDLE_MS),
                    ":oldest": number(now_ms - ABSOLUTE_MS),
                },
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if is_condition(error):
                return None
            raise
        return _session_of(answer["Attributes"])

    @answering()
    def list_by_account(self, account_id: str) -> list[Session]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :a AND begins_with(sk, :s)",
            "ExpressionAttributeValues": {":a": text(f"A#{account_id}"), ":s": text(_PREFIX)},
            "ConsistentRead": True,
        }
        sessions: list[Session] = []
        while True:
            answer = self._client.query(**query)
            sessions += [_session_of(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return sessions
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    @answering()
    def remove(self, account_id: str, *, session_id: str) -> None:
        self._client.delete_item(TableName=self._table, Key=_item_key(account_id, session_id))

    @answering()
    def keep(self, name: str, kept: str, *, until_s: int) -> None:
        item = {**_kept_key(name), "kept": text(kept), "ttl_s": number(until_s)}
        self._client.put_item(TableName=self._table, Item=item)

    @answering()
    def claim(self, name: str, *, until_s: int) -> bool:
        item = {**_kept_key(name), "kept": text(""), "ttl_s": number(until_s)}
        return put_new(self._client, item, table=self._table)

    @answering()
    def take(self, name: str, *, now_s: int) -> str | None:
        answer = self._client.delete_item(TableName=self._table, Key=_kept_key(name), ReturnValues="ALL_OLD")
        item = answer.get("Attributes")
        # DynamoDB removes what is over hours later.
        return text_of(item, "kept") if item and number_of(item, "ttl_s") > now_s else None


def _item_key(account_id: str, session_id: str) -> dict[str, Value]:
    return {"pk": text(f"A#{account_id}"), "sk": text(f"{_PREFIX}{session_id}")}


def _kept_key(name: str) -> dict[str, Value]:
    return {"pk": text(f"T#{name}"), "sk": text("KEPT")}


def _session_of(item: dict[str, Value]) -> Session:
    return Session(
        id=text_of(item, "sk").removeprefix(_PREFIX),
        account_id=text_of(item, "pk").removeprefix("A#"),
        email=text_of(item, "email"),
        created_at_ms=number_of(item, "created_at_ms"),
        seen_at_ms=number_of(item, "seen_at_ms"),
        browser=text_of(item, "browser"),
        key_ids=tuple(text_of(item, "key_ids").split()),
    )
