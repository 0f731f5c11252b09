"""Things that stand on a table."""

import math

from sandbox.drawing.canvas import BLACK, Color, mix, points
from sandbox.drawing.pose import Pose

WHITE: Color = (250, 248, 244)


def cup(pose: Pose) -> None:
    """Draw a steaming cup."""
    glaze = pose.own_color or (240, 236, 228)
    shade = mix(glaze, (90, 70, 100), 0.35)
    pose.shade(0.6, strength=0.4)
    pose.oval(0.0, 0.03, 0.5, 0.07, [glaze, shade])
    pose.line(points("0.28,0.46 0.47,0.48 0.48,0.28 0.25,0.2"), [0.06, 0.055, 0.05], shade)
    pose.blob(
        points("-0.34,0.56! -0.31,0.28 -0.2,0.07 0.2,0.07 0.31,0.28 0.34,0.56!"),
        [mix(glaze, WHITE, 0.5), glaze, shade],
    )
    pose.oval(0.0, 0.56, 0.34, 0.075, mix(glaze, WHITE, 0.4))
    pose.oval(0.0, 0.555, 0.3, 0.058, [(110, 66, 42), (150, 96, 60)])
    pose.oval(-0.05, 0.56, 0.13, 0.022, (226, 190, 150), alpha=0.8)
    for x in (-0.12, 0.02, 0.15):
        pose.line(
            [(x, 0.64), (x + 0.05, 0.76), (x - 0.04, 0.9), (x + 0.03, 1.04)],
            [0.01, 0.035, 0.004],
            WHITE,
            alpha=0.4,
        )


def vase(pose: Pose) -> None:
    """Draw a vase with a bunch of flowers."""
    glaze = pose.own_color or (70, 116, 156)
    pose.shade(0.36, strength=0.4)
    hues: tuple[Color, ...] = (
        (244, 112, 120),
        (250, 190, 90),
        (246, 240, 236),
        (190, 120, 210),
        (250, 150, 160),
    )
    for place in range(9):
        x, y = -0.36 + place * 0.09, 0.86 + 0.16 * math.sin(place * 0.8 + 0.3) - 0.03 * (place % 2)
        pose.line([(x * 0.12, 0.46), (x * 0.5, 0.62), (x, y)], [0.014, 0.01], (74, 124, 80))
    for place in range(9):
        x, y = -0.36 + place * 0.09, 0.86 + 0.16 * math.sin(place * 0.8 + 0.3) - 0.03 * (place % 2)
        color = hues[place % len(hues)]
        for petal in range(6):
            pose.oval(
                x + 0.045 * math.cos(petal * 1.047),
                y + 0.045 * math.sin(petal * 1.047),
                0.042,
                0.034,
                mix(color, BLACK, 0.05 * (petal % 2)),
                turn=-petal * 1.047,
            )
        pose.oval(x, y, 0.028, 0.028, (255, 216, 110))
    pose.blob(
        points(
            "-0.1,0.5! -0.08,0.42 -0.23,0.26 -0.2,0.08 -0.11,0 0.11,0 0.2,0.08 0.23,0.26 0.08,0.42 0.1,0.5!"
        ),
        [mix(glaze, WHITE, 0.3), glaze, mix(glaze, BLACK, 0.35)],
    )
    pose.blob(points("-0.15,0.28 -0.13,0.34 -0.1,0.3 -0.12,0.14 -0.15,0.16"), WHITE, alpha=0.5)
    pose.oval(0.0, 0.5, 0.1, 0.02, mix(glaze, BLACK, 0.5))


def fruit(pose: Pose) -> None:
    """Draw apples and a pear."""
    skin = pose.own_color or (212, 58, 52)
    pose.shade(0.6, strength=0.4)
    pear: Color = (206, 196, 88)
    pose.blob(
        points("0.24,0.02 0.06,0.2 0.14,0.46 0.24,0.66 0.36,0.66 0.44,0.46 0.54,0.2 0.4,0.02"),
        [mix(pear, WHITE, 0.3), pear, mix(pear, (120, 70, 30), 0.4)],
    )
    pose.line([(0.3, 0.66), (0.32, 0.76)], [0.025, 0.018], (90, 60, 44))
    for x, scale, tone in ((-0.3, 0.9, skin), (0.02, 0.76, mix(skin, (240, 170, 60), 0.35))):
        pose.blob(
            [
                (x, 0.5 * scale),
                (x - 0.14 * scale, 0.55 * scale),
                (x - 0.29 * scale, 0.42 * scale),
                (x - 0.28 * scale, 0.18 * scale),
                (x - 0.13 * scale, 0.0),
                (x, 0.03 * scale),
                (x + 0.13 * scale, 0.0),
                (x + 0.28 * scale, 0.18 * scale),
                (x + 0.29 * scale, 0.42 * scale),
                (x + 0.14 * scale, 0.55 * scale),
            ],
            [mix(tone, (255, 220, 180), 0.35), tone, mix(tone, (50, 0, 30), 0.4)],
        )
        pose.line([(x, 0.5 * scale), (x + 0.03, 0.64 * scale)], [0.025, 0.018], (90, 60, 44))
        pose.blob(
            [
                (x + 0.03, 0.6 * scale),
                (x + 0.03, 0.6 * scale),
                (x + 0.12, 0.7 * scale),
                (x + 0.22, 0.66 * scale),
                (x + 0.22, 0.66 * scale),
                (x + 0.13, 0.58 * scale),
            ],
            (96, 156, 74),
        )
        pose.oval(x - 0.13 * scale, 0.4 * scale, 0.04 * scale, 0.07 * scale, WHITE, turn=0.5, alpha=0.6)


