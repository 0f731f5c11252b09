"""Having a job looked at later: by a function behind Lambda's own queue, its retries and dead letters."""

import json
from typing import Any, Protocol

from botocore.exceptions import ClientError, HTTPClientError

from corent.core.errors import TemporarilyUnavailableError


class LambdaClient(Protocol):
    """`boto3.client("lambda")`, as far as it is used."""

    def invoke(self, **parameters: Any) -> Any: ...


class LambdaLooks:
    """Looks, by the function that the state machine looks with."""

    def __init__(self, client: LambdaClient, *, function: str) -> None:
        self._client = client
        self._function = function

    def __call__(self, job_id: str) -> None:
        """Have the job looked at soon. May be repeated. Raises TemporarilyUnavailableError."""
        payload = json.dumps({"job_id": job_id}).encode()
        try:
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=payload)
        except (ClientError, HTTPClientError) as error:
            raise TemporarilyUnavailableError("The job could not be looked at just now.") from error
