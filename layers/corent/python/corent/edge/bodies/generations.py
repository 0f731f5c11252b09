"""Bodies of the images endpoint in OpenAI's shape.

Fields, values and defaults by OpenAI's own client (openai 3.54.0, `types/image_generate_params.py` and
`types/images_response.py`, read 2026-11-28). Null is a field that is left out, as there.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from corent.edge.bodies import NullableBody, Reply
from corent.edge.bodies.orders import SEED_MAX, MaxCost, Metadata

type Quality = Literal["auto", "low", "medium", "high", "xhigh", "max", "standard", "hd"]
# OpenAI's two and ours, in one list: of a choice of lists a refusal would name which it means.
type AnyStyle = Literal[
    "vivid",
    "natural",
    "photorealistic",
    "illustration",
    "anime",
    "3d",
    "pixel-art",
    "watercolor",
    "line-art",
    "cinematic",
]


def _not_streamed(stream: bool) -> bool:  # noqa: FBT001 - a validator gets its value so
    if stream:
        raise ValueError("images are not streamed")
    return stream


# Of literals, 0 would be false and false would be 0.
type NoStream = Annotated[
    bool, AfterValidator(_not_streamed), WithJsonSchema({"type": "boolean", "const": False})
]
type EndUser = Annotated[str, StringConstraints(max_length=512)]


class GenerationsBody(NullableBody):
    """`POST /v1/images/generations`. What OpenAI knows and this does not, is refused by name."""

    prompt: Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"\S")]
    model: Annotated[str, StringConstraints(max_length=64)] = Field(
        default="auto",
        description="A tier of `GET /v1/models`, or fast, cheap, balanced or quality; auto is balanced.",
    )
    n: Annotated[int, Field(ge=1, le=4)] = 1
    size: Annotated[str, StringConstraints(max_length=16)] = Field(
        default="auto",
        description="auto (square), or WIDTHxHEIGHT: the nearest aspect ratio, at about one megapixel.",
    )
    response_format: Literal["url", "b64_json"] | None = Field(
        default=None, description="url leaves out b64_json; every image has its url in any case."
    )
    output_format: Literal["png", "jpeg", "webp"] = "png"
    output_compression: Annotated[int, Field(ge=100, le=100)] = 100
    quality: Quality = Field(
        default="auto", description="Which tier makes it where model does not say: low cheap, high quality."
    )
    style: AnyStyle | None = None
    background: Literal["auto", "opaque"] = "auto"
    moderation: Literal["auto"] = "auto"
    stream: NoStream = False
    partial_images: Annotated[int, Field(ge=0, le=0)] = 0
    user: EndUser | None = Field(default=None, description="Taken and not kept.")
    safety_identifier: EndUser | None = Field(default=None, description="Taken and not kept.")
    seed: Annotated[int, Field(ge=0, le=SEED_MAX)] | None = None
    negative_prompt: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    metadata: Metadata = Field(default_factory=dict)
    max_cost_cents: MaxCost | None = None
    quote_id: str | None = None


class GeneratedImage(Reply):
    """One image. `b64_json` is left out where it was not wanted, or where not all of them fit."""

    url: str
    b64_json: str | None = Field(default=None, exclude_if=lambda content: content is None)


class GenerationsReply(Reply):
    """OpenAI's answer; `id`, `model` and `cost_cents` are ours beside it."""

    created: int
    data: list[GeneratedImage]
    output_format: Literal["png", "jpeg", "webp"]
    size: str
    id: str
    model: str
    cost_cents: int
