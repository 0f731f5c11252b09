"""Space: nebulae, stars and planets with rings and a night side."""

import math

from PIL import Image, ImageChops

from sandbox.drawing import sky
from sandbox.drawing.canvas import Canvas, Color, Look, mix, noise, oval, threshold
from sandbox.drawing.words import Theme

NEBULAE: tuple[tuple[Color, Color, Color], ...] = (
    ((112, 40, 160), (240, 90, 150), (70, 190, 230)),
    ((30, 90, 170), (90, 220, 210), (240, 130, 180)),
    ((150, 50, 70), (250, 150, 80), (110, 90, 210)),
    ((40, 60, 150), (150, 90, 230), (250, 190, 130)),
)


def deep_space(canvas: Canvas, theme: Theme) -> None:
    """Fill the picture with a nebula, stars, and one large planet."""
    rng = canvas.rng
    hues: tuple[Color, ...] = NEBULAE[theme.entropy % len(NEBULAE)]
    if theme.colors:
        hues = (*theme.colors, *hues)[:3]
    canvas.sky([(6, 7, 22), mix((10, 10, 34), hues[0], 0.14), (5, 6, 20)])
    wide, tall = max(canvas.aspect, 1.0), max(1 / canvas.aspect, 1.0)
    size = (round(200 * wide), round(200 * tall))

    def cells(count: int) -> tuple[int, int]:
        return (round(count * wide), round(count * tall))

    drift = noise(rng, size, cells=cells(3), octaves=6)
    for place, hue in enumerate(hues):
        cloud = ImageChops.multiply(
            noise(rng, size, cells=cells(3 + place), octaves=6),
            drift if place < 2 else ImageChops.invert(drift),
        )
        canvas.mist(
            threshold(cloud, 30 + place * 6, 120, strength=0.92 - place * 0.14), mix(hue, (14, 10, 40), 0.08)
        )
    canvas.mist(threshold(drift, 136, 220, strength=0.5), mix(hues[1], (255, 244, 240), 0.6))
    sky.stars(canvas, count=round(420 * max(canvas.aspect, 0.7)), bottom=1.0)
    canvas.close_plane(0.0, way="shine")
    planet(canvas, theme, hues)
    canvas.close_plane(0.35)


def planet(canvas: Canvas, theme: Theme, hues: tuple[Color, ...]) -> None:
    """Paint a banded planet lit from one side; ringed when the words ask for it or the hash says so."""
    rng = canvas.rng
    small = min(canvas.aspect, 1.0)
    center, radius = (
        (canvas.aspect * rng.choice((0.3, 0.68)), rng.uniform(0.34, 0.42)),
        small * rng.uniform(0.19, 0.24),
    )
    has_rings = "planet" in theme.extras or theme.entropy % 3 > 0
    base, tilt = mix((hues[1], (244, 190, 120), hues[0])[theme.entropy % 3], (250, 206, 150), 0.4), -0.36
    canvas.glow(center, radius * 1.9, mix(base, (150, 190, 255), 0.4), strength=0.55)
    if has_rings:
        _rings(canvas, center, radius, base, tilt=tilt, is_front=False)
    canvas.shape(
        oval(center, radius, radius), [mix(base, (255, 255, 255), 0.2), base, mix(base, hues[0], 0.4)]
    )
    if not canvas.is_drawn:
        _globe(canvas, center, radius, base)
    if has_rings:
        _rings(canvas, center, radius, base, tilt=tilt, is_front=True)
    moon = (
        center[0] + radius * rng.uniform(1.5, 1.9) * (1 if center[0] < canvas.aspect / 2 else -1),
        center[1] + radius * 0.9,
    )
    canvas.shape(oval(moon, radius * 0.16, radius * 0.16), [(240, 236, 230), (120, 116, 140)])


def _globe(canvas: Canvas, center: tuple[float, float], radius: float, base: Color) -> None:
    rng = canvas.rng
    side = max(round(radius * 2 * canvas.height_px), 4)
    rows = noise(rng, (4, 64), cells=(2, 9), octaves=3).resize((96, 96), Image.Resampling.BICUBIC)
    swirl = Image.blend(rows, noise(rng, (96, 96), cells=(4, 10)), 0.3).rotate(20, Image.Resampling.BICUBIC)
    surface = Image.new("RGB", (96, 96), base)
    surface.paste(mix(base, (120, 50, 40), 0.5), (0, 0), threshold(swirl, 110, 190, strength=0.7))
    surface.paste(
        mix(base, (255, 250, 240), 0.7), (0, 0), threshold(ImageChops.invert(swirl), 120, 190, strength=0.65)
    )
    night = Image.new("L", (96, 96))
    night.putdata(
        [
            round(245 * min(max((((x - 30) ** 2 + (y - 28) ** 2) ** 0.5 - 26) / 46, 0), 1) ** 0.8)
            for y in range(96)
            for x in range(96)
        ]
    )
    surface.paste((6, 6, 26), (0, 0), night)
    globe = Canvas(side, side, look=Look(), rng=rng)
    globe.shape(oval((0.5, 0.5), 0.496, 0.496), (255, 255, 255))
    disc = globe.image.convert("L")
    corner = (round((center[0] - radius) * canvas.height_px), round((center[1] - radius) * canvas.height_px))
    canvas.put(surface.resize((side, side), Image.Resampling.BICUBIC), corner, mask=disc)


def _rings(
    canvas: Canvas, center: tuple[float, float], radius: float, base: Color, *, tilt: float, is_front: bool
) -> None:
    for reach, width, alpha in ((1.5, 0.1, 0.55), (1.72, 0.2, 0.75), (1.98, 0.12, 0.5), (2.14, 0.05, 0.35)):
        outline = []
        start = 0.0 if is_front else math.pi
        for edge in (reach, reach - width):
            turns = range(41) if edge == reach else range(40, -1, -1)
            for turn in turns:
                angle = start + math.pi * turn / 40
                x, y = edge * radius * math.cos(angle), edge * radius * 0.27 * math.sin(angle)
                outline.append(
                    (
                        center[0] + x * math.cos(tilt) - y * math.sin(tilt),
                        center[1] + x * math.sin(tilt) + y * math.cos(tilt),
                    )
                )
        canvas.shapes(
            (outline,), mix(base, (255, 240, 214), 0.55), alpha=alpha if not canvas.is_drawn else 1.0
        )
