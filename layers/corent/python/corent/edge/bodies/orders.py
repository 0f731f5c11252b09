"""What the bodies of all orders share."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from corent.edge.bodies import NullableBody, Reply

type Preference = Literal["fast", "cheap", "balanced", "quality"]
SEED_MAX = 2**31 - 1
Url = Annotated[str, StringConstraints(max_length=2048, pattern=r"^https?://")]
MaxCost = Annotated[int, Field(ge=0, le=100_000_000)]
Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=64)],
        Annotated[str, StringConstraints(max_length=512)],
    ],
    Field(max_length=16),
]
MAX_COST: Final = (
    "The most that it may cost, in whole US cents: a dearer order is refused, and nothing is charged."
)


class OrderFields(NullableBody):
    """The fields of an image and of a video, by itself or in a batch."""

    prompt: Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"\S")] = Field(
        description="What is to be seen, in words; at most 4,000 characters."
    )
    preference: Preference = Field(
        default="balanced",
        description="What matters most; it decides which tier makes it, at which price.",
    )
    seed: Annotated[int, Field(ge=0, le=SEED_MAX)] | None = Field(
        default=None, description="For results that are alike again. Leave it out for a new one each time."
    )
    negative_prompt: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = Field(
        default=None, description="What is not to be seen; at most 2,000 characters."
    )
    image_url: Url | None = Field(
        default=None,
        description="Public https address of a PNG, JPEG or WebP: what to change, or a video's first frame.",
    )
    metadata: Metadata = Field(
        default_factory=dict, description="Up to 16 pairs of text of your own; they come back in the job."
    )
    on_refusal: Literal["fail", "failover"] = Field(
        default="fail",
        description="When the content is refused: fail ends the job, failover asks one other source first.",
    )
    max_cost_cents: MaxCost | None = Field(default=None, description=MAX_COST)


class PurchaseFields(NullableBody):
    """Whom to tell of the end, and how much the whole may cost."""

    max_cost_cents: MaxCost | None = Field(default=None, description=MAX_COST)
    webhook_url: Url | None = Field(
        default=None, description="Public https address that the ended job is posted to."
    )
    webhook_secret: Annotated[str, StringConstraints(min_length=16, max_length=256)] | None = Field(
        default=None, repr=False, description="What that post is signed with; only with webhook_url."
    )


class SingleFields(PurchaseFields):
    """What a single order has besides: the quote that fixed its price."""

    quote_id: str | None = Field(
        default=None,
        description="From a quote for this very order: it is charged the quoted price, within ten minutes.",
    )


class AcceptedMeta(Reply):
    model: str


class AcceptedReply(Reply):
    """Work that goes on; poll the job."""

    id: str
    status: Literal["processing"]
    meta: AcceptedMeta
