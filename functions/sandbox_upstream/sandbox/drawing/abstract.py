"""Abstract pictures: geometry in the prompt's colours, in one of four compositions."""

import math
import random

from sandbox.drawing.canvas import Canvas, Color, Point, band, mix, oval, smooth
from sandbox.drawing.words import Theme

SCHEMES: tuple[tuple[Color, ...], ...] = (
    ((242, 130, 38), (26, 120, 130), (250, 214, 130), (30, 44, 70)),
    ((220, 70, 70), (40, 70, 120), (244, 200, 90), (240, 228, 208)),
    ((120, 80, 200), (250, 140, 150), (60, 190, 200), (30, 28, 66)),
    ((30, 110, 90), (240, 170, 70), (226, 90, 70), (24, 42, 48)),
)


def geometry(canvas: Canvas, theme: Theme) -> None:
    """Compose circles, arcs, blocks and lines."""
    rng = canvas.rng
    colors = _scheme(theme, rng)
    dark = sum(colors[0]) < 380 and theme.entropy % 2 == 0
    paper = mix((20, 24, 40), colors[0], 0.16) if dark else mix((250, 244, 232), colors[0], 0.06)
    canvas.sky([mix(paper, (255, 255, 255), 0.06), paper, mix(paper, colors[1], 0.12)])
    kinds = (
        (_orbits, _tiles, _stack) if "geometry" in theme.extras else (_orbits, _waves, _tiles, _waves, _stack)
    )
    kinds[theme.entropy % len(kinds)](canvas, colors, paper)


