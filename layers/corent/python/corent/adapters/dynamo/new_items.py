"""Items that are stored once: the first of several writers stands."""

from botocore.exceptions import ClientError

from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.outcomes import is_condition
from corent.adapters.dynamo.values import Value


def put_new(client: DynamoClient, item: dict[str, Value], *, table: str) -> bool:
    """Store the item; False, with nothing written, when there is one under its key."""
    try:
        client.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
    except ClientError as error:
        if is_condition(error):
            return False
        raise
    return True
