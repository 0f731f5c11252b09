"""Cities: three depths of buildings, lit windows, signs, and a street that mirrors them when wet."""

from dataclasses import dataclass

from PIL import Image, ImageFilter

from sandbox.drawing.canvas import BLACK, FAR_DEPTH, Canvas, Color, Point, mix, oval
from sandbox.drawing.palette import Palette
from sandbox.drawing.words import Theme

NEONS: tuple[Color, ...] = ((255, 64, 150), (60, 230, 255), (170, 90, 255), (255, 196, 70), (90, 255, 180))


@dataclass(frozen=True, slots=True)
class _Block:
    left: float
    right: float
    top: float
    foot: float


def city(canvas: Canvas, theme: Theme, palette: Palette, *, horizon: float) -> None:
    """Paint a skyline, a street between two rows of towers, and its lights."""
    rng = canvas.rng
    is_lit = palette.dimming >= 0.4 or "neon" in theme.extras
    street = min(horizon + 0.16, 0.86)
    canvas.glow((canvas.aspect / 2, horizon), 0.75, palette.sky[3], strength=0.6, flatten=0.7)
    for depth, tall, step in ((0.0, 0.36, 0.075), (0.32, 0.3, 0.1)):
        blocks = []
        x = -0.04
        while x < canvas.aspect:
            gap = abs(x / canvas.aspect - 0.5) * 2
            wide = step * rng.uniform(0.6, 1.25)
            blocks.append(
                _Block(
                    x,
                    x + wide,
                    horizon - tall * rng.uniform(0.45, 1.1) * (0.6 + 0.5 * gap) + depth * 0.12,
                    street,
                )
            )
            x += wide * rng.uniform(0.86, 1.04)
        tone = mix(mix(palette.haze, palette.far, 0.6), palette.near, depth)
        canvas.shapes([_roofline(canvas, block) for block in blocks], [tone, mix(tone, palette.haze, 0.45)])
        _windows(
            canvas, palette, blocks, size=0.008 + depth * 0.006, share=0.34 if is_lit else 0.2, is_lit=is_lit
        )
        canvas.haze(palette.haze, top=horizon - 0.2, bottom=street + 0.04, strength=0.45 * (1 - depth))
    canvas.close_plane(FAR_DEPTH)
    near = mix(palette.near, palette.far, 0.14)
    sides = []
    for place, wide, top in (
        (-0.02, 0.17, 0.08),
        (0.14, 0.12, 0.3),
        (1.02, -0.19, 0.02),
        (0.85, -0.12, 0.34),
    ):
        x, reach = canvas.aspect * place, wide * min(canvas.aspect, 1.3)
        sides.append(
            _Block(min(x, x + reach), max(x, x + reach), top + rng.uniform(-0.04, 0.06), street + 0.02)
        )
    for block in sorted(sides, key=lambda each: -each.top):
        canvas.shape(_roofline(canvas, block), [near, mix(near, BLACK, 0.3)])
        _windows(canvas, palette, [block], size=0.019, share=0.42 if is_lit else 0.3, is_lit=is_lit)
    if is_lit:
        _signs(canvas, theme, sides)
    _street(canvas, theme, palette, top=street, is_lit=is_lit)


def _roofline(canvas: Canvas, block: _Block) -> list[Point]:
    rng = canvas.rng
    wide, top = block.right - block.left, block.top
    kind = rng.randrange(4)
    if kind == 0:
        upper = [
            (block.left, top + wide * 0.3),
            (block.left + wide * 0.2, top + wide * 0.3),
            (block.left + wide * 0.2, top),
            (block.right - wide * 0.2, top),
            (block.right - wide * 0.2, top + wide * 0.3),
            (block.right, top + wide * 0.3),
        ]
    elif kind == 1:
        middle = (block.left + block.right) / 2
        upper = [
            (block.left, top),
            (middle - wide * 0.03, top),
            (middle, top - wide * 0.7),
            (middle + wide * 0.03, top),
            (block.right, top),
        ]
    elif kind == 2:
        upper = [(block.left, top + wide * 0.24), (block.right, top)]
    else:
        upper = [(block.left, top), (block.right, top)]
    return [*upper, (block.right, block.foot), (block.left, block.foot)]


