"""Bodies of the video endpoint."""

from typing import Annotated, Literal

from pydantic import Field

from corent.edge.bodies import Reply
from corent.edge.bodies.orders import OrderFields, SingleFields

type VideoRatio = Literal["16:9", "9:16", "1:1"]


class VideoItem(OrderFields):
    """One video order; `image_url` is the first frame."""

    aspect_ratio: VideoRatio = Field(default="16:9", description="Width to height.")
    duration_s: Annotated[int, Field(ge=1, le=10)] = Field(
        default=5, description="Length in whole seconds, 1 to 10; each second is charged."
    )
    resolution: Literal["720p", "1080p"] = Field(
        default="720p", description="The shorter side in pixels; the price does not depend on it."
    )


class VideoBody(VideoItem, SingleFields):
    """`POST /v1/videos/generate`."""


class Video(Reply):
    url: str
    width: int
    height: int
    duration_s: int
