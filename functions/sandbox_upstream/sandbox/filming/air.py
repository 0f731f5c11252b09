"""The air: what falls, drifts and glimmers in a film, as its words say."""

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from sandbox.drawing.canvas import Color, mix, noise, threshold
from sandbox.drawing.palette import Palette
from sandbox.drawing.words import Theme
from sandbox.filming.frames import Frame, masks_of, tone_of

type Masks = tuple[Image.Image, Image.Image]

WHITE: Color = (255, 255, 255)
INK: Color = (70, 68, 84)
# How long it takes until everything is in the air, where a film begins with a given picture.
FILLED_AFTER_S = 1.2
_STRENGTHS = 8


class Air(ABC):
    """Something in the air, laid over everything."""

    @abstractmethod
    def lay(self, frame: Frame, *, time_s: float) -> None:
        """Lay it down as it is at this moment."""


@dataclass(frozen=True, slots=True)
class Mote:
    """One flake, petal, spark or bubble. Lengths are shares of the height, speeds shares a second."""

    x: float
    y: float
    fall: float
    drift: float
    swing: float
    period_s: float
    phase: float
    shape: int
    strength: float = 1.0
    glimmer: float = 0.0
    appears_at_s: float = 0.0


class Motes(Air):
    """Many small things, each on its own way. `shapes` are masks at full strength."""

    def __init__(
        self, motes: Sequence[Mote], *, shapes: Sequence[Image.Image], color: Color, aspect: float
    ) -> None:
        self._motes = motes
        self._tone = tone_of(color)
        self._aspect = aspect
        self._masks = [
            [masks_of(shape.point(_times(step / _STRENGTHS))) for step in range(_STRENGTHS + 1)]
            for shape in shapes
        ]

    def lay(self, frame: Frame, *, time_s: float) -> None:
        height = frame.size[1]
        for mote in self._motes:
            if time_s < mote.appears_at_s:
                continue
            angle = 2 * math.pi * (time_s / mote.period_s + mote.phase)
            strength = mote.strength * (1 - mote.glimmer * (0.5 + 0.5 * math.sin(angle * 1.7)))
            masks = self._masks[mote.shape][round(strength * _STRENGTHS)]
            radius = masks[0].width / height / 2
            # What leaves on one side comes back on the other, wholly out of sight in between.
            x = _around(mote.x + mote.drift * time_s + mote.swing * math.sin(angle), self._aspect, radius)
            y = _around(mote.y + mote.fall * time_s, 1.0, radius)
            frame.spot(
                self._tone,
                masks,
                left=round((x - radius) * height / 2) * 2 if radius > 0.01 else round((x - radius) * height),
                top=round((y - radius) * height),
            )


class Rain(Air):
    """Sheets of streaks, each falling at its own speed."""

    def __init__(
        self, *, size: tuple[int, int], color: Color, is_heavy: bool, fills: bool, chance: random.Random
    ) -> None:
        self._tone = tone_of(color)
        self._slant = 0.3 if is_heavy else 0.14
        self._fills = fills
        self._layers: list[tuple[Image.Image, float]] = []
        for depth, strength, speed in ((0.5, 0.2, 1.1), (0.75, 0.27, 1.5), (1.0, 0.36, 2.0)):
            count = round((240 if is_heavy else 150) * size[0] / size[1])
            sheet = _streaks(size, count, depth, strength, slant=self._slant, chance=chance)
            self._layers.append((sheet, speed * (1.25 if is_heavy else 1.0)))

    def lay(self, frame: Frame, *, time_s: float) -> None:
        total: Image.Image | None = None
        for sheet, speed in self._layers:
            fallen = speed * time_s * sheet.height
            moved = ImageChops.offset(sheet, round(-self._slant * fallen), round(fallen))
            total = moved if total is None else ImageChops.lighter(total, moved)
        if total is None:
            return
        if self._fills and time_s < FILLED_AFTER_S:
            total = total.point(_times(time_s / FILLED_AFTER_S))
        frame.spot(self._tone, masks_of(total), left=0, top=0)


