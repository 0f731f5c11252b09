"""Houses, lighthouses, castles, windmills, tents and temples."""

import math

from sandbox.drawing.canvas import BLACK, Color, Point, mix, points
from sandbox.drawing.pose import Pose

WARM: Color = (255, 214, 120)
STONE: Color = (198, 190, 188)


def _window(pose: Pose, left: float, bottom: float, right: float, top: float) -> None:
    is_lit = pose.dimming > 0.25
    pose.box(left - 0.012, bottom - 0.012, right + 0.012, top + 0.012, (92, 64, 52))
    corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
    if not is_lit:
        pose.poly(corners, [(150, 200, 226), (206, 232, 240)])
        return
    pose.canvas.shape([pose.at(corner) for corner in corners], WARM)
    pose.shine((left + right) / 2, (bottom + top) / 2, 0.22, (255, 190, 90), strength=0.7)


def house(pose: Pose) -> None:
    """Draw a small house with a chimney."""
    wall = pose.own_color or (236, 218, 190)
    roof, wood = ((170, 72, 58), (112, 76, 56))
    snow = pose.ambient == (255, 255, 254)
    pose.shade(0.58, strength=0.25)
    pose.box(0.2, 0.6, 0.31, 1.0, [(168, 110, 94), (130, 80, 72)])
    pose.box(-0.42, 0.0, 0.42, 0.5, [wall, mix(wall, (120, 90, 110), 0.25)])
    pose.poly(points("-0.42,0.5 0.42,0.5 0,0.84"), wall)
    pose.poly(
        points("-0.54,0.44 -0.46,0.42 0,0.82 0.46,0.42 0.54,0.44 0,0.94"),
        [mix(roof, (255, 220, 200), 0.2 if not snow else 0.9), roof],
    )
    pose.box(-0.09, 0.0, 0.09, 0.3, wood)
    pose.oval(0.055, 0.14, 0.014, 0.014, (240, 200, 110))
    for x in (-0.3, 0.18):
        _window(pose, x, 0.18, x + 0.12, 0.34)
    _window(pose, -0.06, 0.5, 0.06, 0.64)
    if pose.dimming > 0.2:
        for step in range(4):
            pose.oval(
                0.27 + 0.03 * step + 0.02 * step * step,
                1.07 + 0.12 * step,
                0.05 + 0.03 * step,
                0.045 + 0.02 * step,
                (230, 226, 232),
                alpha=0.5 - 0.1 * step,
            )


def lighthouse(pose: Pose) -> None:
    """Draw a striped lighthouse on a rock, its beam sweeping when it is dark."""
    stripe = pose.own_color or (206, 56, 52)
    white: Color = (244, 242, 238)
    if pose.dimming > 0.2 and not pose.canvas.is_drawn:
        lamp = (0.0, 0.905)
        for side, rise in ((-1, 0.3), (1, -0.12)):
            far = 2.4
            pose.canvas.shape(
                [
                    pose.at(point)
                    for point in (
                        lamp,
                        (side * far, lamp[1] + rise * far * 0.5 + 0.34),
                        (side * far, lamp[1] + rise * far * 0.5 - 0.1),
                    )
                ],
                (255, 244, 200),
                alpha=0.5,
                soft=0.014,
            )
    rock: Color = (84, 84, 98)
    pose.poly(
        points(
            "-0.62,-0.12 -0.54,0 -0.4,0.03 -0.3,0.1 -0.06,0.12 0.16,0.11 0.32,0.06 0.4,0.01 "
            "0.58,-0.02 0.7,-0.12"
        ),
        [mix(rock, (255, 255, 255), 0.25), rock, mix(rock, BLACK, 0.45)],
    )
    pose.poly(
        points("0,0.12 0.16,0.11 0.32,0.06 0.4,0.01 0.58,-0.02 0.7,-0.12 0.1,-0.12 0.16,0"),
        mix(rock, BLACK, 0.4),
        alpha=0.8,
    )

    def half(y: float) -> float:
        return 0.145 - (y - 0.1) * 0.082

    for step in range(5):
        low, high = 0.1 + step * 0.14, 0.1 + (step + 1) * 0.14
        tone = stripe if step % 2 == 0 else white
        pose.poly([(-half(low), low), (half(low), low), (half(high), high), (-half(high), high)], tone)
    pose.poly(
        [(half(0.1) * 0.25, 0.1), (half(0.1), 0.1), (half(0.8), 0.8), (half(0.8) * 0.25, 0.8)],
        (40, 30, 70),
        alpha=0.26,
    )
    pose.box(-0.03, 0.1, 0.03, 0.2, (70, 50, 52))
    for y in (0.36, 0.6):
        _window(pose, -0.018, y, 0.018, y + 0.05)
    pose.box(-0.13, 0.795, 0.13, 0.83, (52, 52, 66))
    pose.box(-0.068, 0.83, 0.068, 0.96, (255, 236, 160) if pose.dimming > 0.2 else (200, 226, 240))
    for x in (-0.068, -0.02, 0.024, 0.062):
        pose.box(x, 0.83, x + 0.008, 0.96, (52, 52, 66))
    pose.blob(
        points("-0.1,0.955! -0.06,1.02 0,1.06 0.06,1.02 0.1,0.955!"),
        stripe,
    )
    pose.line([(0, 1.05), (0, 1.11)], [0.012, 0.006], (52, 52, 66))
    if pose.dimming > 0.2:
        pose.shine(0.0, 0.905, 0.42, (255, 240, 180), strength=1.0)
        pose.shine(0.0, 0.905, 0.16, (255, 252, 232), strength=1.0)


