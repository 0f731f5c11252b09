"""Generations: one JSON document and n image files each, in the sandbox's bucket.

    generations/<id>.json      the document below; the id follows from the reference
    images/<id>/<index>.<ext>  the files, drawn at the submit

`submits` counts how often the reference was posted; `billed` is 1 once and stays 1.
"""

import hashlib
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ID_CHARACTERS = 26
URL_EXPIRES_S = 3600


class Generation(BaseModel):
    """What is remembered of one generation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    reference: str
    model: str
    width: int
    height: int
    media_type: str
    files: tuple[str, ...]
    submitted_at_ms: int
    ready_at_ms: int
    submits: int = 1
    billed: int = 1


def id_of(reference: str) -> str:
    """Return the id that every submit of this reference answers."""
    return f"gen_{hashlib.sha256(reference.encode()).hexdigest()[:ID_CHARACTERS]}"


class Generations:
    """The sandbox's whole state."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, generation_id: str) -> Generation | None:
        """Return what is remembered under this id, or None."""
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=_key(generation_id))
        except self._client.exceptions.NoSuchKey:
            return None
        return Generation.model_validate_json(found["Body"].read())

    def create(self, generation: Generation) -> bool:
        """Remember a generation; False, and nothing written, when its reference was billed before."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=_key(generation.id),
                Body=generation.model_dump_json().encode(),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            # 409: another submit of this reference is being written at this moment.
            if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict"):
                return False
            raise
        return True

    def count_submit(self, generation: Generation) -> Generation:
        """Count one more submit of a reference that was billed before."""
        counted = generation.model_copy(update={"submits": generation.submits + 1})
        self._client.put_object(
            Bucket=self._bucket,
            Key=_key(counted.id),
            Body=counted.model_dump_json().encode(),
            ContentType="application/json",
        )
        return counted

    def put_file(self, name: str, content: bytes, *, media_type: str) -> None:
        """Keep one image; the same name again is the same bytes again."""
        self._client.put_object(Bucket=self._bucket, Key=name, Body=content, ContentType=media_type)

    def url(self, name: str) -> str:
        """Return an address anyone may fetch the image from for URL_EXPIRES_S."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": name}, ExpiresIn=URL_EXPIRES_S
        )


def _key(generation_id: str) -> str:
    return f"generations/{generation_id}.json"