def _windows(
    canvas: Canvas, palette: Palette, blocks: list[_Block], *, size: float, share: float, is_lit: bool
) -> None:
    rng = canvas.rng
    warm: list[list[Point]] = []
    cool: list[list[Point]] = []
    for block in blocks:
        wide = block.right - block.left
        columns = max(int((wide - size) / (size * 1.75)), 1)
        start = block.left + (wide - columns * size * 1.75 + size * 0.75) / 2
        y = block.top + wide * 0.3 + size * 1.6
        while y < block.foot - size * 2.4:
            row_share = share * rng.choice((0.3, 1.0, 1.5))
            for column in range(columns):
                if rng.random() < row_share:
                    x = start + column * size * 1.75
                    (warm if rng.random() < 0.7 else cool).append(
                        [(x, y), (x + size, y), (x + size, y + size * 1.25), (x, y + size * 1.25)]
                    )
            y += size * 2.4
    if is_lit:
        canvas.shapes(warm, (255, 214, 134), alpha=0.9, inked=False)
        canvas.shapes(cool, mix((150, 226, 255), palette.accent, 0.3), alpha=0.85, inked=False)
    else:
        canvas.shapes([*warm, *cool], mix(palette.sky[2], (255, 255, 255), 0.35), alpha=0.55, inked=False)


def _signs(canvas: Canvas, theme: Theme, sides: list[_Block]) -> None:
    rng = canvas.rng
    hues = (*theme.colors, *NEONS) if theme.colors else NEONS
    count = 9 if "neon" in theme.extras else 4
    for place in range(count):
        block = sides[place % len(sides)]
        color = hues[(place + theme.entropy) % len(hues)]
        inner = block.right if block.left < canvas.aspect / 2 else block.left
        side = -1 if inner == block.right else 1
        wide, tall = rng.uniform(0.026, 0.05), rng.uniform(0.08, 0.2)
        if place % 3 == 2:
            wide, tall = tall * 0.9, wide * 1.2
        x = inner + side * rng.uniform(-0.02, max(block.right - block.left - wide, 0.0) * 0.5)
        left, right = (x, x + wide) if side > 0 else (x - wide, x)
        top = rng.uniform(max(block.top, 0.1) + 0.06, block.foot - tall - 0.05)
        canvas.glow(((left + right) / 2, top + tall / 2), max(wide, tall) * 1.9, color, strength=0.85)
        canvas.shape(
            [(left, top), (right, top), (right, top + tall), (left, top + tall)], mix(color, BLACK, 0.72)
        )
        _glyphs(canvas, (left, top, right, top + tall), mix(color, (255, 255, 255), 0.42))
        edge = 0.003
        canvas.shapes(
            [
                [(left, top), (right, top), (right, top + edge), (left, top + edge)],
                [
                    (left, top + tall - edge),
                    (right, top + tall - edge),
                    (right, top + tall),
                    (left, top + tall),
                ],
                [(left, top), (left + edge, top), (left + edge, top + tall), (left, top + tall)],
                [(right - edge, top), (right, top), (right, top + tall), (right - edge, top + tall)],
            ],
            color,
            inked=False,
        )


