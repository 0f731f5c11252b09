"""Skies and weather: sun, moon, stars, clouds, aurora, lightning, rain, snow, fog."""

import math

from PIL import Image, ImageChops, ImageDraw

from sandbox.drawing.canvas import Canvas, Color, Point, band, mix, noise, oval, threshold
from sandbox.drawing.palette import Palette
from sandbox.drawing.words import Theme


def paint_sky(canvas: Canvas, theme: Theme, palette: Palette, *, horizon: float) -> Point:
    """Fill the sky and return where the light comes from."""
    rng = canvas.rng
    bottom = mix(palette.sky[3], palette.haze, 0.4)
    stops = [*palette.sky, *([bottom] * max(round(3 * (1 - horizon) / horizon), 1))]
    canvas.sky(stops)
    lamp: Point = (canvas.aspect * rng.choice((0.24, 0.3, 0.7, 0.76)), horizon * rng.uniform(0.3, 0.44))
    is_veiled = bool(theme.weather & {"rain", "storm"})
    if (palette.is_night and not is_veiled) or "stars" in theme.extras:
        if "stars" in theme.extras:
            _milky_way(canvas, palette, horizon=horizon)
        stars(
            canvas,
            count=round((260 if "stars" in theme.extras else 110) * max(canvas.aspect, 0.6)),
            bottom=horizon,
        )
    if "aurora" in theme.extras:
        _aurora(canvas, horizon=horizon)
    wants_sun = "sun" in theme.extras or not (palette.is_night or is_veiled)
    if "moon" in theme.extras or (palette.is_night and "sun" not in theme.extras and not is_veiled):
        _moon(canvas, palette, lamp)
    elif wants_sun:
        low = theme.time in ("dawn", "sunset", "dusk")
        lamp = (lamp[0], horizon * (rng.uniform(0.68, 0.8) if low else rng.uniform(0.22, 0.34)))
        sun(canvas, palette.light, lamp, radius=0.062 if low else 0.05)
    canvas.close_plane(0.0, way="shine")
    _clouds(canvas, theme, palette, horizon=horizon)
    if "rainbow" in theme.extras:
        _rainbow(canvas, horizon=horizon)
    if "lightning" in theme.extras or "storm" in theme.weather:
        canvas.close_plane(0.0, way="drift")
        _lightning(canvas, top=0.0, bottom=horizon)
        canvas.close_plane(0.0, way="flash")
    if "flock" in theme.extras:
        flock(canvas, mix(palette.near, palette.haze, 0.2), y=horizon * 0.42)
    canvas.close_plane(0.0, way="drift")
    return lamp


def sun(canvas: Canvas, color: Color, center: Point, *, radius: float) -> None:
    """Paint a sun with its glow."""
    canvas.glow(center, radius * 11, color, strength=0.5)
    canvas.glow(center, radius * 4, color, strength=0.7)
    if canvas.is_drawn:
        for ray in range(24):
            angle = ray * math.pi / 12
            inner, outer = radius * 1.35, radius * (1.7 if ray % 2 else 2.1)
            canvas.stroke(
                [
                    (center[0] + reach * math.cos(angle), center[1] + reach * math.sin(angle))
                    for reach in (inner, outer)
                ],
                (0.003, 0.002),
                canvas.look.ink,
            )
    canvas.shape(oval(center, radius, radius), [mix(color, (255, 255, 255), 0.6), color])