class Fog(Air):
    """Banks of fog that drift by."""

    def __init__(self, *, size: tuple[int, int], color: Color, fills: bool, chance: random.Random) -> None:
        self._tone = tone_of(color)
        self._fills = fills
        self._top = round(size[1] * 0.3) // 2 * 2
        tall = size[1] - self._top
        banks = threshold(noise(chance, (256, 96), cells=(5, 4), octaves=4), 70, 215, strength=0.62)
        rise = (
            Image.linear_gradient("L").resize((256, 96)).point([min(value * 3, 255) for value in range(256)])
        )
        self._banks = ImageChops.multiply(banks, rise).resize(
            (round(size[0] * 1.4), tall + tall % 2), Image.Resampling.BICUBIC
        )

    def lay(self, frame: Frame, *, time_s: float) -> None:
        free = self._banks.width - frame.size[0]
        left = round(free * (0.5 + 0.5 * math.sin(time_s / 16)))
        mask = self._banks.crop((left, 0, left + frame.size[0], self._banks.height))
        if self._fills and time_s < FILLED_AFTER_S:
            mask = mask.point(_times(time_s / FILLED_AFTER_S))
        frame.spot(self._tone, masks_of(mask), left=0, top=self._top)


def twinkling(*, size: tuple[int, int], horizon: float, chance: random.Random) -> Motes:
    """Return stars that glimmer; they belong into the sky, behind all else."""
    aspect = size[0] / size[1]
    motes = [
        Mote(
            chance.random() * aspect,
            horizon * 0.9 * chance.random() ** 1.2,
            fall=0.0,
            drift=0.0,
            swing=0.0,
            period_s=chance.uniform(2.0, 4.5),
            phase=chance.random(),
            shape=chance.randrange(3),
            glimmer=1.0,
        )
        for _ in range(round(26 * max(aspect, 0.6)))
    ]
    shapes = [_spark(round(size[1] * reach)) for reach in (0.006, 0.009, 0.013)]
    return Motes(motes, shapes=shapes, color=(246, 246, 255), aspect=aspect)


def choose(
    theme: Theme,
    palette: Palette,
    *,
    size: tuple[int, int],
    fills: bool,
    is_drawn: bool,
    chance: random.Random,
) -> list[Air]:
    """Return what is in the air of a theme. With `fills` it is empty at first."""
    found: list[Air] = []
    if "fog" in theme.weather and not is_drawn:
        found.append(Fog(size=size, color=palette.haze, fills=fills, chance=chance))
    if theme.weather & {"rain", "storm"}:
        color = INK if is_drawn else mix(palette.haze, (226, 236, 255), 0.6)
        is_heavy = "storm" in theme.weather
        found.append(Rain(size=size, color=color, is_heavy=is_heavy, fills=fills, chance=chance))
    makers: list[Callable[[], Motes]] = []
    if "snow" in theme.weather:
        makers.append(lambda: _snow(size, INK if is_drawn else WHITE, fills=fills, chance=chance))
    if "petals" in theme.extras:
        makers.append(lambda: _petals(size, fills=fills, chance=chance))
    if theme.setting == "underwater":
        makers.append(lambda: _bubbles(size, fills=fills, chance=chance))
    if "storybook" in theme.extras:
        makers.append(lambda: _glimmers(size, (255, 232, 140), count=30, fills=fills, chance=chance))
    elif not found and not makers and not is_drawn and theme.setting not in _CLEAR:
        color = mix(palette.light, (255, 246, 220), 0.4)
        makers.append(lambda: _glimmers(size, color, count=16, fills=fills, chance=chance))
    return [*found, *(make() for make in makers)]


_CLEAR = {"space", "abstract", "sea", "city", "mountains"}


