"""Bodies of the image endpoints."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from corent.edge.bodies import Body, Reply

type Style = Literal[
    "photorealistic", "illustration", "anime", "3d", "pixel-art", "watercolor", "line-art", "cinematic"
]
type Ratio = Literal["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9"]
SEED_MAX = 2**31 - 1


class ImageBody(Body):
    """`POST /v1/images/generate`."""

    prompt: Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"\S")]
    preference: Literal["fast", "cheap", "balanced", "quality"] = "balanced"
    style: Style | None = None
    aspect_ratio: Ratio = "1:1"
    n: Annotated[int, Field(ge=1, le=4)] = 1
    seed: Annotated[int, Field(ge=0, le=SEED_MAX)] | None = None
    negative_prompt: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    output_format: Literal["png", "jpeg", "webp"] = "png"
    image_url: Annotated[str, StringConstraints(max_length=2048, pattern=r"^https?://")] | None = None
    metadata: Annotated[
        dict[
            Annotated[str, StringConstraints(min_length=1, max_length=64)],
            Annotated[str, StringConstraints(max_length=512)],
        ],
        Field(max_length=16),
    ] = Field(default_factory=dict)
    max_cost_cents: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    wait_s: Annotated[float, Field(ge=0, le=25)] = 25.0


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


class AcceptedMeta(Reply):
    model: str


class AcceptedReply(Reply):
    """Work that goes on; poll the job."""

    id: str
    status: Literal["processing"]
    meta: AcceptedMeta
