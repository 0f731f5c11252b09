"""A job's order as an upstream is asked for it."""

from typing import Final

from corent.core.tiers import AspectRatio, Resolution
from corent.core.upstream import ImageRequest, InputImage, VideoRequest
from corent.jobs.job import ImageOrder, Job, Order, VideoOrder
from corent.routing.offers import Offer
from corent.routing.rank import unit_cost_micros

# About one megapixel each, both sides divisible by 16.
IMAGE_DIMENSIONS_PX: Final = {
    AspectRatio.SQUARE: (1024, 1024),
    AspectRatio.WIDE: (1344, 768),
    AspectRatio.TALL: (768, 1344),
    AspectRatio.LANDSCAPE_4_3: (1152, 864),
    AspectRatio.PORTRAIT_3_4: (864, 1152),
    AspectRatio.LANDSCAPE_3_2: (1248, 832),
    AspectRatio.PORTRAIT_2_3: (832, 1248),
    AspectRatio.CINEMA: (1536, 656),
}
VIDEO_DIMENSIONS_PX: Final = {
    (AspectRatio.WIDE, Resolution.HD): (1280, 720),
    (AspectRatio.TALL, Resolution.HD): (720, 1280),
    (AspectRatio.SQUARE, Resolution.HD): (720, 720),
    (AspectRatio.WIDE, Resolution.FULL_HD): (1920, 1080),
    (AspectRatio.TALL, Resolution.FULL_HD): (1080, 1920),
    (AspectRatio.SQUARE, Resolution.FULL_HD): (1080, 1080),
}
STYLES: Final = {
    "photorealistic": "photorealistic, natural light, fine detail",
    "illustration": "digital illustration, clean shapes",
    "anime": "anime style, cel shading",
    "3d": "3d render, soft studio light",
    "pixel-art": "pixel-art, limited palette",
    "watercolor": "watercolor on textured paper",
    "line-art": "line-art, black ink on white",
    "cinematic": "cinematic still, dramatic light, shallow depth of field",
}


def image_request(
    job: Job,
    offer: Offer,
    order: ImageOrder,
    *,
    attempt: int,
    image: InputImage | None,
    callback_url: str | None,
) -> ImageRequest:
    """The style becomes words of the prompt, as does the negative prompt where there is no field for it."""
    width_px, height_px = IMAGE_DIMENSIONS_PX[order.aspect_ratio]
    prompt = order.prompt if order.style is None else f"{order.prompt}, {STYLES[order.style]}"
    return ImageRequest(
        prompt=_with_avoided(prompt, order.negative_prompt, offer=offer),
        aspect_ratio=order.aspect_ratio,
        width_px=width_px,
        height_px=height_px,
        count=order.n,
        output_format=order.output_format,
        reference=f"{job.id}-{attempt}",
        attempt=attempt,
        seed=order.seed,
        negative_prompt=order.negative_prompt if offer.takes_negative_prompt else None,
        image=image,
        callback_url=callback_url,
    )


def video_request(
    job: Job,
    offer: Offer,
    order: VideoOrder,
    *,
    attempt: int,
    image: InputImage | None,
    callback_url: str | None,
) -> VideoRequest:
    """The negative prompt becomes words of the prompt where there is no field for it."""
    width_px, height_px = VIDEO_DIMENSIONS_PX[order.aspect_ratio, order.resolution]
    return VideoRequest(
        prompt=_with_avoided(order.prompt, order.negative_prompt, offer=offer),
        aspect_ratio=order.aspect_ratio,
        resolution=order.resolution,
        width_px=width_px,
        height_px=height_px,
        duration_s=order.duration_s,
        reference=f"{job.id}-{attempt}",
        attempt=attempt,
        seed=order.seed,
        negative_prompt=order.negative_prompt if offer.takes_negative_prompt else None,
        image=image,
        callback_url=callback_url,
    )


def expected_cost_micros(offer: Offer, order: Order) -> int:
    """What the upstream charges us for the order, where it does not say so itself."""
    image = order.image_url is not None
    if isinstance(order, ImageOrder):
        return unit_cost_micros(offer, resolution=None, image=image) * order.n
    return unit_cost_micros(offer, resolution=order.resolution, image=image) * order.duration_s


def _with_avoided(prompt: str, negative_prompt: str | None, *, offer: Offer) -> str:
    if negative_prompt is None or offer.takes_negative_prompt:
        return prompt
    return f"{prompt}. Avoid: {negative_prompt}"
