"""OpenAI's words for an image order and its answer, and ours."""

import base64
import re
from typing import Final

from corent.core.errors import InvalidRequestError, JobCancelledError, RequestInProgressError
from corent.core.tiers import AspectRatio, ImageFormat, Kind, Preference, Tier
from corent.edge.bodies.generations import GeneratedImage, GenerationsBody, GenerationsReply
from corent.edge.http import Exchange
from corent.edge.orders import note_replay
from corent.jobs.document import cost_cents, failure_error, results
from corent.jobs.job import TERMINAL, ImageOrder, JobState
from corent.usecases.generate_image import Answer

PATH: Final = "/v1/images/generations"
AUTO: Final = "auto"
# The gateway waits 29 s; what comes after the wait, reading the files among it, needs its share.
WAIT_S: Final = 24.0
# How far a size may be from one of our ratios. Of OpenAI's own sizes 1792x1024 is the furthest: 1.6 %.
RATIO_TOLERANCE: Final = 0.02
# We make about one megapixel; who asks for more than twice that would not get what they mean.
PIXELS_MAX: Final = 2 * 1024 * 1024
EDGE_PX_MIN: Final = 256
# PNGs that surely fit into one answer as text; what is found not to fit is left to its url.
INLINE_PNGS_MAX: Final = 2
_SIZE: Final = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_RATIOS: Final = {ratio: int(w) / int(h) for ratio in AspectRatio for w, h in [ratio.split(":")]}
_QUALITIES: Final = {
    AUTO: Preference.BALANCED,
    "medium": Preference.BALANCED,
    "standard": Preference.BALANCED,
    "low": Preference.CHEAP,
    **dict.fromkeys(("high", "xhigh", "max", "hd"), Preference.QUALITY),
}
# `vivid` was meant to be hyper-real and dramatic; `natural` is an image without a style of ours.
_STYLES: Final = {"vivid": "cinematic", "natural": None}


def order_of(body: GenerationsBody, *, tiers: tuple[Tier, ...]) -> ImageOrder:
    """What is to be made. Raises InvalidRequestError, naming the field, for what we cannot make."""
    if body.response_format == "b64_json" and body.output_format == "png" and body.n > INLINE_PNGS_MAX:
        raise InvalidRequestError(
            f"n: at most {INLINE_PNGS_MAX} images as png come as b64_json in one answer. Ask for "
            "output_format jpeg or webp, or for response_format url.",
            code="invalid_n",
            param="n",
        )
    return ImageOrder(
        prompt=body.prompt,
        preference=preference_of(body.model, quality=body.quality, tiers=tiers),
        aspect_ratio=aspect_ratio_of(body.size),
        n=body.n,
        output_format=ImageFormat(body.output_format),
        style=_STYLES.get(body.style, body.style) if body.style else None,
        seed=body.seed,
        negative_prompt=body.negative_prompt,
        metadata=body.metadata,
    )


def preference_of(model: str, *, quality: str, tiers: tuple[Tier, ...]) -> Preference:
    """What decides the tier: the model where it names one, else the quality."""
    if model == AUTO:
        return _QUALITIES[quality]
    named = {tier.name: tier.preference for tier in tiers if tier.kind is Kind.IMAGE}
    named |= {preference.value: preference for preference in named.values()}
    if model not in named:
        raise InvalidRequestError(
            f"model must be one of {', '.join(named)} or {AUTO}.", code="invalid_model", param="model"
        )
    if quality != AUTO:
        raise InvalidRequestError(
            f"quality: the model decides it. Leave out quality, or say model {AUTO}.",
            code="invalid_quality",
            param="quality",
        )
    return named[model]


def aspect_ratio_of(size: str) -> AspectRatio:
    """The ratio nearest to a size. Raises InvalidRequestError where none is near, or it is too large."""
    if size == AUTO:
        return AspectRatio.SQUARE
    found = _SIZE.fullmatch(size)
    if found is None:
        raise _invalid_size("must be auto or WIDTHxHEIGHT, as in 1536x1024")
    width_px, height_px = int(found[1]), int(found[2])
    if min(width_px, height_px) < EDGE_PX_MIN or width_px * height_px > PIXELS_MAX:
        raise _invalid_size(
            f"images have about one megapixel; ask for edges of at least {EDGE_PX_MIN} pixels and for at "
            f"most {PIXELS_MAX:,} pixels"
        )
    wanted = width_px / height_px
    nearest = min(_RATIOS, key=lambda ratio: abs(_RATIOS[ratio] / wanted - 1))
    if abs(_RATIOS[nearest] / wanted - 1) > RATIO_TOLERANCE:
        raise _invalid_size(f"width to height must be about one of {', '.join(_RATIOS)}")
    return nearest


def reply_of(
    answer: Answer, contents: tuple[bytes, ...] | None, exchange: Exchange, *, public_base_url: str
) -> GenerationsReply:
    """The finished images. Raises the error of a job that has none: failed, cancelled, or not ready yet.

    `contents` are the files, None where they are not sent along.
    """
    job = answer.job
    note_replay(exchange, replayed=answer.replayed, subject_id=job.id)
    if job.failure is not None:
        raise failure_error(job.failure, retry_after_s=answer.retry_after_s)
    if job.state is JobState.CANCELLED:
        raise JobCancelledError("The job of this request was cancelled.")
    if job.state not in TERMINAL:
        exchange.held_micros = job.hold_micros
        # OpenAI's clients repeat a 409, and it is none of the errors on our side that alarms count. The same
        # request is answered as soon as it can be: there is no reason to stay away for long.
        raise RequestInProgressError(
            f"The images are still being made, and are charged once. Send the same request again, or read "
            f"GET /v1/jobs/{job.id}.",
            retry_after_s=1,
        )
    exchange.charged_micros = job.hold_micros
    texts = (
        [None] * len(job.files)
        if contents is None
        else [base64.b64encode(each).decode() for each in contents]
    )
    shown = results(job, public_base_url=public_base_url)
    order = job.order
    return GenerationsReply.model_validate(
        {
            "created": (job.finished_at_ms or job.created_at_ms) // 1000,
            "data": [
                GeneratedImage(url=each["url"], b64_json=text)
                for each, text in zip(shown, texts, strict=True)
            ],
            "output_format": order.output_format.value if isinstance(order, ImageOrder) else None,
            "size": f"{shown[0]['width']}x{shown[0]['height']}",
            "id": job.id,
            "model": job.tier,
            "cost_cents": cost_cents(job),
        }
    )


def wants_contents(body: GenerationsBody) -> bool:
    """Whether the images come in the answer, as OpenAI sends them, and not only their addresses."""
    return body.response_format != "url"


def _invalid_size(rule: str) -> InvalidRequestError:
    return InvalidRequestError(f"size: {rule}.", code="invalid_size", param="size")
