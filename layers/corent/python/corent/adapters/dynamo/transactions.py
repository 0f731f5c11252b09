"""Transactions: several conditional writes, all or none."""

import base64
import hashlib
import json
from typing import Any, Final

from botocore.exceptions import ClientError, HTTPClientError

from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.outcomes import UNKNOWN_REASONS, is_unknown, reason_codes
from corent.core.writes import ConditionFailedError, OutcomeUnknownError

ABSENT: Final = "attribute_not_exists(pk)"
PRESENT: Final = "attribute_exists(pk)"

type Action = dict[str, Any]


def transact(client: DynamoClient, actions: list[Action], *, name: str) -> None:
    """Run the actions once, all or none.

    The token only saves work on a repeat; the conditions are what counts. Raises OutcomeUnknownError or
    ConditionFailedError when they did not surely happen.
    """
    token = hashlib.sha256(json.dumps(actions, sort_keys=True).encode()).digest()[:24]
    try:
        client.transact_write_items(
            TransactItems=actions, ClientRequestToken=base64.urlsafe_b64encode(token).decode()
        )
    except HTTPClientError as error:
        raise OutcomeUnknownError(f"{name}: no answer") from error
    except ClientError as error:
        reasons = reason_codes(error)
        if "ConditionalCheckFailed" in reasons:
            raise ConditionFailedError(f"{name}: {reasons}") from error
        if is_unknown(error) or UNKNOWN_REASONS.intersection(reasons):
            raise OutcomeUnknownError(f"{name}: {reasons}") from error
        raise