def castle(pose: Pose) -> None:
    """Draw a castle with pointed towers."""
    wall = pose.own_color or STONE
    shade, roof = mix(wall, (60, 50, 90), 0.34), (92, 86, 150)
    pose.shade(0.7, strength=0.2)
    for x, wide, tall in ((-0.34, 0.075, 0.74), (0.36, 0.08, 0.68), (-0.12, 0.07, 0.98), (0.14, 0.08, 1.12)):
        pose.box(x - wide, 0.0, x + wide, tall, [wall, shade])
        pose.box(x + wide * 0.3, 0.0, x + wide, tall, shade, alpha=0.65)
        pose.poly(
            [(x - wide * 1.3, tall), (x, tall + wide * 3.6), (x + wide * 1.3, tall)],
            [mix(roof, (255, 255, 255), 0.2), roof],
        )
        pose.line([(x, tall + wide * 3.5), (x, tall + wide * 4.3)], [0.012, 0.008], shade)
        pose.poly(
            [(x, tall + wide * 4.3), (x + 0.1, tall + wide * 4.0), (x, tall + wide * 3.7)], (220, 80, 70)
        )
        for y in (0.55, 0.8):
            if y < tall - 0.1:
                _window(pose, x - 0.018, tall * y, x + 0.018, tall * y + 0.06)
    pose.box(-0.5, 0.0, 0.52, 0.36, [wall, shade])
    pose.polys(
        [
            [(x, 0.36), (x + 0.06, 0.36), (x + 0.06, 0.42), (x, 0.42)]
            for x in (-0.5, -0.38, -0.26, -0.14, -0.02, 0.1, 0.22, 0.34, 0.46)
        ],
        wall,
    )
    pose.blob(
        points("-0.1,0! -0.1,0.16 0,0.24 0.1,0.16 0.1,0!"),
        (66, 46, 48),
    )
    for x in (-0.36, 0.26):
        _window(pose, x, 0.14, x + 0.05, 0.22)


