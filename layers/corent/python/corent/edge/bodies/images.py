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

    style: Style | None = Field(default=None, description="A look, in addition to what the prompt says.")
    aspect_ratio: ImageRatio = Field(
        default="1:1", description="Width to height; every image has about one megapixel."
    )
    n: Annotated[int, Field(ge=1, le=4)] = Field(
        default=1, description="How many images of the prompt, 1 to 4; each is charged."
    )
    output_format: Literal["png", "jpeg", "webp"] = Field(
        default="png", description="The format of the image files."
    )
    wait_s: Annotated[float, Field(ge=0, le=25)] = Field(
        default=25.0,
        description="How many seconds to wait, 0 to 25; what is not ready by then is a job to poll.",
    )


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
