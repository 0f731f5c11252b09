"""Land: ridges, mountains, forests, hills, dunes and ice, from far and hazy to near and dark."""

import math
import random
from itertools import pairwise

from sandbox.drawing.canvas import BLACK, Canvas, Color, Point, mix, oval, smooth
from sandbox.drawing.palette import Palette
from sandbox.drawing.words import Theme

WHITE: Color = (252, 252, 255)


def ridge(
    rng: random.Random, *, aspect: float, y: float, height: float, roughness: float, steps: int = 7
) -> list[Point]:
    """Return a skyline from beyond the left edge to beyond the right."""
    heights = [rng.uniform(0.2, 1), rng.uniform(0.2, 1), rng.uniform(0.2, 1)]
    swing = 0.5
    for _ in range(steps - 1):
        finer = [heights[0]]
        for left, right in pairwise(heights):
            finer += [(left + right) / 2 + rng.uniform(-swing, swing), right]
        heights = finer
        swing *= roughness
    last = len(heights) - 1
    return [(-0.02 + (aspect + 0.04) * i / last, y - height * value) for i, value in enumerate(heights)]


def down_to(line: list[Point], bottom: float) -> list[Point]:
    """Close a skyline into an outline that reaches `bottom`."""
    return [*line, (line[-1][0], bottom), (line[0][0], bottom)]


def height_at(line: list[Point], x: float) -> float:
    """Return the skyline's y above x."""
    return min(line, key=lambda point: abs(point[0] - x))[1]


def mountains(canvas: Canvas, theme: Theme, palette: Palette, *, horizon: float, light_x: float) -> None:
    """Paint far ranges and two or three great peaks with lit and shaded faces."""
    rng = canvas.rng
    for depth, rise in ((0.0, 0.26), (0.18, 0.2)):
        line = ridge(rng, aspect=canvas.aspect, y=horizon, height=rise, roughness=0.52)
        tone = mix(mix(palette.haze, palette.far, 0.45), palette.far, depth * 2)
        canvas.shape(down_to(line, horizon + 0.05), [tone, mix(tone, palette.haze, 0.5)])
    side = 1 if light_x < canvas.aspect / 2 else -1
    places = [
        (0.5 + side * rng.uniform(0.04, 0.14), rng.uniform(0.42, 0.5)),
        (0.5 - side * rng.uniform(0.26, 0.34), 0.3),
        (0.5 + side * rng.uniform(0.36, 0.46), rng.uniform(0.24, 0.3)),
    ]
    for index, (place, rise) in enumerate(reversed(places)):
        body = mix(mix(palette.far, palette.near, 0.25 + index * 0.12), palette.haze, 0.16 - index * 0.05)
        _peak(
            canvas,
            theme,
            palette,
            body,
            (canvas.aspect * place, horizon - rise * max(horizon / 0.62, 0.8)),
            foot=horizon,
            side=side,
        )
    canvas.haze(palette.haze, top=horizon - 0.16, bottom=horizon + 0.06, strength=0.6)
    _treeline(canvas, theme, palette, foot=horizon)


def _treeline(canvas: Canvas, theme: Theme, palette: Palette, *, foot: float) -> None:
    """Stand a wood on the shore at the foot of the mountains."""
    rng = canvas.rng
    tone = mix(palette.near, palette.far, 0.16)
    shore = ridge(rng, aspect=canvas.aspect, y=foot - 0.004, height=0.045, roughness=0.5)
    trees = []
    x = -0.02
    while x < canvas.aspect + 0.02:
        gap = abs(x / canvas.aspect - 0.5) * 2
        trees.append(pine(rng, x, height_at(shore, x) + 0.012, rng.uniform(0.035, 0.06) + 0.055 * gap**2))
        x += rng.uniform(0.008, 0.02)
    canvas.shapes(trees, [mix(tone, palette.light, 0.1), tone])
    canvas.shape(down_to(shore, foot + 0.004), tone)
    if "snow" in theme.weather:
        canvas.shapes(
            [piece for x, _ in shore for piece in _boughs(rng, x, foot - 0.02, 0.08)],
            mix(WHITE, palette.haze, 0.3),
            alpha=0.8,
            inked=False,
        )


