"""Bodies of the quote endpoint: any order's, and which kind of order it is."""

from typing import Annotated, Any, Final

from pydantic import Discriminator, Tag

from corent.edge.bodies import IMAGE_TAG, VIDEO_TAG, JobKind, Reply
from corent.edge.bodies.images import ImageBody
from corent.edge.bodies.videos import VideoBody

FILM_FIELDS: Final = ("duration_s", "resolution")


class QuoteImageBody(ImageBody):
    """`POST /v1/quote` for an image. What is not part of the order means nothing here."""

    kind: JobKind | None = None


class QuoteVideoBody(VideoBody):
    """`POST /v1/quote` for a video, which `duration_s` or `resolution` make of it where no kind is given."""

    kind: JobKind | None = None


def _tag(body: Any) -> str:
    if not isinstance(body, dict):
        return IMAGE_TAG
    kind = body.get("kind")
    if kind is None:
        return VIDEO_TAG if any(body.get(name) is not None for name in FILM_FIELDS) else IMAGE_TAG
    return VIDEO_TAG if kind == "video" else IMAGE_TAG


type QuoteBody = Annotated[
    Annotated[QuoteImageBody, Tag(IMAGE_TAG)] | Annotated[QuoteVideoBody, Tag(VIDEO_TAG)],
    Discriminator(_tag),
]


class QuoteReply(Reply):
    """What the order costs until `expires_at`, and how long it would take as things stand."""

    quote_id: str
    model: str
    price_cents: int
    expected_ms: int
    p95_ms: int
    expires_at: str
