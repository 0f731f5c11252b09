"""What a failed DynamoDB write means: surely refused, or to be run again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import ClientError, HTTPClientError

from corent.adapters.aws import THROTTLED
from corent.core.errors import TemporarilyUnavailableError

UNKNOWN_CODES: Final = THROTTLED | {
    "InternalServerError",
    "RequestTimeout",
    "ServiceUnavailable",
    "TransactionInProgressException",
    "TransactionConflictException",
}
UNKNOWN_REASONS: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)


def code_of(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def is_condition(error: ClientError) -> bool:
    return code_of(error) == "ConditionalCheckFailedException"


def is_unknown(error: ClientError) -> bool:
    """Whether the write may have happened, or should simply be run again."""
    status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status >= 500 or code_of(error) in UNKNOWN_CODES


def reason_codes(error: ClientError) -> list[str]:
    """A cancelled transaction's reasons, by the position of its actions."""
    response: Any = error.response
    return [reason.get("Code", "None") for reason in response.get("CancellationReasons", [])]


@contextmanager
def answering() -> Iterator[None]:
    """Around calls that may simply be made again later: a store that does not answer is said so."""
    try:
        yield
    except HTTPClientError as error:
        raise TemporarilyUnavailableError("The service is overloaded just now.") from error
    except ClientError as error:
        if is_unknown(error):
            raise TemporarilyUnavailableError("The service is overloaded just now.") from error
        raise
