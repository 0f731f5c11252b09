"""Bodies of the image endpoints."""

from typing import Annotated, Literal

from pydantic import Field

from corent.edge.bodies import Reply
from corent.edge.bodies.orders import OrderFields, SingleFields

type Style = Literal[
    "photorealistic", "illustration", "anime", "3d", "pixel-art", "watercolor", "line-art", "cinematic"
]
type ImageRatio = Literal["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9"]


class ImageItem(OrderFields):
    """One image order. `wait_s` means nothing in a batch, which is never waited for."""

    style: Style | None = None
    aspect_ratio: ImageRatio = "1:1"
    n: Annotated[int, Field(ge=1, le=4)] = 1
    output_format: Literal["png", "jpeg", "webp"] = "png"
    wait_s: Annotated[float, Field(ge=0, le=25)] = 25.0


class ImageBody(ImageItem, SingleFields):
    """`POST /v1/images/generate`."""


class Image(Reply):
    url: str
    width: int
    height: int


class ImageMeta(Reply):
    model: str
    cost_cents: int
    duration_ms: int


class ImageReply(Reply):
    """The finished images."""

    id: str
    status: Literal["completed"]
    images: list[Image]
    meta: ImageMeta
