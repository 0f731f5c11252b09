"""What an order may say: its fields for type checkers, and their rules for checking many before buying."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

Preference = Literal["fast", "cheap", "balanced", "quality"]
Style = Literal[
    "photorealistic", "illustration", "anime", "3d", "pixel-art", "watercolor", "line-art", "cinematic"
]
ImageRatio = Literal["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9"]
VideoRatio = Literal["16:9", "9:16", "1:1"]
OutputFormat = Literal["png", "jpeg", "webp"]
Resolution = Literal["720p", "1080p"]
OnRefusal = Literal["fail", "failover"]
Kind = Literal["image", "video"]
Scope = Literal["generate", "read", "billing"]


class SharedOptions(TypedDict, total=False):
    """What an image and a video may both say besides their prompt."""

    preference: Preference
    seed: int | None
    negative_prompt: str | None
    image_url: str | None
    metadata: dict[str, str]
    on_refusal: OnRefusal
    max_cost_cents: int | None


class ImageItem(SharedOptions, total=False):
    """What an image of a batch may say besides its prompt."""

    style: Style | None
    aspect_ratio: ImageRatio
    n: int
    output_format: OutputFormat
    wait_s: float


class VideoItem(SharedOptions, total=False):
    """What a video of a batch may say besides its prompt."""

    aspect_ratio: VideoRatio
    duration_s: int
    resolution: Resolution


class ImageOptions(ImageItem, total=False):
    """What an image's own order may say besides its prompt."""

    webhook_url: str | None
    webhook_secret: str | None
    quote_id: str | None


class VideoOptions(VideoItem, total=False):
    """What a video's own order may say besides its prompt."""

    webhook_url: str | None
    webhook_secret: str | None
    quote_id: str | None


class QuoteOptions(SharedOptions, total=False):
    """What an order that is only to be quoted may say: of an image or of a video."""

    kind: Kind | None
    style: Style | None
    aspect_ratio: ImageRatio
    n: int
    output_format: OutputFormat
    wait_s: float
    duration_s: int
    resolution: Resolution
    webhook_url: str | None
    webhook_secret: str | None
    quote_id: str | None


class _Prompted(TypedDict):
    prompt: str


class ImageOrder(_Prompted, ImageItem):
    """One image of a batch."""


class VideoOrder(_Prompted, VideoItem):
    """One video of a batch."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What one field of an order may be. Numbers lie between minimum and maximum, texts have that length."""

    kind: type
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    nullable: bool = True


_SHARED = {
    "prompt": Rule(str, minimum=1, maximum=4_000, pattern=r"\S", nullable=False),
    "preference": Rule(str, choices=("fast", "cheap", "balanced", "quality")),
    "seed": Rule(int, minimum=0, maximum=2_147_483_647),
    "negative_prompt": Rule(str, minimum=1, maximum=2_000),
    "image_url": Rule(str, maximum=2_048, pattern=r"^https?://"),
    "metadata": Rule(dict),
    "on_refusal": Rule(str, choices=("fail", "failover")),
    "max_cost_cents": Rule(int, minimum=0, maximum=100_000_000),
}
RULES: dict[str, dict[str, Rule]] = {
    "image": _SHARED
    | {
        "style": Rule(
            str,
            choices=(
                "photorealistic", "illustration", "anime", "3d", "pixel-art", "watercolor", "line-art",
                "cinematic",
            ),
            nullable=True,
        ),
        "aspect_ratio": Rule(str, choices=("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9")),
        "n": Rule(int, minimum=1, maximum=4),
        "output_format": Rule(str, choices=("png", "jpeg", "webp")),
        "wait_s": Rule(float, minimum=0, maximum=25),
    },
    "video": _SHARED
    | {
        "aspect_ratio": Rule(str, choices=("16:9", "9:16", "1:1")),
        "duration_s": Rule(int, minimum=1, maximum=10),
        "resolution": Rule(str, choices=("720p", "1080p")),
    },
}  # fmt: skip


def problems(kind: str, order: dict[str, Any]) -> list[str]:
    """Return what is wrong with a batch's order, a sentence each; the API has the last word."""
    rules = RULES[kind]
    found = [f"{name}: no such field" for name in order if name not in rules]
    if "prompt" not in order:
        found.append("prompt: is missing")
    for name, rule in rules.items():
        if name in order and (said := _problem(order[name], rule)):
            found.append(f"{name}: {said}")
    return found


def _problem(value: Any, rule: Rule) -> str | None:
    if value is None:
        return None if rule.nullable else "must not be null"
    # A bool is an int to Python, and none to the API.
    if isinstance(value, bool) or not isinstance(value, (int, float) if rule.kind is float else rule.kind):
        return f"must be {_NOUNS[rule.kind]}"
    if rule.choices:
        return None if value in rule.choices else f"must be one of {', '.join(rule.choices)}"
    if isinstance(value, dict):
        pairs = all(isinstance(name, str) and isinstance(text, str) for name, text in value.items())
        return None if pairs else "must be an object of texts"
    if isinstance(value, str):
        said = _size_problem(len(value), rule, unit=" characters")
        if said is None and rule.pattern and not re.search(rule.pattern, value):
            said = _PATTERNS[rule.pattern]
        return said
    assert isinstance(value, (int, float)), "what is left"  # noqa: S101 - for the type checker
    return _size_problem(value, rule, unit="")


def _size_problem(size: float, rule: Rule, *, unit: str) -> str | None:
    if rule.minimum is not None and size < rule.minimum:
        return f"must be at least {rule.minimum:g}{unit}"
    if rule.maximum is not None and size > rule.maximum:
        return f"must be at most {rule.maximum:.0f}{unit}"
    return None


_PATTERNS = {r"\S": "has nothing but white space", r"^https?://": "must be an http(s) address"}
_NOUNS: dict[type, str] = {str: "a text", int: "a whole number", float: "a number", dict: "an object"}