def _glyphs(canvas: Canvas, box: tuple[float, float, float, float], color: Color) -> None:
    """Fill a sign with strokes that look like writing and are none."""
    rng = canvas.rng
    left, top, right, bottom = box
    size = min(right - left, bottom - top) * 0.6
    count = max(int(max(right - left, bottom - top) / (size * 1.3)), 1)
    is_tall = bottom - top > right - left
    bars: list[list[Point]] = []
    for place in range(count):
        along = (place + 0.5) / count
        cx = (left + right) / 2 if is_tall else left + (right - left) * along
        cy = top + (bottom - top) * along if is_tall else (top + bottom) / 2
        for _ in range(4):
            thick = size * 0.1
            across = rng.uniform(-0.36, 0.36) * size
            if rng.random() < 0.5:
                bars.append(
                    [
                        (cx - size * 0.38, cy + across),
                        (cx + size * 0.38, cy + across),
                        (cx + size * 0.38, cy + across + thick),
                        (cx - size * 0.38, cy + across + thick),
                    ]
                )
            else:
                bars.append(
                    [
                        (cx + across, cy - size * 0.38),
                        (cx + across + thick, cy - size * 0.38),
                        (cx + across + thick, cy + size * 0.38),
                        (cx + across, cy + size * 0.38),
                    ]
                )
    canvas.shapes(bars, color, inked=False)


def _street(canvas: Canvas, theme: Theme, palette: Palette, *, top: float, is_lit: bool) -> None:
    rng = canvas.rng
    center = canvas.aspect / 2
    pavement = mix(palette.near, palette.haze, 0.16)
    is_wet = bool(theme.weather & {"rain", "storm"}) or ("neon" in theme.extras and not canvas.is_drawn)
    if is_wet and not canvas.is_drawn:
        depth = canvas.height_px - round(top * canvas.height_px)
        mirrored = canvas.rows_mirrored(top).filter(ImageFilter.BoxBlur((2, canvas.height_px // 36)))
        dark = Image.new("RGB", (canvas.width_px, depth), mix(palette.near, BLACK, 0.3))
        canvas.put(Image.blend(mirrored, dark, 0.34), (0, canvas.height_px - depth))
        puddles = [
            oval(
                (rng.random() * canvas.aspect, top + (1 - top) * share),
                0.03 + 0.12 * share,
                0.002 + 0.008 * share,
            )
            for share in (rng.random() for _ in range(40))
        ]
        canvas.shapes(puddles, mix(palette.haze, (255, 255, 255), 0.2), alpha=0.13, inked=False)
        rings = [
            oval(
                (rng.random() * canvas.aspect, top + (1 - top) * share),
                0.004 + 0.014 * share,
                0.001 + 0.004 * share,
            )
            for share in (rng.random() for _ in range(70))
        ]
        canvas.shapes(rings, (226, 236, 255), alpha=0.22, inked=False)
    else:
        canvas.shape(
            [(-0.1, top), (canvas.aspect + 0.1, top), (canvas.aspect + 0.1, 1.1), (-0.1, 1.1)],
            [mix(pavement, palette.haze, 0.3), pavement],
        )
        canvas.shape(
            [(center - 0.06, top), (center + 0.06, top), (center + 0.62, 1.1), (center - 0.62, 1.1)],
            [mix(pavement, palette.near, 0.3), palette.near],
        )
    marks = []
    for step in range(5):
        near, far = top + (1.05 - top) * ((step + 0.55) / 5) ** 1.6, top + (1.05 - top) * (step / 5) ** 1.6
        marks.append(
            [
                (center - 0.003 - 0.016 * (far - top) / (1 - top), far),
                (center + 0.003 + 0.016 * (far - top) / (1 - top), far),
                (center + 0.003 + 0.016 * (near - top) / (1 - top), near),
                (center - 0.003 - 0.016 * (near - top) / (1 - top), near),
            ]
        )
    canvas.shapes(marks, mix(palette.light, palette.haze, 0.4), alpha=0.5, inked=False)
    if is_lit:
        for side in (-1, 1):
            for step in range(3):
                reach = 0.08 + 0.13 * step**1.4
                x, foot, tall = center + side * reach * 1.3, top + 0.035 * step**1.7, 0.1 + 0.07 * step
                canvas.stroke(
                    [(x, foot), (x, foot - tall), (x - side * tall * 0.22, foot - tall * 1.03)],
                    (0.004 + 0.002 * step, 0.003),
                    palette.near,
                )
                canvas.glow(
                    (x - side * tall * 0.22, foot - tall), 0.05 + 0.03 * step, (255, 226, 160), strength=0.95
                )
