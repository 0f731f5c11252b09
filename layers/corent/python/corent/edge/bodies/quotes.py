"""Bodies of the quote endpoint: any order's, and which kind of order it is."""

from typing import Annotated, Any, Final

from pydantic import Discriminator, Field, GetJsonSchemaHandler, Tag, WithJsonSchema
from pydantic_core import CoreSchema

from corent.edge.bodies import IMAGE_TAG, VIDEO_TAG, JobKind, Reply
from corent.edge.bodies.images import ImageBody
from corent.edge.bodies.videos import VideoBody

FILM_FIELDS: Final = ("duration_s", "resolution")
_IMAGE_FIELDS: Final = frozenset(ImageBody.model_fields)
_VIDEO_FIELDS: Final = frozenset(VideoBody.model_fields)


# Each shape is documented with its own kind; a wrong one is refused with both named.
type ImageKind = Annotated[JobKind, WithJsonSchema({"type": "string", "const": "image"})]
type VideoKind = Annotated[JobKind, WithJsonSchema({"type": "string", "const": "video"})]


class QuoteImageBody(ImageBody):
    """`POST /v1/quote` for an image. What is not part of the order means nothing here."""

    foreign_nulls = _VIDEO_FIELDS - _IMAGE_FIELDS

    kind: ImageKind | None = Field(default=None, description="What is ordered.")


class QuoteVideoBody(VideoBody):
    """`POST /v1/quote` for a video, which `duration_s` or `resolution` make of it where no kind is given."""

    foreign_nulls = _IMAGE_FIELDS - _VIDEO_FIELDS

    kind: VideoKind | None = Field(default=None, description="What is ordered.")


def _tag(body: Any) -> str:
    if not isinstance(body, dict):
        return IMAGE_TAG
    kind = body.get("kind")
    if kind is None:
        return VIDEO_TAG if any(body.get(name) is not None for name in FILM_FIELDS) else IMAGE_TAG
    return VIDEO_TAG if kind == "video" else IMAGE_TAG


class _AnyOf:
    """How the union is documented: a body that says little is of both shapes, which `oneOf` would refuse."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler(core_schema)
        return {"anyOf": schema["oneOf"]}


type QuoteBody = Annotated[
    Annotated[QuoteImageBody, Tag(IMAGE_TAG)] | Annotated[QuoteVideoBody, Tag(VIDEO_TAG)],
    Discriminator(_tag),
    _AnyOf(),
]


class QuoteReply(Reply):
    """What the order costs until `expires_at`, and how long it would take as things stand."""

    quote_id: str
    model: str
    price_cents: int
    expected_ms: int
    p95_ms: int
    expires_at: str
