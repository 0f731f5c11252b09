"""Boats, ships, rockets, planes, balloons, cars and trains."""

from sandbox.drawing.canvas import BLACK, Color, mix, points
from sandbox.drawing.pose import Pose

WHITE: Color = (250, 248, 242)
WOOD: Color = (150, 92, 58)
GLASS: Color = (150, 206, 230)


def boat(pose: Pose) -> None:
    """Draw a sailing boat, its wake and its sails' light."""
    sail = pose.own_color or WHITE
    hull: Color = (158, 58, 52) if pose.own_color is None else WOOD
    pose.line([(0.0, 0.1), (0.0, 1.02)], [0.022, 0.012], (96, 66, 52))
    pose.blob(
        points("-0.03,0.98! -0.2,0.6 -0.42,0.24! -0.2,0.2 -0.03,0.22!"),
        [sail, mix(sail, (210, 170, 190), 0.35)],
    )
    pose.blob(
        points("0.03,0.9! 0.22,0.56 0.38,0.24! 0.2,0.24 0.03,0.28!"),
        [mix(sail, (255, 236, 200), 0.4), mix(sail, (170, 150, 190), 0.3)],
    )
    for y in (0.45, 0.68):
        pose.line(
            [(-0.04, y), (-0.36 + (y - 0.24) * 0.6, y - 0.03)],
            [0.007, 0.005],
            mix(sail, (120, 100, 130), 0.4),
        )
    pose.blob(
        points("-0.5,0.17! -0.38,0.02 -0.2,-0.03 0.2,-0.03 0.36,0.02 0.54,0.2! 0.2,0.15 -0.2,0.14"),
        [mix(hull, WHITE, 0.18), hull, mix(hull, BLACK, 0.4)],
    )
    pose.line(points("-0.49,0.16 -0.1,0.13 0.25,0.145 0.53,0.19"), [0.022, 0.022], WHITE)
    pose.poly(points("0,1.02 0,1.1 0.12,1.06"), (232, 84, 70))
    pose.oval(-0.02, -0.04, 0.52, 0.022, WHITE, alpha=0.5)
    pose.oval(-0.3, -0.07, 0.5, 0.012, WHITE, alpha=0.35)


def ship(pose: Pose) -> None:
    """Draw a three-masted ship."""
    hull = pose.own_color or (104, 66, 50)
    for x, tall, scale in ((-0.34, 0.8, 0.8), (0.0, 1.0, 1.0), (0.32, 0.78, 0.78)):
        pose.line([(x, 0.2), (x, tall)], [0.022, 0.014], (72, 50, 44))
        for level in range(3):
            wide, low = (0.19 - level * 0.035) * scale, 0.3 + level * 0.215 * scale
            high = low + 0.19 * scale
            pose.blob(
                [
                    (x - wide * 0.8, high),
                    (x - wide * 0.8, high),
                    (x + wide * 0.8, high),
                    (x + wide * 0.8, high),
                    (x + wide * 1.15, (low + high) / 2),
                    (x + wide, low),
                    (x + wide, low),
                    (x, low + 0.035),
                    (x - wide, low),
                    (x - wide, low),
                    (x - wide * 0.7, (low + high) / 2),
                ],
                [WHITE, (226, 208, 190)],
            )
        pose.poly([(x, tall), (x, tall + 0.07), (x - 0.13, tall + 0.03)], (196, 50, 54))
    pose.line([(0.5, 0.24), (0.8, 0.4)], [0.03, 0.012], (72, 50, 44))
    pose.blob(
        points(
            "-0.66,0.34! -0.58,0.06 -0.4,-0.04 0.36,-0.04 0.52,0.06 0.64,0.28! 0.4,0.18 0,0.15 "
            "-0.4,0.19 -0.44,0.3!"
        ),
        [mix(hull, WHITE, 0.15), hull, mix(hull, BLACK, 0.4)],
    )
    pose.line(points("-0.6,0.2 -0.2,0.11 0.3,0.11 0.58,0.2"), [0.02, 0.02], (226, 180, 92))
    pose.polys(
        [
            [(x, 0.04), (x + 0.045, 0.04), (x + 0.045, 0.08), (x, 0.08)]
            for x in (-0.4, -0.26, -0.12, 0.02, 0.16, 0.3)
        ],
        (50, 34, 32),
    )
    pose.oval(0.0, -0.05, 0.64, 0.024, WHITE, alpha=0.5)