def windmill(pose: Pose) -> None:
    """Draw a windmill."""
    wall = pose.own_color or (238, 230, 214)
    pose.shade(0.4, strength=0.25)
    pose.poly(points("-0.22,0 0.22,0 0.13,0.7 -0.13,0.7"), [wall, mix(wall, (110, 90, 120), 0.3)])
    pose.poly(points("0.06,0 0.22,0 0.13,0.7 0.04,0.7"), (80, 70, 110), alpha=0.25)
    pose.blob(
        points("-0.17,0.69! -0.1,0.84 0,0.88 0.1,0.84 0.17,0.69!"),
        (140, 74, 58),
    )
    pose.box(-0.05, 0.0, 0.05, 0.17, (104, 70, 54))
    _window(pose, -0.03, 0.38, 0.03, 0.47)
    hub = (0.0, 0.74)
    for blade in range(4):
        angle = 0.42 + blade * math.pi / 2
        cos, sin = math.cos(angle), math.sin(angle)

        def place(along: float, across: float, cos: float = cos, sin: float = sin) -> Point:
            return (hub[0] + along * cos - across * sin, hub[1] + along * sin + across * cos)

        pose.poly(
            [place(0.1, 0.0), place(0.52, 0.0), place(0.52, 0.12), place(0.12, 0.1)],
            (248, 240, 224),
            alpha=0.92,
        )
        pose.line([hub, place(0.54, 0.0)], [0.022, 0.014], (92, 64, 52))
    pose.oval(hub[0], hub[1], 0.03, 0.03, (92, 64, 52))


def tent(pose: Pose) -> None:
    """Draw a tent beside a fire."""
    cloth = pose.own_color or (240, 140, 64)
    pose.shade(0.6, strength=0.3)
    pose.poly(points("-0.5,0 0,0.62 0.34,0"), [mix(cloth, (255, 244, 200), 0.35), cloth])
    pose.poly(points("0,0.62 0.34,0 0.62,0.08"), mix(cloth, BLACK, 0.35))
    pose.poly(
        points("-0.2,0 0,0.5 0.1,0"),
        [(255, 224, 140), (255, 176, 84)] if pose.dimming > 0.2 else (92, 60, 60),
    )
    if pose.dimming > 0.2:
        pose.shine(-0.04, 0.2, 0.7, (255, 190, 100), strength=0.6)
    x = -0.78
    for turn in (-0.35, 0.35):
        pose.line(
            [(x - 0.12, 0.02 + turn * 0.06), (x + 0.12, 0.06 - turn * 0.1)], [0.045, 0.045], (92, 60, 44)
        )
    pose.canvas.shape(
        [
            pose.at(point)
            for point in (
                (x - 0.1, 0.04),
                (x - 0.07, 0.18),
                (x - 0.01, 0.34),
                (x + 0.05, 0.2),
                (x + 0.1, 0.04),
            )
        ],
        [(255, 200, 80), (250, 110, 40)],
    )
    pose.canvas.shape(
        [pose.at(point) for point in ((x - 0.05, 0.04), (x - 0.02, 0.2), (x + 0.05, 0.04))], (255, 240, 170)
    )
    pose.shine(x, 0.16, 0.6, (255, 150, 60), strength=0.85)


def temple(pose: Pose) -> None:
    """Draw a pagoda."""
    roof = pose.own_color or (70, 92, 112)
    wall: Color = (186, 62, 50)
    pose.shade(0.6, strength=0.25)
    pose.box(-0.46, 0.0, 0.46, 0.06, STONE)
    for level in range(4):
        wide, y = 0.36 - level * 0.062, 0.06 + level * 0.235
        pose.box(-wide * 0.8, y, wide * 0.8, y + 0.17, [mix(wall, (255, 220, 180), 0.15), wall])
        for x in (-0.5, 0.0, 0.5):
            _window(pose, (x - 0.12) * wide, y + 0.03, (x + 0.12) * wide, y + 0.12)
        pose.blob(
            [
                (-wide * 1.45, y + 0.2),
                (-wide * 1.45, y + 0.2),
                (-wide, y + 0.155),
                (0.0, y + 0.15),
                (wide, y + 0.155),
                (wide * 1.45, y + 0.2),
                (wide * 1.45, y + 0.2),
                (wide * 0.8, y + 0.2),
                (wide * 0.56, y + 0.25),
                (-wide * 0.56, y + 0.25),
                (-wide * 0.8, y + 0.2),
            ],
            [mix(roof, (255, 255, 255), 0.22), roof],
        )
    pose.line([(0, 0.98), (0, 1.2)], [0.03, 0.008], (226, 184, 90))
