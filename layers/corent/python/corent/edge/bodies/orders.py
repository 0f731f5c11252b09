"""What the bodies of all orders share."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from corent.edge.bodies import Body, Reply

type Preference = Literal["fast", "cheap", "balanced", "quality"]
SEED_MAX = 2**31 - 1
Url = Annotated[str, StringConstraints(max_length=2048, pattern=r"^https?://")]
MaxCost = Annotated[int, Field(ge=0, le=100_000_000)]


class OrderFields(Body):
    """The fields of an image and of a video, by itself or in a batch."""

    prompt: Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"\S")]
    preference: Preference = "balanced"
    seed: Annotated[int, Field(ge=0, le=SEED_MAX)] | None = None
    negative_prompt: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    image_url: Url | None = None
    metadata: Annotated[
        dict[
            Annotated[str, StringConstraints(min_length=1, max_length=64)],
            Annotated[str, StringConstraints(max_length=512)],
        ],
        Field(max_length=16),
    ] = Field(default_factory=dict)
    on_refusal: Literal["fail", "failover"] = "fail"
    max_cost_cents: MaxCost | None = None


class PurchaseFields(Body):
    """Whom to tell of the end, and how much the whole may cost."""

    max_cost_cents: MaxCost | None = None
    webhook_url: Url | None = None
    webhook_secret: Annotated[str, StringConstraints(min_length=16, max_length=256)] | None = Field(
        default=None, repr=False
    )


class SingleFields(PurchaseFields):
    """What a single order has besides: the quote that fixed its price."""

    quote_id: str | None = None


class AcceptedMeta(Reply):
    model: str


class AcceptedReply(Reply):
    """Work that goes on; poll the job."""

    id: str
    status: Literal["processing"]
    meta: AcceptedMeta