def rocket(pose: Pose) -> None:
    """Draw a rocket on its flame, leaning into its course."""
    shell = pose.own_color or (240, 242, 248)
    fin: Color = (226, 76, 66)
    pose.shine(0.0, -0.1, 0.9, (255, 160, 70), strength=0.85)
    pose.blob(
        points("-0.11,0.14 -0.16,-0.12 -0.04,-0.3 0,-0.5! 0.06,-0.3 0.16,-0.12 0.11,0.14"),
        [(255, 216, 100), (250, 110, 40)],
    )
    pose.blob(
        points("-0.06,0.12 -0.08,-0.08 0,-0.26! 0.08,-0.08 0.06,0.12"),
        (255, 248, 210),
    )
    for side in (-1, 1):
        half = pose.stretched(side)
        half.blob(
            points("0.13,0.42 0.32,0.2 0.34,0! 0.12,0.14"),
            [fin, mix(fin, BLACK, 0.3)],
        )
    pose.blob(
        points("-0.13,0.1! -0.19,0.4 -0.15,0.74 0,1.02! 0.15,0.74 0.19,0.4 0.13,0.1!"),
        [mix(shell, WHITE, 0.4), shell, mix(shell, (60, 60, 110), 0.35)],
    )
    pose.blob(
        points("0.04,0.1 0.08,0.5 0,1.02! 0.15,0.74 0.19,0.4 0.13,0.1!"),
        (50, 50, 100),
        alpha=0.2,
    )
    pose.blob(points("-0.105,0.84 0,1.02! 0.105,0.84 0,0.82"), fin)
    pose.oval(0.0, 0.62, 0.085, 0.085, fin)
    pose.oval(0.0, 0.62, 0.062, 0.062, [(110, 190, 230), (40, 80, 140)])
    pose.oval(-0.018, 0.64, 0.02, 0.014, WHITE, alpha=0.8)
    pose.blob(points("-0.03,0.32 0.03,0.32 0.035,0.06 0,-0.02 -0.035,0.06"), fin)


def plane(pose: Pose) -> None:
    """Draw a small propeller plane."""
    body = pose.own_color or (232, 82, 66)
    pose.blob(points("-0.5,0.56 -0.62,0.84! -0.46,0.84 -0.34,0.6"), mix(body, BLACK, 0.2))
    pose.blob(
        points("-0.6,0.54 -0.3,0.62 0.06,0.7 0.4,0.64 0.52,0.5 0.42,0.38 0,0.36 -0.4,0.46"),
        [mix(body, WHITE, 0.25), body, mix(body, BLACK, 0.25)],
    )
    pose.blob(points("-0.04,0.66 0,0.8 0.14,0.8 0.24,0.67"), GLASS)
    pose.blob(
        points("-0.24,0.48 -0.16,0.54 0.24,0.52 0.12,0.34 -0.26,0.16 -0.38,0.18"),
        [WHITE, mix(WHITE, (90, 90, 130), 0.4)],
    )
    pose.oval(0.54, 0.5, 0.035, 0.05, (60, 56, 66))
    pose.oval(0.575, 0.5, 0.02, 0.3, WHITE, alpha=0.45)
    pose.line(points("-0.5,0.52 0,0.45 0.46,0.46"), [0.02, 0.03], WHITE)


def balloon(pose: Pose) -> None:
    """Draw a hot-air balloon."""
    cloth = pose.own_color or (228, 78, 66)
    second = mix(cloth, (255, 236, 180), 0.82)
    for x in (-0.09, 0.09):
        pose.line([(x * 1.5, 0.28), (x, 0.13)], [0.01, 0.01], (80, 60, 56))
    pose.box(-0.09, 0.0, 0.09, 0.12, [WOOD, mix(WOOD, BLACK, 0.3)])
    gores = (0.4, 0.29, 0.17, 0.06)
    for place, half in enumerate(gores):
        tone = cloth if place % 2 == 0 else second
        pose.blob(
            [
                (-half * 0.32, 0.27),
                (-half * 0.32, 0.27),
                (-half * 0.82, 0.5),
                (-half, 0.74),
                (-half * 0.7, 1.0),
                (0.0, 1.1),
                (half * 0.7, 1.0),
                (half, 0.74),
                (half * 0.82, 0.5),
                (half * 0.32, 0.27),
                (half * 0.32, 0.27),
            ],
            [mix(tone, WHITE, 0.22), tone, mix(tone, (70, 30, 80), 0.3)],
        )
    pose.blob(
        points("0.1,0.27 0.33,0.5 0.4,0.74 0.28,1 0,1.1 0.2,0.9 0.24,0.7 0.18,0.46"),
        (60, 20, 80),
        alpha=0.22,
    )


