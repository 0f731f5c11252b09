"""Sheets: the parts of a scene by their distance, cut out of what was painted.

A sheet is kept some times finer than it is shown, and frames take the nearest of its pixels. That is as good
as interpolating for every frame, and many times as quick.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from sandbox.drawing.canvas import Plane
from sandbox.filming.frames import Planes, masks_of, planes_of
from sandbox.filming.water import Ripples

type Masks = tuple[Image.Image, Image.Image]
type WholeBox = tuple[int, int, int, int]

# Frames above this size have smaller pixels to hide half a pixel in.
_FINEST_UP_TO_PX = 1_000_000
# What is fainter than this in a mask is the rim of a glow, which must not show what lies behind twice.
_FAINT = 60
# Nothing moves farther by itself than this share of the height: what lies behind is kept that much longer.
_REACH = 0.09
# The shore reaches under the water, so that no rounding opens a gap between them.
_OVERLAP_PX = 4


@dataclass(frozen=True, slots=True)
class Sheet:
    """One distance of the world, `fine` times as fine as the world's own pixels.

    `box` is where in the world something is on it; below `solid_from` it covers the world's whole width.
    `phase` (0 to 1) sets its own movement apart from that of others.
    """

    planes: Planes
    masks: Masks | None
    box: WholeBox
    solid_from: int
    depth: float
    way: str
    phase: float
    fine: int
    ripples: Ripples | None = None


def fineness(size: tuple[int, int]) -> int:
    """Return how much finer than the world its sheets are kept."""
    return 3 if size[0] * size[1] <= _FINEST_UP_TO_PX * 1.3 else 2


def cut(
    planes: Sequence[Plane],
    develop: Callable[[Image.Image], Image.Image],
    *,
    size: tuple[int, int],
    chance: random.Random,
) -> list[Sheet]:
    """Return the sheets of a scene, farthest first; `develop` brings what was painted to the world's size."""
    masks = [_mask(plane, size=size) for plane in planes]
    sheets: list[Sheet] = []
    for index, bottom in enumerate(_bottoms(planes, masks, size=size)):
        plane, mask = planes[index], None if index == 0 else masks[index]
        box = (0, 0, size[0], bottom) if mask is None else _even_box(mask, bottom=bottom)
        if box is None:
            continue
        painted = _Painted(plane, develop(plane.image), mask, phase=chance.random())
        if plane.water_from is None:
            sheets.append(_finer(painted.part(box), fineness(size)))
            continue
        # Water is filled in anew for every frame, which would take too long for finer pixels.
        left, top, right, foot = box
        waterline = min(max(round(plane.water_from * size[1]) // 2 * 2, top), foot)
        if waterline > top:
            shore = (left, top, right, min(waterline + _OVERLAP_PX, foot))
            sheets.append(_finer(painted.part(shore), fineness(size)))
        if foot > waterline:
            water = painted.part((left, waterline, right, foot))
            ripples = Ripples(water.planes, scale_px=size[1], chance=chance)
            sheets.append(replace(water, ripples=ripples))
    return sheets


@dataclass(frozen=True, slots=True)
class _Painted:
    """One plane at the world's size. Without a mask it covers everything."""

    plane: Plane
    image: Image.Image
    mask: Image.Image | None
    phase: float

    def part(self, box: WholeBox) -> Sheet:
        """Return a part of it as a sheet."""
        masks, solid_from = None, 0
        if self.mask is not None:
            masks, solid_from = masks_of(self.mask.crop(box)), _solid_from(self.mask)
        return Sheet(
            planes_of(self.image.crop(box)),
            masks,
            box,
            min(max(solid_from, box[1]), box[3]),
            self.plane.depth,
            self.plane.way,
            self.phase,
            fine=1,
        )


def whole(image: Image.Image) -> Sheet:
    """Return one picture as a sheet."""
    sheet = Sheet(planes_of(image), None, (0, 0, *image.size), 0, 1.0, "still", 0.0, fine=1)
    return _finer(sheet, fineness(image.size))


def _finer(sheet: Sheet, fine: int) -> Sheet:
    def grown(plane: Image.Image, how: Image.Resampling) -> Image.Image:
        return plane.resize((plane.width * fine, plane.height * fine), how)

    light, blue, red = (grown(plane, Image.Resampling.BICUBIC) for plane in sheet.planes)
    masks = None
    if sheet.masks is not None:
        sharp, half = (grown(mask, Image.Resampling.BILINEAR) for mask in sheet.masks)
        masks = (sharp, half)
    return replace(sheet, planes=(light, blue, red), masks=masks, fine=fine)


def _mask(plane: Plane, *, size: tuple[int, int]) -> Image.Image:
    mask = plane.cover
    if plane.way != "drift":
        ramp = [max(value - _FAINT, 0) * 255 // (255 - _FAINT) for value in range(256)]
        mask = mask.point(ramp)
    return mask if mask.size == size else mask.resize(size, Image.Resampling.BILINEAR)


def _bottoms(planes: Sequence[Plane], masks: Sequence[Image.Image], *, size: tuple[int, int]) -> list[int]:
    """Return for each plane the row below which nearer ones always cover it: a film is quicker for each."""
    found: list[int] = []
    covered_from = size[1]
    for plane, mask in zip(reversed(planes), reversed(masks), strict=True):
        found.append(covered_from)
        if plane.way == "still":
            lowest = _solid_from(mask) + round(_REACH * size[1])
            covered_from = min(covered_from, lowest - lowest % 2)
    return found[::-1]


def _even_box(mask: Image.Image, *, bottom: int) -> WholeBox | None:
    """Return the box around what a mask shows, grown to even places; None where it shows nothing."""
    box = mask.getbbox()
    if box is None or box[1] >= bottom:
        return None
    left, top = max(box[0] - 2, 0) // 2 * 2, max(box[1] - 2, 0) // 2 * 2
    return (left, top, min(box[2] + 3, mask.width) // 2 * 2, min(box[3] + 3, bottom) // 2 * 2)


def _solid_from(mask: Image.Image) -> int:
    """Return the even row from which a mask covers the world's whole width to its foot."""
    rows = mask.resize((1, mask.height), Image.Resampling.BOX).tobytes()
    row = mask.height
    while row > 0 and rows[row - 1] >= 254:
        row -= 1
    return min(row + row % 2, mask.height)
