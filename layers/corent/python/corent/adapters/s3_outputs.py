"""Results in S3, under our own names."""

from typing import Any, Protocol

from botocore.exceptions import ClientError, HTTPClientError

from corent.core.errors import TemporarilyUnavailableError

# A result never changes: its name is new with each job.
CACHE_CONTROL = "public, max-age=2592000, immutable"


class S3Client(Protocol):
    """The signed client, as far as it is used."""

    def put_object(self, **parameters: Any) -> Any: ...

    def get_object(self, **parameters: Any) -> bytes: ...


class S3Outputs:
    """Outputs on S3."""

    def __init__(self, client: S3Client, *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, name: str, content: bytes, *, media_type: str) -> None:
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=name,
                Body=content,
                ContentType=media_type,
                CacheControl=CACHE_CONTROL,
            )
        except (ClientError, HTTPClientError) as error:
            raise TemporarilyUnavailableError("The result could not be stored just now.") from error

    def get(self, name: str) -> bytes:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=name)
        except (ClientError, HTTPClientError) as error:
            raise TemporarilyUnavailableError("The result could not be read just now.") from error
