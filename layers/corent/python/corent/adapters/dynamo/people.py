"""People table: who may sign in. Sessions lie in the same table, see `sessions.py`.

pk = E#<sha256(address)>  sk = PERSON   email, account_id, role, created_at_ms, is_ready
"""

from corent.accounts.people import Person, Role, email_sha256
from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.new_items import put_new
from corent.adapters.dynamo.outcomes import answering
from corent.adapters.dynamo.values import Value, number, number_of, text, text_of


class DynamoPeople:
    """PeopleStore on DynamoDB."""

    def __init__(self, client: DynamoClient, *, table: str) -> None:
        self._client = client
        self._table = table

    @answering()
    def find(self, email: str) -> Person | None:
        answer = self._client.get_item(TableName=self._table, Key=_item_key(email), ConsistentRead=True)
        if "Item" not in answer:
            return None
        item = answer["Item"]
        return Person(
            email=text_of(item, "email"),
            account_id=text_of(item, "account_id"),
            role=Role(text_of(item, "role")),
            created_at_ms=number_of(item, "created_at_ms"),
            is_ready=bool(number_of(item, "is_ready")),
        )

    @answering()
    def add(self, person: Person) -> bool:
        item = {
            **_item_key(person.email),
            "email": text(person.email),
            "account_id": text(person.account_id),
            "role": text(person.role.value),
            "created_at_ms": number(person.created_at_ms),
            "is_ready": number(int(person.is_ready)),
        }
        return put_new(self._client, item, table=self._table)

    @answering()
    def mark_ready(self, person: Person) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=_item_key(person.email),
            UpdateExpression="SET is_ready = :one",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":one": number(1)},
        )


def _item_key(email: str) -> dict[str, Value]:
    return {"pk": text(f"E#{email_sha256(email)}"), "sk": text("PERSON")}