def _snow(size: tuple[int, int], color: Color, *, fills: bool, chance: random.Random) -> Motes:
    aspect = size[0] / size[1]
    sizes = (0.0022, 0.0031, 0.0042, 0.0062, 0.0105)
    shapes = [
        _disc(size[1] * radius, soft=0.5 + size[1] * radius * 0.22, strength=strength)
        for radius, strength in zip(sizes, (0.75, 0.8, 0.85, 0.8, 0.55), strict=True)
    ]
    motes = []
    for shape, count in enumerate((52, 40, 28, 14, 6)):
        for _ in range(round(count * max(aspect, 0.6))):
            near = sizes[shape] / sizes[-1]
            motes.append(
                Mote(
                    chance.random() * aspect,
                    chance.random(),
                    fall=(0.055 + 0.16 * near**0.7) * chance.uniform(0.8, 1.25),
                    drift=-0.012 - 0.03 * near,
                    swing=chance.uniform(0.004, 0.016),
                    period_s=chance.uniform(2.4, 5.0),
                    phase=chance.random(),
                    shape=shape,
                    strength=chance.uniform(0.7, 1.0),
                    appears_at_s=_appears(fills=fills, chance=chance),
                )
            )
    return Motes(motes, shapes=shapes, color=color, aspect=aspect)


def _petals(size: tuple[int, int], *, fills: bool, chance: random.Random) -> Motes:
    aspect = size[0] / size[1]
    shapes = [_petal(size[1] * 0.009, angle=angle) for angle in range(0, 180, 30)]
    motes = [
        Mote(
            chance.random() * aspect,
            chance.random(),
            fall=chance.uniform(0.05, 0.12),
            drift=chance.uniform(-0.07, -0.03),
            swing=chance.uniform(0.01, 0.03),
            period_s=chance.uniform(2.0, 4.0),
            phase=chance.random(),
            shape=chance.randrange(len(shapes)),
            appears_at_s=_appears(fills=fills, chance=chance),
        )
        for _ in range(round(44 * max(aspect, 0.6)))
    ]
    return Motes(motes, shapes=shapes, color=(255, 190, 208), aspect=aspect)


def _bubbles(size: tuple[int, int], *, fills: bool, chance: random.Random) -> Motes:
    aspect = size[0] / size[1]
    shapes = [_ring(size[1] * radius) for radius in (0.004, 0.007, 0.011)]
    motes = [
        Mote(
            chance.random() * aspect,
            chance.random(),
            fall=-chance.uniform(0.06, 0.16),
            drift=0.0,
            swing=chance.uniform(0.003, 0.009),
            period_s=chance.uniform(0.9, 1.8),
            phase=chance.random(),
            shape=chance.randrange(3),
            strength=chance.uniform(0.4, 0.9),
            appears_at_s=_appears(fills=fills, chance=chance),
        )
        for _ in range(round(34 * max(aspect, 0.6)))
    ]
    return Motes(motes, shapes=shapes, color=(222, 250, 255), aspect=aspect)


def _glimmers(
    size: tuple[int, int], color: Color, *, count: int, fills: bool, chance: random.Random
) -> Motes:
    aspect = size[0] / size[1]
    shapes = [_disc(size[1] * radius, soft=size[1] * radius * 0.9) for radius in (0.0026, 0.004, 0.006)]
    motes = [
        Mote(
            chance.random() * aspect,
            chance.uniform(0.3, 1.0),
            fall=chance.uniform(-0.022, -0.004),
            drift=chance.uniform(-0.012, 0.02),
            swing=chance.uniform(0.006, 0.02),
            period_s=chance.uniform(2.6, 5.5),
            phase=chance.random(),
            shape=chance.randrange(3),
            strength=chance.uniform(0.5, 0.95),
            glimmer=0.9,
            appears_at_s=_appears(fills=fills, chance=chance),
        )
        for _ in range(round(count * max(aspect, 0.6)))
    ]
    return Motes(motes, shapes=shapes, color=color, aspect=aspect)


