"""Water: reflections on a lake, swell and storm at sea, a beach, and the world below."""

import math

from PIL import Image, ImageFilter

from sandbox.drawing.canvas import Canvas, Color, Point, mix, noise, oval, smooth, threshold
from sandbox.drawing.palette import Palette
from sandbox.drawing.words import Theme

FOAM: Color = (248, 252, 255)


def lake(canvas: Canvas, palette: Palette, *, waterline: float, calm: float = 0.62) -> None:
    """Mirror what stands above the waterline, broken up by ripples."""
    depth = canvas.height_px - round(waterline * canvas.height_px)
    if depth < 2:
        return
    if canvas.is_drawn:
        canvas.shape(
            [(0, waterline), (canvas.aspect, waterline), (canvas.aspect, 1), (0, 1)], palette.water[0]
        )
        _glints(canvas, canvas.look.ink, top=waterline, strength=1.0)
        return
    mirrored = canvas.rows_mirrored(waterline).filter(ImageFilter.BoxBlur((1, canvas.height_px // 170 + 1)))
    mirrored = _rippled(canvas, mirrored)
    steps = 32
    tint = Image.new("RGB", (1, steps))
    tint.putdata([mix(palette.water[0], palette.water[1], row / steps) for row in range(steps)])
    cover = Image.new("L", (1, steps))
    cover.putdata([round(255 * (1 - calm) * (0.45 + 1.2 * row / steps)) for row in range(steps)])
    size = (canvas.width_px, depth)
    mirrored.paste(
        tint.resize(size, Image.Resampling.BICUBIC), (0, 0), cover.resize(size, Image.Resampling.BICUBIC)
    )
    canvas.put(mirrored, (0, canvas.height_px - depth))
    canvas.haze(palette.haze, top=waterline - 0.02, bottom=waterline + 0.025, strength=0.5)
    _glints(canvas, mix(palette.light, palette.haze, 0.4), top=waterline, strength=0.3)


def _rippled(canvas: Canvas, image: Image.Image) -> Image.Image:
    """Shift rows sideways, more towards the viewer."""
    rng = canvas.rng
    rippled = image.copy()
    row = 0
    while row < image.height:
        share = row / image.height
        rows = 1 + round(share * canvas.height_px * 0.006)
        reach = share * canvas.height_px * 0.0045
        shift = round(rng.uniform(-1, 1) * reach)
        if shift:
            rippled.paste(image.crop((0, row, image.width, min(row + rows, image.height))), (shift, row))
        row += rows
    return rippled


def _glints(canvas: Canvas, color: Color, *, top: float, strength: float) -> None:
    rng = canvas.rng
    dashes = []
    for _ in range(round(120 * canvas.aspect)):
        share = rng.random() ** 1.4
        x, y = rng.random() * canvas.aspect, top + (1 - top) * share
        dashes.append(oval((x, y), (0.008 + 0.05 * share) * rng.uniform(0.4, 1.2), 0.0006 + 0.0016 * share))
    canvas.shapes(dashes, color, alpha=strength, inked=False)


def sea(canvas: Canvas, theme: Theme, palette: Palette, *, horizon: float, light_x: float) -> None:
    """Paint open water with a path of light, calm or in storm."""
    calm = theme.mood != "dark" and not theme.weather & {"storm"}
    top, foot = palette.water
    canvas.shape(
        [(-0.1, horizon), (canvas.aspect + 0.1, horizon), (canvas.aspect + 0.1, 1.1), (-0.1, 1.1)],
        [mix(top, palette.haze, 0.25), mix(top, foot, 0.45), foot],
    )
    canvas.haze(palette.haze, top=horizon - 0.035, bottom=horizon + 0.035, strength=0.55)
    if calm:
        _swell(canvas, palette, horizon=horizon)
        _light_path(canvas, palette, top=horizon, x=light_x)
    else:
        for layer in range(3):
            wave(
                canvas,
                palette,
                y=horizon + 0.03 + 0.055 * layer,
                height=0.02 + 0.015 * layer,
                depth=layer / 6,
            )


def storm_front(canvas: Canvas, palette: Palette, *, horizon: float) -> None:
    """Roll the great near waves in front of whatever stands in the water."""
    for layer in range(3):
        wave(
            canvas,
            palette,
            y=horizon + 0.25 + 0.11 * layer,
            height=0.075 + 0.028 * layer,
            depth=0.4 + layer / 5,
        )


def wave(canvas: Canvas, palette: Palette, *, y: float, height: float, depth: float) -> None:
    """Paint one line of rolling waves, each with a curling crest, a hollow face and foam."""
    rng = canvas.rng
    tone = mix(mix(palette.water[0], palette.water[1], 0.25), palette.water[1], depth)
    tone = mix(tone, (36, 122, 138), 0.3)
    line: list[Point] = []
    foam: list[list[Point]] = []
    hollows: list[list[Point]] = []
    spray: list[list[Point]] = []
    x = -height * rng.uniform(1, 4)
    while x < canvas.aspect + 0.2:
        wide, rise = height * rng.uniform(4.0, 5.6), height * rng.uniform(0.75, 1.3)

        def at(along: float, up: float, x: float = x, wide: float = wide, rise: float = rise) -> Point:
            return (x + along * wide, y - up * rise)

        lip = at(0.93, 0.62)
        line += [
            at(0, 0),
            at(0.28, 0.16),
            at(0.52, 0.55),
            at(0.68, 0.9),
            at(0.8, 1.0),
            at(0.89, 0.86),
            lip,
            lip,
            at(0.85, 0.68),
            at(0.8, 0.42),
            at(0.84, 0.12),
        ]
        teeth = []
        for tooth in range(7):
            share = tooth / 6
            teeth.append(
                at(
                    0.87 - 0.34 * share,
                    0.74 - 0.3 * share * share - (0.2 if tooth % 2 else 0.02) * rng.uniform(0.6, 1.3),
                )
            )
        foam.append(
            smooth(
                [
                    at(0.46, 0.44),
                    at(0.46, 0.44),
                    at(0.58, 0.72),
                    at(0.68, 0.92),
                    at(0.8, 1.02),
                    at(0.89, 0.87),
                    lip,
                    lip,
                    *teeth,
                ]
            )
        )
        hollows.append(
            smooth(
                [at(0.84, 0.62), at(0.79, 0.4), at(0.83, 0.1), at(0.62, 0.02), at(0.7, 0.3), at(0.78, 0.56)]
            )
        )
        for streak in range(4):
            start = 0.3 + streak * 0.09
            foam.append(
                smooth(
                    [
                        at(start, 0.1 + streak * 0.05),
                        at(start + 0.1, 0.2 + streak * 0.06),
                        at(start + 0.2, 0.24 + streak * 0.04),
                        at(start + 0.1, 0.17 + streak * 0.06),
                    ]
                )
            )
        for _ in range(14):
            size = rise * rng.uniform(0.012, 0.04)
            spray.append(oval(at(rng.uniform(0.68, 1.04), 0.8 + 0.6 * rng.random() ** 2), size, size)[::4])
        x += wide * 0.92
    canvas.shape(
        [*smooth(line, closed=False), (canvas.aspect + 0.5, 1.1), (-0.5, 1.1)],
        [
            mix(tone, (150, 210, 210), 0.34),
            mix(tone, (20, 60, 80), 0.2),
            *[mix(palette.water[1], (2, 10, 24), 0.4)] * (2 + round(0.06 / height)),
        ],
    )
    canvas.shapes(hollows, mix(tone, (4, 24, 44), 0.5), alpha=0.55, soft=height * 0.03)
    canvas.shapes(foam, [mix(FOAM, tone, 0.05), mix(FOAM, tone, 0.3)], alpha=0.93, inked=False)
    canvas.shapes(spray, FOAM, alpha=0.8, inked=False)


def _swell(canvas: Canvas, palette: Palette, *, horizon: float) -> None:
    rng = canvas.rng
    for share in (0.12, 0.26, 0.45, 0.7):
        y = horizon + (1 - horizon) * share
        line = smooth(
            [
                (canvas.aspect * (step / 8 * 1.2 - 0.1), y + rng.uniform(-1, 1) * 0.012 * (0.3 + share))
                for step in range(9)
            ],
            closed=False,
        )
        tone = mix(palette.water[0], palette.water[1], 0.2 + share * 0.7)
        canvas.shape(
            [*line, (canvas.aspect + 0.2, 1.1), (-0.2, 1.1)],
            [mix(tone, palette.haze, 0.16), mix(tone, palette.water[1], 0.4)],
            alpha=0.6,
        )
    _glints(canvas, mix(palette.water[0], FOAM, 0.4), top=horizon, strength=0.28)


def _light_path(canvas: Canvas, palette: Palette, *, top: float, x: float) -> None:
    rng = canvas.rng
    canvas.glow((x, top), 0.42, palette.light, strength=0.5, flatten=0.45)
    dashes = []
    for _ in range(150):
        share = rng.random() ** 1.5
        half = 0.02 + 0.13 * share
        at = (x + rng.gauss(0, 0.45) * half, top + 0.004 + (1 - top) * share)
        dashes.append(oval(at, (0.006 + 0.034 * share) * rng.uniform(0.4, 1.1), 0.0009 + 0.0032 * share))
    canvas.shapes(dashes, mix(palette.light, FOAM, 0.3), alpha=0.66, inked=False)


def beach(canvas: Canvas, palette: Palette, *, top: float) -> None:
    """Run the sea out on sand."""
    rng = canvas.rng
    sand = mix((240, 212, 164), palette.ambient, palette.dimming * 0.7)
    edge = smooth(
        [
            (
                canvas.aspect * (step / 6 * 1.2 - 0.1),
                top + 0.05 * math.sin(step * 1.3) + rng.uniform(-0.01, 0.02),
            )
            for step in range(7)
        ],
        closed=False,
    )
    for lift, tone, alpha in (
        (-0.03, FOAM, 0.4),
        (-0.012, FOAM, 0.85),
        (0.004, mix(sand, palette.near, 0.25), 1.0),
        (0.034, sand, 1.0),
    ):
        canvas.shapes(
            ([*((x, y + lift) for x, y in edge), (canvas.aspect + 0.2, 1.1), (-0.2, 1.1)],),
            [tone, mix(tone, sand, 0.5)],
            alpha=alpha,
            inked=lift > 0.02,
        )


def underwater(canvas: Canvas, theme: Theme, palette: Palette) -> None:
    """Paint shafts of light, corals, weed and bubbles."""
    rng = canvas.rng
    deep: tuple[Color, ...] = ((120, 226, 232), (38, 158, 196), (14, 92, 150), (8, 44, 92))
    if palette.is_night:
        deep = ((60, 110, 180), (20, 66, 130), (8, 34, 84), (4, 14, 44))
    deep = tuple(mix(tone, theme.colors[0], 0.3) for tone in deep) if theme.colors else deep
    canvas.sky(deep)
    canvas.glow((canvas.aspect * 0.5, -0.1), 0.9, (210, 255, 250), strength=0.75)
    for _ in range(7):
        x, half = canvas.aspect * rng.uniform(0.1, 0.9), rng.uniform(0.01, 0.045)
        lean = (x - canvas.aspect * 0.5) * 0.6
        canvas.shapes(
            (
                [
                    (x - half, -0.05),
                    (x + half, -0.05),
                    (x + lean + half * 3.4, 0.95),
                    (x + lean - half * 3.4, 0.95),
                ],
            ),
            [(214, 255, 250), deep[1]],
            alpha=0.11,
            soft=0.012,
        )
    canvas.mist(threshold(noise(rng, (160, 120), cells=(3, 5)), 120, 230, strength=0.25), deep[0])
    for depth in (0.0, 0.5, 1.0):
        y = 0.86 + depth * 0.07
        floor = smooth(
            [(canvas.aspect * (step / 6 * 1.2 - 0.1), y + rng.uniform(-0.035, 0.03)) for step in range(7)],
            closed=False,
        )
        tone = mix(mix(deep[2], (220, 190, 150), 0.22), deep[3], depth * 0.8)
        _corals(canvas, deep, y=y + 0.02, depth=depth)
        canvas.shape([*floor, (canvas.aspect + 0.2, 1.1), (-0.2, 1.1)], [mix(tone, deep[0], 0.25), tone])
    bubbles = [
        oval((rng.random() * canvas.aspect, rng.uniform(0.05, 0.9)), *([rng.uniform(0.003, 0.012)] * 2))
        for _ in range(34)
    ]
    canvas.shapes(bubbles, (222, 250, 255), alpha=0.35, inked=False)


def _corals(canvas: Canvas, deep: tuple[Color, ...], *, y: float, depth: float) -> None:
    rng = canvas.rng
    hues: tuple[Color, ...] = (
        (244, 104, 112),
        (250, 158, 88),
        (190, 92, 190),
        (244, 196, 96),
        (70, 190, 150),
    )
    for _ in range(round(8 * max(canvas.aspect, 0.7))):
        x = rng.random() * canvas.aspect
        color = mix(rng.choice(hues), deep[2], 0.55 - depth * 0.4)
        tall = rng.uniform(0.06, 0.15) * (0.7 + depth * 0.6)
        if rng.random() < 0.5:
            for arm in range(-2, 3):
                lean = arm * tall * 0.26
                canvas.stroke(
                    [
                        (x, y),
                        (x + lean * 0.5, y - tall * 0.4),
                        (x + lean * 1.1, y - tall * (1.05 - abs(arm) * 0.16)),
                    ],
                    (tall * 0.16, tall * 0.12),
                    color,
                )
                canvas.shapes(
                    (
                        oval(
                            (x + lean * 1.1, y - tall * (1.05 - abs(arm) * 0.16)), tall * 0.075, tall * 0.075
                        ),
                    ),
                    color,
                    inked=False,
                )
        else:
            sway = rng.uniform(-0.03, 0.03)
            for blade in range(4):
                start = x + (blade - 1.5) * tall * 0.16
                weed = smooth(
                    [
                        (start, y),
                        (start + sway, y - tall * 0.5),
                        (start - sway, y - tall),
                        (start + sway, y - tall * 1.5),
                    ],
                    closed=False,
                )
                canvas.stroke(
                    weed, (tall * 0.1, tall * 0.07, 0.002), mix((46, 150, 110), deep[2], 0.5 - depth * 0.3)
                )
