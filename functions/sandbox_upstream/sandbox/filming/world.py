"""The world: sheets, how each moves by itself, and what the camera sees of them at each moment."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from sandbox.filming.camera import Camera, box_of
from sandbox.filming.frames import Box, Frame
from sandbox.filming.sheets import Sheet, WholeBox

# Clouds are seen this much wider than they were painted, so that they have somewhere to drift from.
_CLOUDS_SEEN = 0.9


@dataclass(frozen=True, slots=True)
class Warp:
    """How a sheet is moved, turned, stretched and leant around the middle of its foot."""

    x_px: float = 0.0
    y_px: float = 0.0
    turn: float = 0.0
    stretch: float = 1.0
    lean: float = 0.0

    @property
    def is_straight(self) -> bool:
        """Whether rows stay rows of the same height."""
        return not self.turn and not self.lean and self.stretch == 1.0


@dataclass(frozen=True, slots=True)
class World:
    """The sheets of a film, farthest first, and the camera that passes through them."""

    sheets: Sequence[Sheet]
    size: tuple[int, int]
    camera: Camera

    def lay(self, frame: Frame, sheet: Sheet, *, share: float, time_s: float) -> None:
        """Lay a sheet into the frame as it is at this moment; `share` (0 to 1) is how much has passed."""
        if sheet.way == "flash" and not _flashes(time_s, phase=sheet.phase):
            return
        if sheet.ripples is not None:
            sheet.ripples.show(sheet.planes, time_s=time_s)
        view = self._view(sheet, share)
        warp = _warp(sheet, share=share, time_s=time_s, height_px=self.size[1])
        if warp.is_straight:
            moved = (view[0] - warp.x_px, view[1] - warp.y_px, view[2] - warp.x_px, view[3] - warp.y_px)
            _lay_straight(frame, sheet, moved)
        else:
            _lay_turned(frame, sheet, view, warp)

    def _view(self, sheet: Sheet, share: float) -> Box:
        left, top, right, bottom = box_of(self.camera.sees(sheet.depth, share), self.size)
        if sheet.way != "drift":
            return (left, top, right, bottom)
        way = share if sheet.phase < 0.5 else 1 - share
        wide = (right - left) * _CLOUDS_SEEN
        start = (self.size[0] - wide) * (0.15 + 0.7 * way)
        return (start, top, start + wide, bottom)


def _warp(sheet: Sheet, *, share: float, time_s: float, height_px: int) -> Warp:
    """Return how a sheet moves by itself."""

    def swing(period_s: float) -> float:
        return math.sin(2 * math.pi * (time_s / period_s + sheet.phase))

    match sheet.way:
        case "breathe":
            return Warp(stretch=1 + 0.0065 * swing(3.1))
        case "sway":
            return Warp(lean=0.012 * swing(3.7) + 0.005 * swing(1.9))
        case "float":
            return Warp(
                0.012 * height_px * swing(7.0), 0.011 * height_px * swing(4.3), turn=0.02 * swing(5.1)
            )
        case "rock":
            passed = (share - 0.5) * 0.07 * height_px
            return Warp(passed, 0.006 * height_px * swing(3.4), turn=0.022 * swing(4.4))
        case "swim":
            passed = (share - 0.5) * -0.14 * height_px
            return Warp(passed, 0.01 * height_px * swing(3.3), turn=0.018 * swing(2.7))
        case "roll":
            return Warp(0.014 * height_px * swing(4.6), 0.012 * height_px * (swing(3.2) + 1))
    return Warp()


def _flashes(time_s: float, *, phase: float) -> bool:
    """Whether lightning shows: two short flickers every few seconds."""
    moment = (time_s + 0.4 + phase) % 2.6
    return 1.0 < moment < 1.14 or 1.22 < moment < 1.42


def _lay_straight(frame: Frame, sheet: Sheet, view: Box) -> None:
    """Lay a sheet with nothing but scaling: its upper part through its mask, what is solid as it is."""
    out = _outline(frame, view, sheet.box)
    if out is None:
        return
    left, top, right, bottom = out
    seam = math.ceil((sheet.solid_from - view[1]) / (view[3] - view[1]) * frame.size[1] / 2) * 2
    seam = min(max(seam, top), bottom)
    if sheet.masks is not None and seam > top:
        _lay_part(frame, sheet, view, (left, top, right, seam), is_masked=True)
    if seam < bottom:
        _lay_part(frame, sheet, view, (left, seam, right, bottom), is_masked=False)


def _lay_part(frame: Frame, sheet: Sheet, view: Box, out: WholeBox, *, is_masked: bool) -> None:
    """Fill a box of the frame from a sheet."""
    step_x, step_y = (view[2] - view[0]) / frame.size[0], (view[3] - view[1]) / frame.size[1]
    how = Image.Resampling.NEAREST if sheet.fine > 1 else Image.Resampling.BILINEAR
    size = (out[2] - out[0], out[3] - out[1])
    source = (
        (view[0] + out[0] * step_x - sheet.box[0]) * sheet.fine,
        (view[1] + out[1] * step_y - sheet.box[1]) * sheet.fine,
        (view[0] + out[2] * step_x - sheet.box[0]) * sheet.fine,
        (view[1] + out[3] * step_y - sheet.box[1]) * sheet.fine,
    )

    def scaled(plane: Image.Image, *, by: int) -> Image.Image:
        # Rounding may lead a hair beyond the edge.
        box = (
            max(source[0] / by, 0.0),
            max(source[1] / by, 0.0),
            min(source[2] / by, plane.width),
            min(source[3] / by, plane.height),
        )
        return plane.resize((size[0] // by, size[1] // by), how, box=box)

    parts = [scaled(plane, by=2 if index else 1) for index, plane in enumerate(sheet.planes)]
    masks = None
    if is_masked and sheet.masks is not None:
        masks = [scaled(mask, by=2 if index else 1) for index, mask in enumerate(sheet.masks)]
    frame.lay(parts, out[0], out[1], masks=masks)


def _lay_turned(frame: Frame, sheet: Sheet, view: Box, warp: Warp) -> None:
    """Lay a sheet that turns, stretches or leans."""
    if sheet.masks is None:
        return
    step_x, step_y = (view[2] - view[0]) / frame.size[0], (view[3] - view[1]) / frame.size[1]
    box = sheet.box
    reach = 0.05 * (box[3] - box[1]) + abs(warp.x_px) + abs(warp.y_px) + 4
    out = _outline(frame, view, (box[0] - reach, box[1] - reach, box[2] + reach, box[3] + reach))
    if out is None:
        return
    foot_x, foot_y = (box[0] + box[2]) / 2, box[3] * 0.97 + box[1] * 0.03
    cos, sin = math.cos(warp.turn), math.sin(warp.turn)
    a, b = cos, sin - warp.lean
    d, e = -sin, cos / warp.stretch
    # Where the frame's corner lies in the world, seen from the foot before it moved.
    x0 = view[0] + out[0] * step_x - warp.x_px - foot_x
    y0 = view[1] + out[1] * step_y - warp.y_px - foot_y

    def placed(plane: Image.Image, *, by: int) -> Image.Image:
        grain = sheet.fine / by
        return plane.transform(
            ((out[2] - out[0]) // by, (out[3] - out[1]) // by),
            Image.Transform.AFFINE,
            (
                a * step_x * sheet.fine,
                b * step_y * sheet.fine,
                (a * x0 + b * y0 + foot_x - box[0]) * grain,
                d * step_x * sheet.fine,
                e * step_y * sheet.fine,
                (d * x0 + e * y0 + foot_y - box[1]) * grain,
            ),
            Image.Resampling.NEAREST,
        )

    parts = [placed(plane, by=2 if index else 1) for index, plane in enumerate(sheet.planes)]
    masks = [placed(mask, by=2 if index else 1) for index, mask in enumerate(sheet.masks)]
    frame.lay(parts, out[0], out[1], masks=masks)


def _outline(frame: Frame, view: Box, part: Box) -> WholeBox | None:
    """Return the even box of the frame that shows a part of the world, or None."""
    wide, tall = frame.size
    scale_x, scale_y = wide / (view[2] - view[0]), tall / (view[3] - view[1])
    left = max(math.ceil((part[0] - view[0]) * scale_x / 2 - 1e-6) * 2, 0)
    top = max(math.ceil((part[1] - view[1]) * scale_y / 2 - 1e-6) * 2, 0)
    right = min(math.floor((part[2] - view[0]) * scale_x / 2 + 1e-6) * 2, wide)
    bottom = min(math.floor((part[3] - view[1]) * scale_y / 2 + 1e-6) * 2, tall)
    return (left, top, right, bottom) if right > left and bottom > top else None