def crystal(pose: Pose) -> None:
    """Draw a cluster of glowing crystals."""
    hue = pose.own_color or (110, 170, 250)
    pose.shade(0.5, strength=0.4)
    pose.shine(0.0, 0.5, 0.9, hue, strength=0.65)
    for x, lean, tall, half in (
        (-0.3, -0.16, 0.56, 0.1),
        (0.32, 0.16, 0.5, 0.1),
        (-0.12, -0.06, 0.82, 0.12),
        (0.14, 0.07, 0.74, 0.11),
        (0.02, 0.0, 1.02, 0.14),
    ):
        top, shoulder = (x + lean, tall), tall * 0.76
        left, right = (x + lean * 0.76 - half, shoulder), (x + lean * 0.76 + half, shoulder)
        spine = (x + lean * 0.7 + half * 0.2, shoulder - half * 0.5)
        foot = (x + half * 0.15, 0.0)
        pose.poly([(x - half * 0.8, 0.0), left, top, spine, foot], [mix(hue, WHITE, 0.7), hue])
        pose.poly(
            [foot, spine, top, right, (x + half * 0.8, 0.0)],
            [mix(hue, WHITE, 0.3), mix(hue, (30, 10, 90), 0.5)],
        )
        pose.poly([left, top, spine], mix(hue, WHITE, 0.85), alpha=0.7)


def lantern(pose: Pose) -> None:
    """Draw a burning lantern."""
    frame = pose.own_color or (74, 62, 62)
    pose.shade(0.34, strength=0.4)
    pose.line(points("-0.14,0.8 -0.16,1 0,1.1 0.16,1 0.14,0.8"), [0.02, 0.02], frame)
    pose.canvas.shape(
        [pose.at(point) for point in ((-0.2, 0.12), (0.2, 0.12), (0.2, 0.68), (-0.2, 0.68))],
        [(255, 226, 150), (255, 176, 84)],
    )
    pose.canvas.shape(
        [pose.at(point) for point in ((-0.04, 0.2), (-0.06, 0.32), (0.0, 0.5), (0.06, 0.32), (0.04, 0.2))],
        [(255, 255, 240), (255, 216, 120)],
    )
    pose.polys(
        [[(x, 0.1), (x + 0.03, 0.1), (x + 0.03, 0.7), (x, 0.7)] for x in (-0.215, -0.015, 0.185)], frame
    )
    pose.poly(points("-0.27,0 0.27,0 0.22,0.12 -0.22,0.12"), frame)
    pose.poly(points("-0.27,0.68 0.27,0.68 0.12,0.86 -0.12,0.86"), [mix(frame, WHITE, 0.2), frame])
    pose.shine(0.0, 0.36, 1.0, (255, 190, 90), strength=0.85)


def cake(pose: Pose) -> None:
    """Draw a layered cake with candles."""
    icing = pose.own_color or (248, 176, 196)
    pose.shade(0.66, strength=0.4)
    pose.oval(0.0, 0.03, 0.56, 0.06, [WHITE, (206, 200, 214)])
    for reach, low, high, tone in ((0.42, 0.05, 0.34, (250, 232, 206)), (0.3, 0.36, 0.62, (252, 240, 222))):
        pose.box(-reach, low, reach, high, [tone, mix(tone, (150, 100, 90), 0.25)])
        drips = [(-reach, high - 0.05)]
        for step in range(9):
            x = -reach + (step + 0.5) * reach * 2 / 9
            drips.append((x, high - (0.13 if step % 2 else 0.07)))
        pose.blob(
            [
                *drips,
                (reach, high - 0.05),
                (reach * 0.98, high + 0.03),
                (0.0, high + 0.05),
                (-reach * 0.98, high + 0.03),
            ],
            [mix(icing, WHITE, 0.35), icing],
        )
    for x in (-0.16, 0.0, 0.16):
        pose.box(x - 0.014, 0.65, x + 0.014, 0.82, [(120, 190, 230), WHITE])
        pose.canvas.shape(
            [pose.at(point) for point in ((x - 0.02, 0.84), (x, 0.93), (x + 0.02, 0.84), (x, 0.82))],
            (255, 206, 90),
        )
        pose.shine(x, 0.87, 0.16, (255, 190, 90), strength=0.8)


def book(pose: Pose) -> None:
    """Draw a stack of books, one open on top."""
    cover = pose.own_color or (48, 92, 130)
    pose.shade(0.6, strength=0.4)
    for low, reach, tone in ((0.0, 0.44, (166, 64, 56)), (0.13, 0.4, (222, 172, 84)), (0.26, 0.42, cover)):
        pose.box(-reach, low, reach, low + 0.12, [mix(tone, WHITE, 0.16), tone])
        pose.box(-reach + 0.06, low + 0.025, reach, low + 0.095, (246, 238, 222))
    for side in (-1, 1):
        half = pose.stretched(side)
        half.blob(
            points("0,0.44! 0.2,0.52 0.44,0.44! 0.46,0.7! 0.22,0.78 0,0.7!"),
            [WHITE, (230, 220, 204)],
        )
        for line in range(4):
            y = 0.52 + line * 0.055
            pose.line(
                [(side * 0.06, y), (side * 0.22, y + 0.04), (side * 0.4, y)],
                [0.01, 0.01],
                (150, 140, 140),
                alpha=0.8,
            )