def car(pose: Pose) -> None:
    """Draw a car from the side, lights on after dark."""
    body = pose.own_color or (226, 66, 62)
    pose.shade(0.66, strength=0.45)
    pose.blob(points("-0.34,0.3 -0.2,0.5 0,0.54 0.2,0.5 0.36,0.3"), mix(body, BLACK, 0.12))
    pose.blob(
        points("-0.27,0.32 -0.17,0.46 -0.02,0.49! -0.02,0.32!"),
        [WHITE, GLASS],
    )
    pose.blob(points("0.02,0.32! 0.02,0.49! 0.17,0.45 0.29,0.32"), [WHITE, GLASS])
    pose.blob(
        points(
            "-0.62,0.1 -0.64,0.24 -0.5,0.32 -0.2,0.34 0.3,0.33 0.56,0.27 0.65,0.18 0.63,0.08 0.4,0.05 "
            "-0.4,0.05"
        ),
        [mix(body, WHITE, 0.3), body, mix(body, BLACK, 0.3)],
    )
    pose.line(points("-0.6,0.2 0,0.22 0.6,0.18"), [0.012, 0.012], mix(body, WHITE, 0.5))
    for x in (-0.36, 0.38):
        pose.oval(x, 0.08, 0.115, 0.115, (34, 32, 40))
        pose.oval(x, 0.08, 0.062, 0.062, (206, 208, 216))
        pose.oval(x, 0.08, 0.02, 0.02, (60, 60, 70))
    pose.oval(0.61, 0.2, 0.03, 0.028, (255, 244, 190))
    pose.oval(-0.62, 0.22, 0.02, 0.028, (255, 80, 70))
    if pose.dimming > 0.3:
        pose.shine(0.68, 0.2, 0.4, (255, 236, 170), strength=0.9)
        pose.shine(-0.64, 0.22, 0.22, (255, 60, 50), strength=0.8)


def train(pose: Pose) -> None:
    """Draw a steam train."""
    body = pose.own_color or (44, 84, 96)
    pose.shade(0.9, strength=0.35)
    pose.box(-1.2, -0.01, 1.0, 0.015, (70, 60, 62))
    for left in (-1.15,):
        pose.box(left, 0.1, left + 0.68, 0.5, [mix(body, WHITE, 0.2), body])
        pose.box(left - 0.03, 0.5, left + 0.71, 0.55, mix(body, BLACK, 0.4))
        for x in (0.06, 0.26, 0.46):
            pose.box(left + x, 0.27, left + x + 0.14, 0.42, (255, 220, 140) if pose.dimming > 0.25 else GLASS)
    pose.box(-0.44, 0.1, -0.06, 0.62, [mix(body, WHITE, 0.15), body])
    pose.box(-0.48, 0.62, -0.02, 0.67, (172, 54, 48))
    pose.box(-0.35, 0.38, -0.16, 0.55, (255, 220, 140) if pose.dimming > 0.25 else GLASS)
    pose.box(-0.08, 0.14, 0.5, 0.42, [mix(body, WHITE, 0.35), body, mix(body, BLACK, 0.4)])
    pose.oval(0.5, 0.28, 0.05, 0.14, mix(body, BLACK, 0.35))
    pose.poly(points("0.34,0.42 0.31,0.62 0.47,0.62 0.44,0.42"), mix(body, BLACK, 0.4))
    pose.poly(points("0.5,0.14 0.68,0.02 0.44,0.02"), (172, 54, 48))
    for x, size in ((-1.02, 0.07), (-0.62, 0.07), (-0.3, 0.1), (-0.04, 0.1), (0.2, 0.1), (0.42, 0.06)):
        pose.oval(x, size, size, size, (36, 32, 40))
        pose.oval(x, size, size * 0.62, size * 0.62, (184, 64, 56))
    for step in range(6):
        pose.oval(
            0.38 - 0.14 * step - 0.02 * step * step,
            0.74 + 0.055 * step,
            0.08 + 0.028 * step,
            0.07 + 0.02 * step,
            (244, 240, 242),
            alpha=0.8 - 0.1 * step,
        )
    pose.shine(0.55, 0.3, 0.3 if pose.dimming > 0.3 else 0.1, (255, 236, 170), strength=0.8)
