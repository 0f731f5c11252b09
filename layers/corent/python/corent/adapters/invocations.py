"""Handing a job to another function, asynchronously."""

import json
from typing import Any, Protocol

from botocore.exceptions import ClientError, HTTPClientError

from corent.core.errors import TemporarilyUnavailableError


class LambdaClient(Protocol):
    """`boto3.client("lambda")`, as far as it is used."""

    def invoke(self, **parameters: Any) -> Any: ...


class Invocations:
    """Starts `function` with `{"job_id": …}`; Lambda keeps the event and retries it."""

    def __init__(self, client: LambdaClient, *, function: str) -> None:
        self._client = client
        self._function = function

    def __call__(self, job_id: str) -> None:
        try:
            self._client.invoke(
                FunctionName=self._function,
                InvocationType="Event",
                Payload=json.dumps({"job_id": job_id}).encode(),
            )
        except (ClientError, HTTPClientError) as error:
            raise TemporarilyUnavailableError("The job could not be handed on just now.") from error
