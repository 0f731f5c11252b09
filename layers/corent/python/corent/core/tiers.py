"""Tiers: what a caller asks for and what they are charged."""

from dataclasses import dataclass
from enum import StrEnum


class Preference(StrEnum):
    """What the caller cares about most; each maps to one tier of a kind."""

    FAST = "fast"
    CHEAP = "cheap"
    BALANCED = "balanced"
    QUALITY = "quality"


class Kind(StrEnum):
    """What is generated."""

    IMAGE = "image"
    VIDEO = "video"


class AspectRatio(StrEnum):
    """Width to height, as callers write it."""

    SQUARE = "1:1"
    WIDE = "16:9"
    TALL = "9:16"
    LANDSCAPE_4_3 = "4:3"
    PORTRAIT_3_4 = "3:4"
    LANDSCAPE_3_2 = "3:2"
    PORTRAIT_2_3 = "2:3"
    CINEMA = "21:9"


class ImageFormat(StrEnum):
    """The file format of a delivered image."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"


class Resolution(StrEnum):
    """The shorter side of a delivered video."""

    HD = "720p"
    FULL_HD = "1080p"


@dataclass(frozen=True, slots=True)
class Tier:
    """One public tier. `price_micros` is per image, or per second of video."""

    name: str
    kind: Kind
    preference: Preference
    price_micros: int