def _appears(*, fills: bool, chance: random.Random) -> float:
    moment = chance.random()
    return 0.05 + moment * FILLED_AFTER_S if fills else 0.0


def _around(place: float, length: float, radius: float) -> float:
    """Bring a place back into the picture, with its rim of one radius."""
    return (place + radius) % (length + 2 * radius) - radius


def _times(strength: float) -> list[int]:
    return [round(value * strength) for value in range(256)]


def _even(side_px: float) -> int:
    return max(math.ceil(side_px / 2) * 2, 4)


def _disc(radius_px: float, *, soft: float, strength: float = 1.0) -> Image.Image:
    """Return a round soft mask, drawn large and brought down so that small ones are round too."""
    side = _even(2 * (radius_px + 2 * soft) + 2)
    fine = Image.new("L", (side * 4, side * 4), 0)
    middle = side * 2
    ImageDraw.Draw(fine).ellipse(
        (middle - radius_px * 4, middle - radius_px * 4, middle + radius_px * 4, middle + radius_px * 4),
        fill=round(255 * strength),
    )
    return fine.filter(ImageFilter.GaussianBlur(soft * 4)).reduce(4)


def _ring(radius_px: float) -> Image.Image:
    side = _even(2 * radius_px + 4)
    fine = Image.new("L", (side * 4, side * 4), 0)
    draw, middle = ImageDraw.Draw(fine), side * 2
    box = (middle - radius_px * 4, middle - radius_px * 4, middle + radius_px * 4, middle + radius_px * 4)
    draw.ellipse(box, fill=70, outline=190, width=max(round(radius_px), 3))
    shine = radius_px * 1.1
    draw.ellipse((box[0] + shine, box[1] + shine, box[0] + 2.4 * shine, box[1] + 2.4 * shine), fill=255)
    return fine.reduce(4)


def _petal(radius_px: float, *, angle: int) -> Image.Image:
    side = _even(2 * radius_px + 4)
    fine = Image.new("L", (side * 4, side * 4), 0)
    middle = side * 2
    wide, tall = radius_px * 4, radius_px * 1.9
    ImageDraw.Draw(fine).ellipse((middle - wide, middle - tall, middle + wide, middle + tall), fill=235)
    return fine.rotate(angle, Image.Resampling.BILINEAR).reduce(4)


def _spark(reach_px: int) -> Image.Image:
    """Return a star with four points and a faint glow."""
    side = _even(2 * reach_px + 4)
    fine = Image.new("L", (side * 4, side * 4), 0)
    draw, middle, reach = ImageDraw.Draw(fine), side * 2, max(reach_px, 2) * 4
    for turn in range(4):
        x, y = math.cos(turn * math.pi / 2) * reach, math.sin(turn * math.pi / 2) * reach
        draw.polygon(
            [
                (middle + x, middle + y),
                (middle - y * 0.13, middle + x * 0.13),
                (middle + y * 0.13, middle - x * 0.13),
            ],
            fill=255,
        )
    glow = fine.filter(ImageFilter.GaussianBlur(reach / 5)).point(_times(0.8))
    return ImageChops.lighter(fine, glow).reduce(4)


def _streaks(
    size: tuple[int, int], count: int, depth: float, strength: float, *, slant: float, chance: random.Random
) -> Image.Image:
    """Return a sheet of rain. Its edges meet, so that it can go round."""
    sheet = Image.new("L", size, 0)
    draw = ImageDraw.Draw(sheet)
    for _ in range(count):
        x, y = chance.random() * size[0], chance.random() * size[1]
        length = chance.uniform(0.025, 0.07) * depth * size[1]
        fill, width = (
            round(255 * strength * chance.uniform(0.5, 1)),
            max(round(0.0014 * depth * size[1]), 1),
        )
        for shift_x in (0, size[0]):
            for shift_y in (0, -size[1]):
                start = (x + shift_x, y + shift_y)
                draw.line([start, (start[0] - slant * length, start[1] + length)], fill=fill, width=width)
    return sheet
