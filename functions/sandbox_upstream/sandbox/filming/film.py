"""Films: from a prompt, a seed, a model and perhaps a first frame to the bytes of one MP4."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageOps

from sandbox.drawing import mark, palette, scene, styles, words
from sandbox.drawing.canvas import Canvas
from sandbox.filming import air, camera, sheets
from sandbox.filming.air import Air
from sandbox.filming.encode import FRAMES_PER_S, encode
from sandbox.filming.frames import Frame, Planes, Veil, veil_of
from sandbox.filming.world import World

# A little more is painted than is seen at once, so that coming closer shows no coarse pixels.
_SPARE = 1.1


@dataclass(frozen=True, slots=True)
class FilmOrder:
    """One film to make. The same order is always the same bytes."""

    prompt: str
    model: str
    width_px: int
    height_px: int
    duration_s: int
    seed: int | None = None
    negative_prompt: str = ""


@dataclass(frozen=True, slots=True)
class _Set:
    """All that a film is put together from. `stars` stand between the sky and everything else."""

    world: World
    stars: Air | None
    airs: list[Air]
    veils: list[Veil]
    light: tuple[float, float]


def shoot(order: FilmOrder, *, first_frame: Image.Image | None = None) -> bytes:
    """Return the file of a film; with a first frame, a film that begins with it."""
    made = _build(order, first_frame)
    return encode(_frames(order, made), width_px=order.width_px, height_px=order.height_px)


def _build(order: FilmOrder, first_frame: Image.Image | None) -> _Set:
    theme = words.read(order.prompt, negative_prompt=order.negative_prompt)
    # A generator of our own, seeded by the order alone: no clock and no shared state.
    chance = random.Random(f"film|{order.model}|{order.seed}|{order.prompt}")  # noqa: S311
    colors = palette.choose(theme, rng=chance)
    frame_size = (order.width_px, order.height_px)
    size = (_even(order.width_px * _SPARE), _even(order.height_px * _SPARE))
    way = camera.choose(chance, first_frame=first_frame is not None)
    look = styles.LOOKS[theme.style]
    airs = air.choose(
        theme,
        colors,
        size=frame_size,
        fills=first_frame is not None,
        is_drawn=look.paper is not None,
        chance=chance,
    )
    veils = _mark(frame_size)
    if first_frame is not None:
        fitted = ImageOps.fit(
            ImageOps.exif_transpose(first_frame).convert("RGB"), size, Image.Resampling.BICUBIC
        )
        return _Set(World([sheets.whole(fitted)], size, way), None, airs, veils, (1.0, 1.0))
    painted = styles.resolution(theme.style, width_px=size[0], height_px=size[1])
    canvas = Canvas(painted.width_px, painted.height_px, look=look, rng=chance, keeps_planes=True)
    scene.paint(canvas, theme, colors)
    # Every sheet is developed with the same chances, or the same spot would look different on each.
    state = random.Random(chance.random())  # noqa: S311

    def develop(image: Image.Image) -> Image.Image:
        again = random.Random()  # noqa: S311
        again.setstate(state.getstate())
        return styles.develop(image, theme.style, again, width_px=size[0], height_px=size[1])

    cut = sheets.cut(canvas.planes, develop, size=size, chance=chance)
    has_stars = cut[0].way == "shine" and (
        theme.setting == "space"
        or "stars" in theme.extras
        or (colors.is_night and not theme.weather & {"rain", "storm", "fog", "snow"})
    )
    stars = None
    if has_stars and look.paper is None:
        horizon = 1.0 if theme.setting == "space" else 0.5
        stars = air.twinkling(size=frame_size, horizon=horizon, chance=chance)
    style_veils = [veil_of(color, mask) for color, mask in styles.veils(theme.style, frame_size, state)]
    return _Set(World(cut, size, way), stars, airs, [*style_veils, *veils], _light(theme.time))


def _frames(order: FilmOrder, made: _Set) -> Iterator[Planes]:
    count = order.duration_s * FRAMES_PER_S
    for number in range(count):
        time_s, share = number / FRAMES_PER_S, number / (count - 1)
        frame = Frame(order.width_px, order.height_px)
        for place, sheet in enumerate(made.world.sheets):
            made.world.lay(frame, sheet, share=share, time_s=time_s)
            if place == 0 and made.stars is not None:
                made.stars.lay(frame, time_s=time_s)
        frame.brighten(_gain(made.light, share))
        for each in made.airs:
            each.lay(frame, time_s=time_s)
        for veil in made.veils:
            frame.veil(veil)
        yield frame.planes


def _light(time: str) -> tuple[float, float]:
    """How bright a film begins and ends, by the time of day."""
    return {"dawn": (0.93, 1.05), "sunset": (1.04, 0.93), "dusk": (1.03, 0.94)}.get(time, (0.985, 1.015))


def _gain(light: tuple[float, float], share: float) -> float:
    return light[0] + (light[1] - light[0]) * (0.5 - 0.5 * math.cos(math.pi * share))


def _mark(size: tuple[int, int]) -> list[Veil]:
    left, top, right, bottom = mark.place(size)
    return [
        veil_of(color, mask, left=left, top=top) for color, mask in mark.veils((right - left, bottom - top))
    ]


def _even(side_px: float) -> int:
    return math.ceil(side_px / 2) * 2
