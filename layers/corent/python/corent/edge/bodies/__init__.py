"""The shapes of requests and answers, closed on both sides; one file a group of endpoints."""

from typing import Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

type JobStatus = Literal["queued", "processing", "completed", "failed", "cancelled"]
type JobKind = Literal["image", "video"]
JOB_CURSOR = r"^job_[0-7][0-9A-HJKMNP-TV-Z]{25}$"
# Where a body is of one of two kinds, which one stands in the places of its errors; spelt as no field is.
IMAGE_TAG = "<image>"
VIDEO_TAG = "<video>"
LEDGER_CURSOR = r"^[A-Za-z0-9_-]+={0,2}$"
# RFC 3339 or its date alone; whether there is such a day shows once it is parsed.
TIME = r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})?)?$"


# What says something about a field and not about its value: it stays outside where null is added.
_SAID_OF_FIELDS: Final[tuple[str, ...]] = ("title", "description", "default")


class Body(BaseModel):
    """A request body: no unknown fields, no silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True)


class NullableBody(Body):
    """A body where a field that may be left out may be null as well, which means the same.

    `foreign_nulls` are fields of another shape of the same request: they may be there so long as they say
    nothing.
    """

    foreign_nulls: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        optional = {name for name, field in cls.model_fields.items() if not field.is_required()}
        left_out = optional | cls.foreign_nulls
        return {name: value for name, value in given.items() if value is not None or name not in left_out}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler(core_schema)
        described = handler.resolve_ref_schema(schema)
        required = described.get("required", ())
        for name, field in described.get("properties", {}).items():
            if name not in required:
                described["properties"][name] = _or_null(field)
        return schema


def _or_null(field: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field that may be null too."""
    null = {"type": "null"}
    if null in field.get("anyOf", ()):
        return field
    said = {name: field[name] for name in _SAID_OF_FIELDS if name in field}
    value = {name: rule for name, rule in field.items() if name not in said}
    return {**said, "anyOf": [*value["anyOf"], null] if set(value) == {"anyOf"} else [value, null]}


class Reply(BaseModel):
    """An answer: nothing leaves that is not listed here."""

    model_config = ConfigDict(extra="forbid")


class ErrorBody(Reply):
    type: str
    code: str
    message: str
    param: str | None
    request_id: str
    retryable: bool
    required_cents: int | None = None
    available_cents: int | None = None
    limit_cents: int | None = None
    spent_cents: int | None = None


class ErrorReply(Reply):
    error: ErrorBody