def _peak(
    canvas: Canvas, theme: Theme, palette: Palette, body: Color, apex: Point, *, foot: float, side: int
) -> None:
    rng = canvas.rng
    rise = foot - apex[1]
    left = _slope(rng, apex, (apex[0] - rise * rng.uniform(1.0, 1.25), foot))
    right = _slope(rng, apex, (apex[0] + rise * rng.uniform(1.0, 1.25), foot))
    spine = _slope(rng, apex, (apex[0] + side * -0.06 * rise, foot), swing=0.1)
    lit = mix(body, palette.light, 0.36)
    dark = mix(body, palette.near, 0.45)
    sunny, shady = (left, right) if side > 0 else (right, left)
    canvas.shape([*reversed(left), *right[1:]], [lit, mix(lit, body, 0.6), mix(body, palette.haze, 0.25)])
    canvas.shapes(
        ([*shady, *reversed(spine)],), [dark, mix(dark, body, 0.4), mix(body, palette.haze, 0.2)], inked=False
    )
    depth = 0.62 if "snow" in theme.weather or theme.setting == "arctic" else 0.36
    if "volcano" in theme.extras:
        canvas.glow(apex, 0.3, (255, 110, 40), strength=0.9)
        canvas.stroke(spine[: len(spine) // 2], (0.02, 0.006), (255, 150, 60))
        return
    snow_lit = mix(WHITE, palette.light, 0.35)
    snow_dark = mix(mix(WHITE, palette.sky[1], 0.5), body, 0.25)
    for face, tone, limit in ((sunny, snow_lit, depth), (shady, snow_dark, depth * 1.15)):
        edge = [point for point in face if point[1] < apex[1] + rise * limit]
        middle = [point for point in spine if point[1] < apex[1] + rise * limit * 0.86]
        if len(edge) < 2 or len(middle) < 2:
            continue
        hem: list[Point] = []
        teeth = 7
        for tooth in range(1, teeth):
            share = tooth / teeth
            x = edge[-1][0] + (middle[-1][0] - edge[-1][0]) * (share + rng.uniform(-0.05, 0.05))
            y = edge[-1][1] + (middle[-1][1] - edge[-1][1]) * share
            hem.append((x, y + rise * (rng.uniform(0.0, 0.13) if tooth % 2 else rng.uniform(-0.12, -0.01))))
        canvas.shapes(([*edge, *hem, *reversed(middle)],), tone, inked=False)


def _slope(rng: random.Random, start: Point, end: Point, *, swing: float = 0.055) -> list[Point]:
    line = [start, end]
    reach = math.hypot(end[0] - start[0], end[1] - start[1]) * swing
    for _ in range(5):
        finer = [line[0]]
        for first, second in pairwise(line):
            middle = (
                (first[0] + second[0]) / 2 + rng.uniform(-reach, reach),
                (first[1] + second[1]) / 2 + rng.uniform(-reach, reach) * 0.4,
            )
            finer += [middle, second]
        line = finer
        reach *= 0.55
    return line


def pine(rng: random.Random, x: float, foot: float, height: float) -> list[Point]:
    """Return a conifer's outline with uneven boughs."""
    tiers = 7
    left: list[Point] = []
    right: list[Point] = []
    for tier in range(tiers):
        share = (tier + 1) / tiers
        y = foot - height * (1 - share * 0.93)
        half = height * 0.2 * share**0.85
        for outline, side in ((left, -1), (right, 1)):
            reach = half * rng.uniform(0.86, 1.14)
            outline.append((x + side * reach, y + height * 0.012))
            if tier < tiers - 1:
                outline.append((x + side * reach * 0.48, y - height * 0.022))
    trunk = height * 0.022
    return [
        (x, foot - height),
        *right,
        (x + trunk, foot - height * 0.06),
        (x + trunk, foot),
        (x - trunk, foot),
        (x - trunk, foot - height * 0.06),
        *reversed(left),
    ]


def forest(canvas: Canvas, theme: Theme, palette: Palette, *, horizon: float) -> None:
    """Paint rows of trees, each nearer, taller and darker, with mist between the rows."""
    rng = canvas.rng
    is_snowy = "snow" in theme.weather
    hills = ridge(rng, aspect=canvas.aspect, y=horizon, height=0.14, roughness=0.45)
    canvas.shape(down_to(hills, horizon + 0.1), mix(palette.haze, palette.far, 0.4))
    rows = (
        (0.12, horizon + 0.0, 0.16, 0.03),
        (0.34, horizon + 0.02, 0.24, 0.045),
        (0.62, horizon + 0.05, 0.36, 0.08),
    )
    for depth, foot, height, step in rows:
        tone = mix(mix(palette.haze, palette.far, 0.55), palette.near, depth)
        trees, dusted = [], []
        x = -0.05
        while x < canvas.aspect + 0.05:
            gap = abs(x / canvas.aspect - 0.5) * 2
            tall = height * rng.uniform(0.62, 1.08) * (0.72 + 0.4 * gap)
            base = foot + rng.uniform(-0.012, 0.012)
            trees.append(pine(rng, x, base, tall))
            if is_snowy:
                dusted += _boughs(rng, x, base, tall)
            x += step * rng.uniform(0.6, 1.3)
        top = mix(tone, palette.light, 0.12)
        canvas.shapes(trees, [top, tone, mix(tone, palette.haze, 0.3)])
        if dusted:
            canvas.shapes(dusted, mix(mix(WHITE, palette.haze, 0.35), tone, 0.2), alpha=0.9, inked=False)
        canvas.haze(palette.haze, top=foot - height * 0.5, bottom=foot + 0.05, strength=0.62 * (1 - depth))


def _boughs(rng: random.Random, x: float, foot: float, height: float) -> list[list[Point]]:
    """Return the snow that lies on a conifer's boughs."""
    found: list[list[Point]] = []
    for tier in range(1, 7):
        share = tier / 7
        y, half = foot - height * (1 - share * 0.93), height * 0.2 * share**0.85
        for side in (-1, 1):
            reach = half * rng.uniform(0.7, 1.0)
            found.append(
                [
                    (x + side * reach * 0.1, y - height * 0.06),
                    (x + side * reach, y + height * 0.008),
                    (x + side * reach * 0.45, y - height * 0.012),
                    (x + side * reach * 0.2, y + height * 0.0),
                ]
            )
    return found


def framing_trees(canvas: Canvas, palette: Palette, *, is_snowy: bool) -> None:
    """Stand a few tall near trees at both edges, so that one looks through them."""
    rng = canvas.rng
    tone = mix(palette.near, BLACK, 0.25)
    for place, height in ((-0.03, 1.0), (0.09, 0.7), (1.03, 1.05), (0.93, 0.66)):
        x, foot = canvas.aspect * place, 1.02 if height > 0.9 else 0.93
        tall = height * rng.uniform(0.9, 1.1)
        canvas.shape(pine(rng, x, foot, tall), [mix(tone, palette.far, 0.2), tone])
        if is_snowy:
            canvas.shapes(_boughs(rng, x, foot, tall), mix(WHITE, palette.haze, 0.4), alpha=0.9, inked=False)


def ground(canvas: Canvas, theme: Theme, palette: Palette, *, horizon: float) -> None:
    """Paint gently rolling ground from the horizon to the foot of the picture."""
    rng = canvas.rng
    layers = 4
    near, far = ground_colors(theme, palette)
    for layer in range(layers):
        depth = layer / (layers - 1)
        y = horizon + (1 - horizon) * (0.02 + 0.74 * depth**1.25)
        line = smooth(
            [
                (canvas.aspect * (step / 5 * 1.2 - 0.1), y + rng.uniform(-0.032, 0.03) * (0.5 + depth))
                for step in range(6)
            ],
            closed=False,
        )
        tone = mix(far, near, depth)
        canvas.shape(down_to(line, 1.05), [mix(tone, palette.light, 0.2), tone, mix(tone, near, 0.5)])


def ground_colors(theme: Theme, palette: Palette) -> tuple[Color, Color]:
    """Return the ground's near and far colour."""
    if "snow" in theme.weather or theme.setting == "arctic":
        snow = mix(WHITE, palette.haze, 0.3)
        shade = mix(mix(palette.sky[1], palette.ambient, 0.5), WHITE, 0.36 if palette.dimming < 0.5 else 0.0)
        return shade, mix(snow, palette.ambient, palette.dimming * 0.6)
    return mix(palette.near, palette.far, 0.2), mix(palette.far, palette.light, 0.14)


def meadow(canvas: Canvas, theme: Theme, palette: Palette, *, horizon: float) -> None:
    """Paint hills with small trees, then grass and flowers."""
    rng = canvas.rng
    for depth in (0.0, 0.35):
        line = ridge(rng, aspect=canvas.aspect, y=horizon + 0.01, height=0.16 - depth * 0.2, roughness=0.32)
        tone = mix(mix(palette.haze, palette.far, 0.5), palette.far, depth * 2)
        canvas.shape(down_to(line, horizon + 0.1), [tone, mix(tone, palette.haze, 0.45)])
    ground(canvas, theme, palette, horizon=horizon)
    crown = mix(palette.far, palette.near, 0.55)
    for _ in range(9):
        x, y = rng.random() * canvas.aspect, horizon + rng.uniform(0.015, 0.07)
        size = rng.uniform(0.018, 0.04)
        tops = [
            oval((x + dx * size, y - size * (1.1 + dy)), size * 0.7, size * 0.62)
            for dx, dy in ((-0.5, 0), (0.5, 0.06), (0, 0.5))
        ]
        canvas.shapes(
            [
                *tops,
                [
                    (x - size * 0.12, y),
                    (x + size * 0.12, y),
                    (x + size * 0.1, y - size),
                    (x - size * 0.1, y - size),
                ],
            ],
            [mix(crown, palette.light, 0.3), crown],
            inked=False,
        )
    if "snow" not in theme.weather:
        grass(canvas, theme, palette, horizon=horizon)


def grass(canvas: Canvas, theme: Theme, palette: Palette, *, horizon: float) -> None:
    """Strew blades and blossoms, denser and larger towards the viewer."""
    rng = canvas.rng
    blossoms: tuple[Color, ...] = theme.colors or (
        (250, 120, 130),
        (255, 214, 90),
        (250, 246, 250),
        (190, 130, 230),
    )
    shares = ((0.3, 0.006), (0.55, 0.011), (0.8, 0.019), (1.0, 0.032))
    for share, size in shares:
        top, bottom = horizon + (1 - horizon) * (share - 0.24), horizon + (1 - horizon) * share + 0.02
        blades: list[list[Point]] = []
        for _ in range(round(130 * canvas.aspect)):
            x, y = rng.random() * canvas.aspect, rng.uniform(top, bottom)
            lean = rng.uniform(-0.6, 0.6) * size
            blades.append(
                [(x - size * 0.09, y), (x + lean, y - size * rng.uniform(1.2, 2.4)), (x + size * 0.09, y)]
            )
        tone = mix(palette.far, palette.near, 0.3 + share * 0.5)
        canvas.shapes(blades, [mix(tone, palette.light, 0.25), tone], inked=False)
        per_color = round(
            (34 if "flowers" in theme.extras or share > 0.5 else 16) * canvas.aspect / len(blossoms)
        )
        for color in blossoms:
            heads = []
            for _ in range(per_color):
                x, y = rng.random() * canvas.aspect, rng.uniform(top, bottom)
                heads.append(oval((x, y - size), size * 0.34, size * 0.28)[::4])
            canvas.shapes(heads, mix(color, palette.near, palette.dimming * 0.6), alpha=0.95, inked=False)


def dunes(canvas: Canvas, theme: Theme, palette: Palette, *, horizon: float, light_x: float) -> None:
    """Paint table mountains, then dunes with a sharp crest between light and shade."""
    rng = canvas.rng
    for _ in range(3):
        x, wide, rise = rng.random() * canvas.aspect, rng.uniform(0.12, 0.26), rng.uniform(0.06, 0.15)
        tone = mix(palette.haze, palette.far, rng.uniform(0.4, 0.75))
        mesa = [
            (x - wide, horizon + 0.02),
            (x - wide * 0.72, horizon - rise * 0.35),
            (x - wide * 0.62, horizon - rise),
            (x + wide * 0.5, horizon - rise * 1.02),
            (x + wide * 0.62, horizon - rise * 0.4),
            (x + wide, horizon + 0.02),
        ]
        canvas.shape(mesa, [tone, mix(tone, palette.haze, 0.5)])
    side = 1 if light_x < canvas.aspect / 2 else -1
    for layer in range(4):
        depth = layer / 3
        y = horizon + (1 - horizon) * (0.1 + 0.72 * depth**1.15)
        top = canvas.aspect * ((0.62, 0.26, 0.74, 0.2)[layer] + rng.uniform(-0.08, 0.08))
        rise = rng.uniform(0.1, 0.13) * (0.7 + depth * 0.5)
        wide = max(canvas.aspect, 0.8)
        crest = smooth(
            [
                (top - wide * 1.3, y + rise * 0.7),
                (top - wide * 0.7, y + rise * rng.uniform(0.4, 0.8)),
                (top - wide * 0.28, y + rise * 0.1),
                (top, y - rise * 0.75),
                (top, y - rise * 0.75),
                (top + wide * 0.2, y - rise * 0.1),
                (top + wide * 0.6, y + rise * rng.uniform(0.4, 0.8)),
                (top + wide * 1.3, y + rise * 0.7),
            ],
            closed=False,
        )
        tone = mix(palette.far, palette.near, depth * 0.5)
        lit = mix(tone, palette.light, 0.5 - depth * 0.12)
        canvas.shape(down_to(crest, 1.05), [lit, mix(lit, tone, 0.5), tone])
        spine = smooth(
            [
                (top, y - rise * 0.75),
                (top + side * 0.03, y - rise * 0.2),
                (top - side * 0.045, y + rise * 0.7),
                (top + side * 0.1, y + rise * 1.7),
                (top + side * 0.02, y + rise * 3.4),
            ],
            closed=False,
        )
        shaded = [point for point in crest if (point[0] - top) * side >= 0]
        if side < 0:
            shaded = shaded[::-1]
        foot = (shaded[-1][0], y + rise * 3.4)
        canvas.shapes(
            ([*shaded, foot, *reversed(spine)],),
            [mix(tone, palette.near, 0.62), mix(tone, palette.near, 0.34), tone],
            inked=False,
        )
    if theme.setting == "mars":
        rocks(canvas, palette, top=horizon + 0.1)


def rocks(canvas: Canvas, palette: Palette, *, top: float) -> None:
    """Strew rocks, larger towards the viewer, each with its shadow."""
    rng = canvas.rng
    for y in sorted(rng.uniform(top, 1.0) for _ in range(26)):
        x, size = (
            rng.random() * canvas.aspect,
            0.006 + 0.036 * ((y - top) / (1 - top)) ** 2 * rng.uniform(0.4, 1.2),
        )
        stone = [
            (
                x + size * math.cos(turn) * rng.uniform(0.8, 1.2),
                y - size * 0.35 + size * 0.62 * math.sin(turn) * rng.uniform(0.8, 1.2),
            )
            for turn in (0.0, 0.8, 1.7, 2.5, 3.3, 4.1, 4.9, 5.6)
        ]
        canvas.shapes(
            (oval((x + size * 0.3, y + size * 0.18), size * 1.3, size * 0.25),),
            palette.near,
            alpha=0.4,
            inked=False,
        )
        canvas.shape(stone, [mix(palette.far, palette.light, 0.2), mix(palette.near, BLACK, 0.2)])


def icebergs(canvas: Canvas, palette: Palette, *, waterline: float) -> None:
    """Float faceted ice on the water."""
    rng = canvas.rng
    for place, size in ((0.18, 0.2), (0.85, 0.28), (0.52, 0.12)):
        x = canvas.aspect * place
        top, left, right = (
            (x + size * 0.1, waterline - size * rng.uniform(0.7, 1.0)),
            x - size,
            x + size * 0.9,
        )
        canvas.shape(
            [
                (left, waterline),
                (left + size * 0.3, waterline - size * 0.4),
                top,
                (right - size * 0.3, waterline - size * 0.5),
                (right, waterline),
            ],
            [WHITE, mix(WHITE, palette.sky[1], 0.4)],
        )
        canvas.shapes(
            (
                [
                    top,
                    (right - size * 0.3, waterline - size * 0.5),
                    (right, waterline),
                    (x + size * 0.2, waterline),
                ],
            ),
            mix(palette.sky[1], WHITE, 0.45),
            inked=False,
        )
