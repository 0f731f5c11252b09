"""Outages that somebody asked for: a failing model refuses every submit until it is told to work again."""

import json
from typing import TYPE_CHECKING

from sandbox.refusals import RefusedError
from sandbox.submissions import MODELS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Outages:
    """The state of each model; one that nobody ever spoke of is working."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def status(self, model: str) -> dict[str, str]:
        """Return how a model does. Raises RefusedError (404) for one there is not."""
        return {"model": _known(model), "status": self._read(model)}

    def change(self, model: str, body: bytes) -> dict[str, str]:
        """Do as the body says. May be repeated. Raises RefusedError (404, 400, 422)."""
        name = _known(model)
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise RefusedError(400, "invalid_request", "The body is not JSON.") from error
        if asked not in ({"status": "working"}, {"status": "failing"}):
            raise RefusedError(
                422, "invalid_request", "The body must be a status of working or failing.", field="status"
            )
        self._client.put_object(Bucket=self._bucket, Key=_key(name), Body=json.dumps(asked).encode())
        return {"model": name, **asked}

    def check(self, model: str) -> None:
        """Raise RefusedError (503) while that model is failing."""
        if self._read(model) == "failing":
            raise RefusedError(503, "failed", "The model is failing.")

    def _read(self, model: str) -> str:
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=_key(model))
        except self._client.exceptions.NoSuchKey:
            return "working"
        status: str = json.loads(found["Body"].read())["status"]
        return status


def _known(model: str) -> str:
    if model not in MODELS:
        raise RefusedError(404, "not_found", "There is no such model.")
    return model


def _key(model: str) -> str:
    return f"models/{model}.json"
