"""Frames: pictures as the encoder takes them, in brightness and two half-size colour planes.

Everything is laid down in these planes from the start: a film is made of half as many numbers that way,
and no frame has to be converted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from sandbox.drawing.canvas import Color

type Box = tuple[float, float, float, float]
type Planes = tuple[Image.Image, Image.Image, Image.Image]

BRIGHTNESS_MIN, BRIGHTNESS_MAX = 16, 235
# RGB to Y'CbCr of ITU-R BT.709 (07/2002 on, limited range), the colours that players expect of HD.
_TO_PLANES = (
    *(0.18259, 0.61423, 0.06201, 16.0),
    *(-0.10064, -0.33857, 0.43922, 128.0),
    *(0.43922, -0.39894, -0.04027, 128.0),
)


@dataclass(frozen=True, slots=True)
class Veil:
    """One colour, laid down through a mask. `left` and `top` are even."""

    tone: Color
    masks: tuple[Image.Image, Image.Image]
    left: int = 0
    top: int = 0


class Frame:
    """One picture of a film while it is put together."""

    def __init__(self, width_px: int, height_px: int) -> None:
        half = (width_px // 2, height_px // 2)
        self.size = (width_px, height_px)
        self.planes: Planes = (
            Image.new("L", self.size, BRIGHTNESS_MIN),
            Image.new("L", half, 128),
            Image.new("L", half, 128),
        )

    def lay(
        self, parts: Sequence[Image.Image], left: int, top: int, *, masks: Sequence[Image.Image] | None
    ) -> None:
        """Lay down planes at an even place, through masks of their size and of half of it."""
        for index, (plane, part) in enumerate(zip(self.planes, parts, strict=True)):
            at = (left, top) if index == 0 else (left // 2, top // 2)
            plane.paste(part, at, None if masks is None else masks[min(index, 1)])

    def veil(self, veil: Veil) -> None:
        """Lay down a veil."""
        self.spot(veil.tone, veil.masks, left=veil.left, top=veil.top)

    def spot(self, tone: Color, masks: tuple[Image.Image, Image.Image], *, left: int, top: int) -> None:
        """Lay down one colour through a mask; what lies outside the frame is cut off."""
        for index, (plane, value) in enumerate(zip(self.planes, tone, strict=True)):
            at = (left, top) if index == 0 else (left // 2, top // 2)
            plane.paste(value, at, masks[min(index, 1)])

    def brighten(self, gain: float) -> None:
        """Multiply the light by `gain`."""
        light, blue, red = self.planes
        ramp = [
            round(min(max(BRIGHTNESS_MIN + (value - BRIGHTNESS_MIN) * gain, 0), BRIGHTNESS_MAX))
            for value in range(256)
        ]
        self.planes = (light.point(ramp), blue, red)


def planes_of(image: Image.Image) -> Planes:
    """Return an RGB picture of even sides as planes."""
    light, blue, red = image.convert("RGB", _TO_PLANES).split()
    return light, blue.reduce(2), red.reduce(2)


def tone_of(color: Color) -> Color:
    """Return one colour's three values."""
    light, blue, red = (plane.tobytes()[0] for plane in planes_of(Image.new("RGB", (2, 2), color)))
    return light, blue, red


def masks_of(mask: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Return a mask for brightness and for the colours. Its sides are even."""
    return mask, mask.reduce(2)


def veil_of(color: Color, mask: Image.Image, *, left: int = 0, top: int = 0) -> Veil:
    """Return a veil whose mask may lie anywhere and have any size."""
    shift_x, shift_y = left % 2, top % 2
    size = (mask.width + shift_x, mask.height + shift_y)
    even = Image.new("L", (size[0] + size[0] % 2, size[1] + size[1] % 2), 0)
    even.paste(mask, (shift_x, shift_y))
    return Veil(tone_of(color), masks_of(even), left - shift_x, top - shift_y)
