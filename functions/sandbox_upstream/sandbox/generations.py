"""Generations: one JSON document and its files each, in the sandbox's bucket.

    generations/<id>.json      the document below; the id follows from the reference
    images/<id>/<index>.<ext>  the images, drawn at the submit
    videos/<id>/0.mp4          the video, put there by the worker
    sources/<sha256>           a video's first frame, as it was given

`submits` counts how often the reference was posted; `billed` is 1 once and stays 1.
"""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict

from sandbox.scripts import Fate

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ID_CHARACTERS = 26
URL_EXPIRES_S = 3600
# A change that meets another is made anew on what the other left.
CHANGES_MAX = 20
# 409: another write of the same name is being done at this moment.
_LOST = ("PreconditionFailed", "ConditionalRequestConflict")

type Status = Literal["running", "done", "failed", "cancelled"]


class Film(BaseModel):
    """What the worker makes a video from. `source` is the file of its first frame."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str
    negative_prompt: str
    seed: int | None
    duration_s: int
    source: str | None
    fate: Fate


class Generation(BaseModel):
    """What is remembered of one generation. `film` is None for images."""

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
    fails_at_ms: int | None = None
    cancelled_at_ms: int | None = None
    callback_url: str | None = None
    told_at_ms: int | None = None
    film: Film | None = None
    submits: int = 1
    billed: int = 1

    def status(self, *, now_ms: int, is_made: bool) -> Status:
        """How it stands; `is_made` says whether its files exist. Nothing leaves a final state."""
        if self.cancelled_at_ms is not None:
            return "cancelled"
        if self.fails_at_ms is not None and now_ms >= self.fails_at_ms:
            return "failed"
        return "done" if is_made and now_ms >= self.ready_at_ms else "running"

    @property
    def ends_at_ms(self) -> int:
        """When it is done or has failed, unless it is cancelled or its file is late."""
        return self.ready_at_ms if self.fails_at_ms is None else min(self.fails_at_ms, self.ready_at_ms)


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
        found = self._read(generation_id)
        return None if found is None else found[0]

    def create(self, generation: Generation) -> bool:
        """Remember a generation; False, and nothing written, when its reference was billed before."""
        return self._write(generation, over=None)

    def change(
        self, generation_id: str, change: Callable[[Generation], Generation | None]
    ) -> Generation | None:
        """Return what `change` made of a generation, or it as it was where `change` answers None.

        None for an id that is not known. Of two changes at once none is lost.
        """
        for _ in range(CHANGES_MAX):
            found = self._read(generation_id)
            if found is None:
                return None
            before, etag = found
            after = change(before)
            if after is None:
                return before
            if self._write(after, over=etag):
                return after
        raise TimeoutError(f"changed by others {CHANGES_MAX} times in a row")

    def put_file(self, name: str, content: bytes, *, media_type: str) -> None:
        """Keep one file; the same name again is the same bytes again."""
        self._client.put_object(Bucket=self._bucket, Key=name, Body=content, ContentType=media_type)

    def read_file(self, name: str) -> bytes:
        """Return a file that was kept."""
        return self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()

    def is_made(self, generation: Generation) -> bool:
        """Return whether the files are there: images always are, a video once the worker is done."""
        if generation.film is None or generation.film.fate == "gone":
            return True
        try:
            self._client.head_object(Bucket=self._bucket, Key=generation.files[0])
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return False
            raise
        return True

    def url(self, name: str) -> str:
        """Return an address anyone may fetch the file from for URL_EXPIRES_S."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": name}, ExpiresIn=URL_EXPIRES_S
        )

    def _read(self, generation_id: str) -> tuple[Generation, str] | None:
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=_key(generation_id))
        except self._client.exceptions.NoSuchKey:
            return None
        return Generation.model_validate_json(found["Body"].read()), found["ETag"]

    def _write(self, generation: Generation, *, over: str | None) -> bool:
        """Write over the version with this ETag, or where there is none; False where that is not so."""
        key, body = _key(generation.id), generation.model_dump_json().encode()
        try:
            if over is None:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=body,
                    ContentType="application/json",
                    IfNoneMatch="*",
                )
            else:
                self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=body, ContentType="application/json", IfMatch=over
                )
        except ClientError as error:
            if error.response["Error"]["Code"] in _LOST:
                return False
            raise
        return True


def _key(generation_id: str) -> str:
    return f"generations/{generation_id}.json"