def stars(canvas: Canvas, *, count: int, bottom: float) -> None:
    """Scatter stars, the more the higher; a few are large and glow."""
    rng = canvas.rng
    for brightness in (0.35, 0.6, 1.0):
        outlines = []
        for _ in range(count // 3):
            center = (rng.random() * canvas.aspect, bottom * rng.random() ** 1.3)
            outlines.append(oval(center, *([rng.uniform(0.0007, 0.0017)] * 2))[::5])
        canvas.shapes(outlines, (252, 248, 255), alpha=brightness, inked=False)
    for _ in range(max(count // 26, 3)):
        center = (rng.random() * canvas.aspect, bottom * 0.8 * rng.random())
        canvas.glow(center, rng.uniform(0.01, 0.022), (210, 224, 255), strength=0.9)
        reach = rng.uniform(0.004, 0.009)
        spark = [
            (
                center[0] + (reach if turn % 2 == 0 else reach * 0.18) * math.cos(turn * math.pi / 4),
                center[1] + (reach if turn % 2 == 0 else reach * 0.18) * math.sin(turn * math.pi / 4),
            )
            for turn in range(8)
        ]
        canvas.shapes((spark,), (255, 253, 246), inked=False)


def _milky_way(canvas: Canvas, palette: Palette, *, horizon: float) -> None:
    rng = canvas.rng
    size = (256, 192)
    cloud = threshold(noise(rng, size, cells=(9, 6), octaves=5), 70, 210)
    across = Image.new("L", size)
    across.putdata(
        [
            round(255 * math.exp(-((((x / size[0] - 0.5) * 1.1 + (y / size[1] - 0.46) * 1.25) / 0.17) ** 2)))
            for y in range(size[1])
            for x in range(size[0])
        ]
    )
    arm = ImageChops.multiply(cloud, across)
    canvas.mist(
        arm.point([round(v * 0.72) for v in range(256)]),
        mix(palette.sky[3], (190, 170, 250), 0.4),
        bottom=horizon,
    )
    canvas.mist(threshold(arm, 110, 255, strength=0.6), (250, 226, 230), bottom=horizon)


def _moon(canvas: Canvas, palette: Palette, center: Point) -> None:
    radius = 0.062
    canvas.glow(center, radius * 8, palette.light, strength=0.34)
    canvas.glow(center, radius * 2.6, palette.light, strength=0.5)
    canvas.shape(oval(center, radius, radius), [(255, 254, 244), (226, 228, 240)])
    for dx, dy, size in (
        (-0.3, -0.2, 0.22),
        (0.25, 0.15, 0.3),
        (-0.1, 0.45, 0.16),
        (0.35, -0.4, 0.12),
        (-0.5, 0.2, 0.11),
    ):
        canvas.shape(
            oval((center[0] + dx * radius, center[1] + dy * radius), size * radius, size * radius),
            (198, 202, 222),
            alpha=0.5,
        )


def _clouds(canvas: Canvas, theme: Theme, palette: Palette, *, horizon: float) -> None:
    rng = canvas.rng
    heavy = bool(theme.weather & {"storm", "rain"})
    size = (256, 160)
    veil = noise(rng, size, cells=(4, 9), octaves=5)
    if heavy:
        canvas.mist(
            threshold(veil, 80, 190, strength=0.75), mix(palette.sky[0], (12, 14, 24), 0.4), bottom=horizon
        )
        canvas.mist(
            threshold(noise(rng, size, cells=(5, 8)), 130, 220, strength=0.5),
            palette.sky[3],
            bottom=horizon,
        )
    else:
        canvas.mist(
            threshold(veil, 130, 220, strength=0.4), mix(palette.light, palette.sky[3], 0.4), bottom=horizon
        )
    puffs = (
        5
        if "clouds" in theme.weather
        else (0 if heavy or palette.is_night or theme.weather & {"fog", "snow"} else 3)
    )
    for _ in range(puffs):
        center = (rng.random() * canvas.aspect, horizon * rng.uniform(0.12, 0.72))
        cumulus(canvas, palette, center, width=rng.uniform(0.16, 0.34))


def cumulus(canvas: Canvas, palette: Palette, center: Point, *, width: float) -> None:
    """Paint one heaped cloud: a lit top, a shaded foot."""
    rng = canvas.rng
    lit, shaded = mix(palette.light, palette.sky[3], 0.1), mix(palette.sky[2], palette.haze, 0.4)
    parts = 9
    tops: list[list[Point]] = []
    for part in range(parts):
        along = (part + 0.5) / parts * 2 - 1
        size = width * (0.1 + 0.16 * (1 - along * along) * rng.uniform(0.6, 1.2))
        tops.append(oval((center[0] + along * width * 0.5, center[1] - size * 0.55), size, size * 0.86))
    foot = oval((center[0], center[1]), width * 0.6, width * 0.05)
    canvas.shapes([*tops, foot], [lit, mix(lit, shaded, 0.35), shaded], alpha=0.94, inked=False, soft=0.0022)


def _aurora(canvas: Canvas, *, horizon: float) -> None:
    rng = canvas.rng
    for color, lift in (((64, 240, 170), 0.0), ((90, 160, 250), -0.08), ((190, 90, 230), -0.15)):
        size = (220, 140)
        streaks = noise(rng, (size[0], 1), cells=(18, 2), octaves=4).resize(size)
        base = horizon * 0.62 + lift
        phase, swing = rng.uniform(0, 6), rng.uniform(0.06, 0.13)
        fall = Image.new("L", size)
        values = []
        for y in range(size[1]):
            for x in range(size[0]):
                foot = (
                    base
                    + swing * math.sin(phase + x / size[0] * 7)
                    + swing * 0.4 * math.sin(phase * 2 + x / size[0] * 17)
                )
                above = foot - y / size[1] * horizon
                values.append(
                    round(255 * math.exp(-above / 0.13))
                    if above > 0
                    else round(255 * math.exp(above / 0.012))
                )
        fall.putdata(values)
        curtain = ImageChops.multiply(fall, threshold(streaks, 40, 220))
        canvas.mist(curtain.point([round(v * 0.8) for v in range(256)]), color, bottom=horizon)


def _rainbow(canvas: Canvas, *, horizon: float) -> None:
    bands: tuple[Color, ...] = (
        (232, 70, 70),
        (248, 150, 60),
        (252, 220, 90),
        (96, 196, 110),
        (70, 140, 230),
        (140, 90, 210),
    )
    center = (canvas.aspect * 0.5, horizon * 1.25)
    for place, color in enumerate(bands):
        radius = horizon * 1.0 - place * 0.014
        arc = [
            (
                center[0] + radius * math.cos(turn * math.pi / 40),
                center[1] - radius * math.sin(turn * math.pi / 40),
            )
            for turn in range(41)
        ]
        canvas.shapes((band(arc, (0.016, 0.016)),), color, alpha=0.42, soft=0.004)


def _lightning(canvas: Canvas, *, top: float, bottom: float) -> None:
    rng = canvas.rng
    x, y = canvas.aspect * rng.choice((0.22, 0.8)), top
    canvas.glow((x, bottom * 0.3), 0.5, (190, 205, 255), strength=0.5)
    points: list[Point] = [(x, y)]
    while y < bottom:
        x, y = x + rng.uniform(-0.045, 0.045), y + rng.uniform(0.03, 0.06)
        points.append((x, min(y, bottom)))
    for start in (3, 5):
        fork: list[Point] = [points[min(start, len(points) - 1)]]
        for _ in range(4):
            fork.append(
                (
                    fork[-1][0] + rng.uniform(-0.01, 0.05) * (1 if start == 3 else -1),
                    fork[-1][1] + rng.uniform(0.02, 0.04),
                )
            )
        canvas.stroke(fork, (0.004, 0.001), (226, 232, 255))
    canvas.shapes((band(points, (0.02, 0.008)),), (160, 180, 255), alpha=0.5, soft=0.008)
    canvas.stroke(points, (0.007, 0.002), (250, 250, 255))


def flock(canvas: Canvas, color: Color, *, y: float) -> None:
    """Draw a loose flock of distant birds."""
    rng = canvas.rng
    start = canvas.aspect * rng.uniform(0.3, 0.6)
    for bird in range(9):
        x = start + (bird % 3) * 0.07 + rng.uniform(-0.03, 0.03) + bird * 0.008
        height = y + rng.uniform(-0.05, 0.05) + bird * 0.004
        span = rng.uniform(0.013, 0.026)
        lift = rng.uniform(0.2, 0.55)
        canvas.stroke(
            [
                (x - span, height - span * lift),
                (x - span * 0.4, height - span * lift * 1.1),
                (x, height),
                (x + span * 0.4, height - span * lift * 1.1),
                (x + span, height - span * lift),
            ],
            (0.001, 0.004, 0.001),
            color,
        )


def paint_weather(canvas: Canvas, theme: Theme, palette: Palette) -> None:
    """Lay what falls from the sky over the finished picture."""
    if canvas.keeps_planes:
        return
    if "fog" in theme.weather:
        rng = canvas.rng
        canvas.mist(
            threshold(noise(rng, (200, 120), cells=(3, 6)), 60, 220, strength=0.55), palette.haze, top=0.35
        )
    if theme.weather & {"rain", "storm"}:
        _rain(canvas, mix(palette.haze, (226, 236, 255), 0.6), is_heavy="storm" in theme.weather)
    if "snow" in theme.weather:
        _snow(canvas)
    if "petals" in theme.extras:
        _petals(canvas)
    if "storybook" in theme.extras:
        for _ in range(26):
            center = (canvas.rng.random() * canvas.aspect, canvas.rng.uniform(0.4, 0.95))
            canvas.glow(center, canvas.rng.uniform(0.012, 0.03), (255, 232, 140), strength=0.95)


def _rain(canvas: Canvas, color: Color, *, is_heavy: bool) -> None:
    rng = canvas.rng
    slant = 0.34 if is_heavy else 0.16
    for depth, alpha in ((0.5, 0.2), (0.75, 0.28), (1.0, 0.36)):
        mask = Image.new("L", (canvas.width_px, canvas.height_px), 0)
        draw = ImageDraw.Draw(mask)
        for _ in range(round((330 if is_heavy else 230) * canvas.aspect)):
            x, y = rng.uniform(-0.1, canvas.aspect + 0.3), rng.uniform(-0.1, 1.0)
            length = rng.uniform(0.02, 0.06) * depth
            start, end = (x, y), (x - slant * length, y + length)
            draw.line(
                [
                    (start[0] * canvas.height_px, start[1] * canvas.height_px),
                    (end[0] * canvas.height_px, end[1] * canvas.height_px),
                ],
                fill=round(255 * alpha * rng.uniform(0.5, 1)),
                width=max(round(0.0014 * depth * canvas.height_px), 1),
            )
        canvas.image.paste(color if not canvas.is_drawn else canvas.look.ink, (0, 0), mask)


def _snow(canvas: Canvas) -> None:
    rng = canvas.rng
    for size, count, alpha, soft in (
        (0.0022, 150, 0.85, 0.0),
        (0.0042, 60, 0.8, 0.001),
        (0.011, 12, 0.5, 0.004),
    ):
        outlines = []
        for _ in range(round(count * max(canvas.aspect, 0.6))):
            center = (rng.random() * canvas.aspect, rng.random())
            radius = size * rng.uniform(0.6, 1.3)
            outlines.append(oval(center, radius, radius)[::3])
        canvas.shapes(outlines, (255, 255, 255), alpha=alpha, soft=soft, inked=False)


def _petals(canvas: Canvas) -> None:
    rng = canvas.rng
    outlines = [
        oval(
            (rng.random() * canvas.aspect, rng.random()),
            rng.uniform(0.004, 0.009),
            rng.uniform(0.002, 0.004),
            turn=rng.uniform(0, 3),
        )
        for _ in range(60)
    ]
    canvas.shapes(outlines, (255, 190, 208), alpha=0.9, inked=False)