def _scheme(theme: Theme, rng: random.Random) -> list[Color]:
    if not theme.colors:
        return list(SCHEMES[theme.entropy // 4 % len(SCHEMES)])
    colors = list(theme.colors)
    lights = [mix(color, (255, 246, 226), 0.55) for color in colors]
    darks = [mix(color, (22, 26, 50), 0.6) for color in colors]
    found = [*colors, *lights, *darks]
    if len(found) < 4:
        found.append((24, 34, 58) if rng.random() < 0.5 else (244, 226, 190))
    return found


def _orbits(canvas: Canvas, colors: list[Color], paper: Color) -> None:
    """Great circles, half discs and rings hung on thin lines."""
    rng, a = canvas.rng, canvas.aspect
    s = min(a, 1.0)
    center = (a * rng.uniform(0.4, 0.6), rng.uniform(0.42, 0.54))
    big = s * rng.uniform(0.28, 0.33)
    canvas.shape(
        [(0, center[1] + 0.12), (a, center[1] - 0.02), (a, 1.1), (0, 1.1)],
        [mix(colors[1], paper, 0.12), mix(colors[1], (16, 22, 40), 0.45)],
    )
    canvas.shape(
        oval(center, big, big),
        [mix(colors[0], (255, 236, 200), 0.35), colors[0], mix(colors[0], (120, 20, 40), 0.25)],
    )
    _half(
        canvas,
        (center[0] + big * 0.75, center[1] + big * 0.62),
        big * 0.72,
        colors[2 % len(colors)],
        turn=rng.choice((0.5, 0.8, 3.6)),
    )
    _half(
        canvas,
        (center[0] - big * 0.95, center[1] + big * 0.55),
        big * 0.5,
        colors[-1],
        turn=rng.choice((-0.6, 2.2)),
    )
    for reach, width in ((1.32, 0.012), (1.5, 0.005), (1.62, 0.022)):
        start, sweep = rng.uniform(0, 6), rng.uniform(1.6, 3.6)
        arc = [
            (
                center[0] + big * reach * math.cos(start + sweep * t / 40),
                center[1] + big * reach * math.sin(start + sweep * t / 40),
            )
            for t in range(41)
        ]
        canvas.shape(band(arc, (width, width)), rng.choice(colors))
    _triangle(
        canvas,
        (center[0] - big * 0.4, center[1] - big * 0.75),
        big * 0.42,
        mix(colors[3 % len(colors)], paper, 0.1),
        turn=rng.uniform(0, 2),
    )
    for _ in range(3):
        at = (center[0] + big * rng.uniform(-1.5, 1.5), center[1] + big * rng.uniform(-1.3, 1.4))
        canvas.shape(oval(at, big * 0.09, big * 0.09), rng.choice(colors))
    _dots(canvas, (a * rng.choice((0.08, 0.72)), rng.choice((0.08, 0.76))), s * 0.2, colors[-1])
    _rules(canvas, center, big, mix(colors[1], (10, 14, 30), 0.5))


def _tiles(canvas: Canvas, colors: list[Color], paper: Color) -> None:
    """A grid of quarter circles, discs, diagonals and bars."""
    rng, a = canvas.rng, canvas.aspect
    size = min(a, 1.0) / 5
    columns, rows = math.ceil(a / size), math.ceil(1 / size)
    for row in range(rows):
        for column in range(columns):
            x, y = column * size, row * size
            back, front = rng.sample([*colors, paper], 2) if len(colors) > 1 else (paper, colors[0])
            canvas.shape([(x, y), (x + size, y), (x + size, y + size), (x, y + size)], back)
            corner = (x + size * rng.randrange(2), y + size * rng.randrange(2))
            kind = rng.randrange(5)
            if kind < 2:
                for radius, tone in ((size, front), (size * 0.5, back))[: 1 + kind]:
                    canvas.shape(
                        _quarter(corner, radius, (x + size / 2, y + size / 2)),
                        [mix(tone, (255, 255, 255), 0.12), tone],
                    )
            elif kind == 2:
                canvas.shape(
                    oval((x + size / 2, y + size / 2), size * 0.4, size * 0.4),
                    [mix(front, (255, 255, 255), 0.15), front],
                )
                canvas.shape(oval((x + size / 2, y + size / 2), size * 0.17, size * 0.17), back)
            elif kind == 3:
                canvas.shape(
                    [(x, y), (x + size, y), (x, y + size)]
                    if rng.random() < 0.5
                    else [(x + size, y), (x + size, y + size), (x, y + size)],
                    front,
                )
            else:
                canvas.shapes(
                    [
                        [
                            (x + size * (bar * 2 + 1) / 8, y),
                            (x + size * (bar * 2 + 2) / 8, y),
                            (x + size * (bar * 2 + 2) / 8, y + size),
                            (x + size * (bar * 2 + 1) / 8, y + size),
                        ]
                        for bar in range(4)
                    ],
                    front,
                )


def _waves(canvas: Canvas, colors: list[Color], paper: Color) -> None:
    """Layer upon layer of curves like cut paper, round a disc of light."""
    rng, a = canvas.rng, canvas.aspect
    canvas.glow((a * 0.62, 0.3), 0.6, mix(colors[0], (255, 240, 210), 0.5), strength=0.5)
    canvas.shape(
        oval((a * 0.62, 0.3), min(a, 1) * 0.15, min(a, 1) * 0.15),
        [mix(colors[0], (255, 246, 226), 0.6), colors[0]],
    )
    for layer in range(9):
        y = 0.3 + layer * 0.085
        phase, swing = rng.uniform(0, 6), rng.uniform(0.05, 0.1)
        line = smooth(
            [
                (a * (step / 9 * 1.2 - 0.1), y + swing * math.sin(phase + step * rng.uniform(0.75, 0.9)))
                for step in range(10)
            ],
            closed=False,
        )
        tone = mix(colors[layer % len(colors)], paper, 0.34 - layer * 0.036)
        outline = [*line, (a + 0.2, 1.1), (-0.2, 1.1)]
        canvas.shapes(([(x, py - 0.012) for x, py in outline],), (10, 14, 34), alpha=0.3, soft=0.012)
        canvas.shape(outline, [mix(tone, (255, 255, 255), 0.16), tone, mix(tone, (16, 20, 44), 0.3)])


def _stack(canvas: Canvas, colors: list[Color], paper: Color) -> None:
    """Leaning translucent shapes over a fan of rays."""
    rng, a = canvas.rng, canvas.aspect
    s = min(a, 1.0)
    root = (a * rng.choice((0.0, 1.0)), 1.0)
    for ray in range(13):
        angle = -math.pi / 2 + (0.13 * ray if root[0] == 0 else -0.13 * ray)
        canvas.shape(
            [
                root,
                (root[0] + 3 * math.cos(angle), root[1] + 3 * math.sin(angle)),
                (root[0] + 3 * math.cos(angle + 0.065), root[1] + 3 * math.sin(angle + 0.065)),
            ],
            mix(colors[ray % len(colors)], paper, 0.72),
            alpha=0.6,
        )
    for layer in range(11):
        at = (a * 0.5 + s * rng.gauss(0, 0.19), 0.5 + rng.gauss(0, 0.17))
        size, tone = s * rng.uniform(0.1, 0.26) * (1.15 - layer * 0.05), colors[layer % len(colors)]
        paint = [mix(tone, (255, 250, 240), 0.25), tone]
        kind = layer % 4
        if kind == 0:
            canvas.shape(oval(at, size, size), paint, alpha=0.88)
        elif kind == 1:
            turn = rng.uniform(0, 1.5)
            canvas.shape(
                [
                    (
                        at[0] + size * math.cos(turn + k * math.pi / 2),
                        at[1] + size * math.sin(turn + k * math.pi / 2),
                    )
                    for k in range(4)
                ],
                paint,
                alpha=0.88,
            )
        elif kind == 2:
            _triangle(canvas, at, size * 1.1, tone, turn=rng.uniform(0, 2))
        else:
            _half(canvas, at, size, tone, turn=rng.uniform(0, 6))
    _dots(canvas, (a * 0.08, 0.1), s * 0.22, colors[-1])
    _rules(canvas, (a * 0.5, 0.5), s * 0.3, mix(colors[0], (10, 14, 30), 0.6))


def _half(canvas: Canvas, center: Point, radius: float, color: Color, *, turn: float) -> None:
    arc = [
        (
            center[0] + radius * math.cos(turn + math.pi * t / 32),
            center[1] + radius * math.sin(turn + math.pi * t / 32),
        )
        for t in range(33)
    ]
    canvas.shape(arc, [mix(color, (255, 255, 255), 0.18), color])


def _quarter(corner: Point, radius: float, middle: Point) -> list[Point]:
    sx, sy = (1 if middle[0] > corner[0] else -1), (1 if middle[1] > corner[1] else -1)
    return [
        corner,
        *(
            (
                corner[0] + sx * radius * math.cos(math.pi * t / 32),
                corner[1] + sy * radius * math.sin(math.pi * t / 32),
            )
            for t in range(17)
        ),
    ]


def _triangle(canvas: Canvas, center: Point, radius: float, color: Color, *, turn: float) -> None:
    corners = [
        (center[0] + radius * math.cos(turn + k * 2.0944), center[1] + radius * math.sin(turn + k * 2.0944))
        for k in range(3)
    ]
    canvas.shape(corners, [mix(color, (255, 255, 255), 0.15), color], alpha=0.94)


def _dots(canvas: Canvas, corner: Point, size: float, color: Color) -> None:
    canvas.shapes(
        [
            oval((corner[0] + size * c / 6, corner[1] + size * r / 6), size * 0.028, size * 0.028)
            for r in range(6)
            for c in range(6)
        ],
        color,
    )


def _rules(canvas: Canvas, center: Point, reach: float, color: Color) -> None:
    rng = canvas.rng
    for _ in range(4):
        angle = rng.uniform(0, math.pi)
        at = (center[0] + reach * rng.uniform(-0.8, 0.8), center[1] + reach * rng.uniform(-0.8, 0.8))
        far = reach * rng.uniform(0.8, 1.6)
        canvas.stroke(
            [
                (at[0] - far * math.cos(angle), at[1] - far * math.sin(angle)),
                (at[0] + far * math.cos(angle), at[1] + far * math.sin(angle)),
            ],
            (0.0035, 0.0035),
            color,
        )
