"""The video endpoint's request, between the contract's words and ours."""

from corent.core.tiers import AspectRatio, Preference, Resolution
from corent.edge.bodies.videos import VideoItem
from corent.jobs.job import OnRefusal, VideoOrder


def order_of(body: VideoItem) -> VideoOrder:
    """What is to be filmed."""
    return VideoOrder(
        prompt=body.prompt,
        preference=Preference(body.preference),
        aspect_ratio=AspectRatio(body.aspect_ratio),
        duration_s=body.duration_s,
        resolution=Resolution(body.resolution),
        seed=body.seed,
        negative_prompt=body.negative_prompt,
        image_url=body.image_url,
        on_refusal=OnRefusal(body.on_refusal),
        metadata=body.metadata,
    )
