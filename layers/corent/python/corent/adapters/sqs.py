"""Coming back to a webhook later, and to a payment soon, by messages of SQS."""

import json
import math
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError, HTTPClientError

from corent.core.errors import TemporarilyUnavailableError

# SQS holds a message back no longer (AWS's API reference of SendMessage).
DELAY_MAX_S: Final = 900


class SqsClient(Protocol):
    """`boto3.client("sqs")`, as far as it is used."""

    def send_message(self, **parameters: Any) -> Any: ...


class SqsLater:
    """Later: `{"id": …}` in the queue. A wait longer than DELAY_MAX_S ends early, to be begun anew."""

    def __init__(self, client: SqsClient, *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def __call__(self, subject_id: str, *, delay_s: float = 0.0) -> None:
        try:
            self._client.send_message(
                QueueUrl=self._queue_url,
                MessageBody=json.dumps({"id": subject_id}),
                DelaySeconds=max(0, min(math.ceil(delay_s), DELAY_MAX_S)),
            )
        except (ClientError, HTTPClientError) as error:
            raise TemporarilyUnavailableError("The webhook could not be scheduled just now.") from error


class SqsPayments:
    """Wake for payments: `{"id": …, "cause": …}` in the queue."""

    def __init__(self, client: SqsClient, *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def __call__(self, payment_id: str, *, cause: str) -> None:
        try:
            self._client.send_message(
                QueueUrl=self._queue_url, MessageBody=json.dumps({"id": payment_id, "cause": cause})
            )
        except (ClientError, HTTPClientError) as error:
            raise TemporarilyUnavailableError("The payment could not be noted just now.") from error


class SqsCrossings:
    """Wake for wallets: `{"id": …}` in the queue."""

    def __init__(self, client: SqsClient, *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def __call__(self, wallet_id: str) -> None:
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps({"id": wallet_id}))
        except (ClientError, HTTPClientError) as error:
            raise TemporarilyUnavailableError("The balance could not be looked after just now.") from error
