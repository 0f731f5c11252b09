"""Animals seen from the side, in the air and in the water."""

import math

from sandbox.drawing.canvas import BLACK, Color, Point, mix, points
from sandbox.drawing.pose import Pose

WHITE: Color = (250, 248, 244)
INK: Color = (36, 30, 40)


def deer(pose: Pose) -> None:
    """Draw a stag."""
    coat = pose.own_color or (166, 106, 66)
    _legs(pose, mix(coat, INK, 0.28), xs=(-0.2, -0.13, 0.13, 0.2), width=0.04, top=0.4)
    pose.blob(
        points("-0.28,0.44 -0.27,0.58 -0.08,0.62 0.16,0.62 0.26,0.52 0.2,0.38 -0.04,0.36 -0.22,0.36"),
        [mix(coat, WHITE, 0.14), coat, mix(coat, INK, 0.25)],
    )
    pose.blob(
        points("0.08,0.58 0.2,0.72 0.24,0.84 0.32,0.84 0.31,0.68 0.28,0.48 0.18,0.4"),
        [coat, mix(coat, INK, 0.1)],
    )
    pose.blob(
        points("0.22,0.82 0.24,0.9 0.33,0.91 0.42,0.83 0.46,0.785 0.43,0.76 0.34,0.78"),
        coat,
    )
    pose.blob(points("0.25,0.88 0.17,0.93 0.13,0.9 0.19,0.86"), mix(coat, INK, 0.18))
    pose.oval(0.448, 0.783, 0.016, 0.014, INK)
    pose.oval(0.335, 0.86, 0.014, 0.016, INK)
    pose.oval(-0.285, 0.53, 0.04, 0.055, WHITE, turn=0.4)
    bone = mix((222, 196, 156), coat, 0.2)
    for lean in (0.0, 0.09):
        pose.line(
            [
                (0.26 + lean * 0.4, 0.9),
                (0.2 + lean * 1.6, 1.0),
                (0.17 + lean * 2.6, 1.12),
                (0.22 + lean * 2.4, 1.24),
            ],
            [0.026, 0.02, 0.008],
            bone,
        )
        pose.line([(0.215 + lean * 1.4, 0.97), (0.3 + lean, 1.03), (0.33 + lean, 1.1)], [0.018, 0.007], bone)
        pose.line(
            [(0.185 + lean * 2.3, 1.07), (0.27 + lean * 1.5, 1.13), (0.29 + lean * 1.5, 1.2)],
            [0.016, 0.006],
            bone,
        )


def horse(pose: Pose) -> None:
    """Draw a horse."""
    coat = pose.own_color or (132, 84, 56)
    mane = mix(coat, INK, 0.55) if sum(coat) < 560 else (206, 190, 176)
    pose.blob(
        points("-0.33,0.62 -0.42,0.56 -0.45,0.36 -0.41,0.16! -0.36,0.3 -0.33,0.48"),
        mane,
    )
    _legs(pose, mix(coat, INK, 0.28), xs=(-0.26, -0.18, 0.13, 0.21), width=0.056, top=0.42)
    pose.blob(
        points(
            "-0.35,0.5 -0.33,0.65 -0.16,0.68 0.06,0.65 0.26,0.62 0.28,0.48 0.12,0.38 -0.1,0.39 -0.28,0.39"
        ),
        [mix(coat, WHITE, 0.16), coat, mix(coat, INK, 0.25)],
    )
    pose.blob(
        points("0.04,0.63 0.2,0.8 0.29,0.95 0.38,0.92 0.36,0.74 0.29,0.5 0.18,0.44"),
        [coat, mix(coat, INK, 0.12)],
    )
    pose.blob(points("0.27,0.92 0.32,1 0.42,0.95 0.53,0.8 0.52,0.74 0.45,0.75 0.35,0.84"), coat)
    pose.blob(points("0.31,0.98 0.32,1.08! 0.37,0.97"), coat)
    pose.blob(points("0.32,1.01 0.23,0.98 0.1,0.82 0.02,0.66 0.08,0.62 0.18,0.74 0.28,0.9"), mane)
    pose.oval(0.395, 0.905, 0.015, 0.017, INK)
    pose.oval(0.508, 0.775, 0.01, 0.012, INK)


def elephant(pose: Pose) -> None:
    """Draw an elephant."""
    skin = pose.own_color or (128, 132, 148)
    shade = mix(skin, INK, 0.25)
    _legs(pose, shade, xs=(-0.3, -0.14, 0.1, 0.24), width=0.12, top=0.36)
    pose.blob(
        points("-0.42,0.42 -0.4,0.68 -0.18,0.8 0.1,0.78 0.32,0.66 0.34,0.4 0.1,0.27 -0.2,0.26"),
        [mix(skin, WHITE, 0.18), skin, shade],
    )
    pose.line(points("-0.41,0.6 -0.47,0.46 -0.47,0.34"), [0.03, 0.012], shade)
    pose.blob(
        points("0.2,0.56 0.22,0.8 0.36,0.9 0.52,0.82 0.57,0.64 0.5,0.48 0.34,0.42"),
        [mix(skin, WHITE, 0.12), skin],
    )
    pose.line(points("0.52,0.66 0.6,0.46 0.6,0.24 0.66,0.12 0.74,0.16"), [0.15, 0.11, 0.07, 0.05], skin)
    pose.line(points("0.5,0.5 0.58,0.4 0.68,0.41"), [0.035, 0.006], (250, 244, 228))
    pose.blob(
        points("0.1,0.78 0.28,0.84 0.34,0.66 0.28,0.46 0.14,0.42 0.05,0.58"),
        [mix(skin, WHITE, 0.08), shade],
    )
    pose.oval(0.44, 0.7, 0.017, 0.02, INK)


def _legs(pose: Pose, color: Color, *, xs: tuple[float, ...], width: float, top: float) -> None:
    pose.shade(0.36)
    for place, x in enumerate(xs):
        tone = mix(color, INK, 0.2) if place in (1, 2) else color
        pose.blob(
            [
                (x - width * 0.9, top),
                (x + width * 0.9, top),
                (x + width * 0.42, top * 0.5),
                (x + width * 0.5, 0.0),
                (x + width * 0.5, 0.0),
                (x - width * 0.5, 0.0),
                (x - width * 0.5, 0.0),
                (x - width * 0.42, top * 0.5),
            ],
            [color, tone],
        )
        pose.box(x - width * 0.5, 0.0, x + width * 0.52, 0.03, INK)


def bird(pose: Pose) -> None:
    """Draw a bird in flight, wings spread."""
    coat = pose.own_color or (244, 244, 248)
    tip = mix(coat, INK, 0.62)
    pose.blob(
        points("-0.05,0.5 -0.2,0.86 -0.52,1.06! -0.44,0.78 -0.28,0.5 -0.06,0.4"),
        [tip, mix(coat, INK, 0.2), coat],
    )
    pose.blob(points("-0.62,0.36! -0.38,0.4 -0.36,0.34 -0.6,0.27!"), tip)
    pose.blob(
        points("-0.42,0.36 -0.12,0.51 0.16,0.55 0.3,0.58 0.36,0.52 0.24,0.42 0,0.33 -0.24,0.31"),
        [coat, mix(coat, INK, 0.14)],
    )
    pose.blob(
        points("-0.02,0.47 0.14,0.86 0.48,1.1! 0.44,0.82 0.22,0.46 0.08,0.38"),
        [tip, coat, mix(coat, INK, 0.1)],
    )
    pose.blob(points("0.34,0.555 0.46,0.515! 0.35,0.5"), (246, 172, 62))
    pose.oval(0.3, 0.548, 0.016, 0.018, INK)


def duck(pose: Pose) -> None:
    """Draw a swan-like bird afloat."""
    coat = pose.own_color or (250, 248, 244)
    shade = mix(coat, (110, 120, 170), 0.3)
    pose.blob(
        points("-0.5,0.22! -0.34,0.06 0,0 0.28,0.05 0.34,0.2 0.12,0.32 -0.2,0.32"),
        [coat, shade],
    )
    pose.line(points("0.22,0.16 0.34,0.34 0.24,0.56 0.22,0.72 0.34,0.8"), [0.16, 0.1, 0.085, 0.1], coat)
    pose.oval(0.35, 0.78, 0.085, 0.07, coat)
    pose.blob(points("0.41,0.8 0.54,0.74! 0.41,0.74"), (246, 150, 50))
    pose.oval(0.37, 0.8, 0.015, 0.017, INK)
    pose.blob(
        points("-0.46,0.28! -0.2,0.36 0.12,0.28 0.06,0.12 -0.16,0.1"),
        [mix(coat, WHITE, 0.5), shade],
    )
    pose.oval(-0.04, -0.03, 0.5, 0.02, WHITE, alpha=0.4)


def fish(pose: Pose) -> None:
    """Draw a fish with bands and fins."""
    coat = pose.own_color or (250, 138, 50)
    fin = mix(coat, (150, 40, 20), 0.35)
    pose.blob(points("-0.3,0.5 -0.62,0.76! -0.54,0.5 -0.62,0.24!"), [fin, coat])
    pose.blob(points("-0.14,0.72 -0.02,0.95 0.2,0.86 0.26,0.7"), fin)
    pose.blob(points("-0.12,0.3 -0.04,0.12 0.1,0.16 0.12,0.3"), fin)
    body: list[Point] = [
        (-0.38, 0.5),
        (-0.16, 0.72),
        (0.14, 0.76),
        (0.4, 0.64),
        (0.52, 0.5),
        (0.4, 0.36),
        (0.14, 0.25),
        (-0.16, 0.28),
    ]
    pose.blob(body, [mix(coat, (255, 240, 190), 0.3), coat, mix(coat, (140, 30, 30), 0.25)])
    for x, half, reach in ((0.2, 0.045, 0.245), (-0.08, 0.05, 0.23)):
        pose.blob(
            [
                (x - half, 0.5 + reach),
                (x + half, 0.5 + reach),
                (x + half * 1.7, 0.5),
                (x + half, 0.5 - reach),
                (x - half, 0.5 - reach),
                (x + half * 0.4, 0.5),
            ],
            WHITE,
        )
    pose.blob(points("0,0.5 -0.12,0.54 -0.2,0.44 -0.12,0.38"), fin)
    pose.oval(0.37, 0.56, 0.05, 0.055, WHITE)
    pose.oval(0.38, 0.56, 0.028, 0.033, INK)
    pose.line(points("0.5,0.45 0.45,0.435 0.42,0.45"), [0.01, 0.008], mix(coat, INK, 0.6))


def whale(pose: Pose) -> None:
    """Draw a whale."""
    coat = pose.own_color or (58, 100, 150)
    pose.blob(
        points(
            "-0.46,0.36 -0.62,0.5 -0.78,0.66! -0.66,0.68 -0.58,0.6 -0.54,0.74 -0.4,0.76! -0.44,0.56 -0.34,0.4"
        ),
        coat,
    )
    pose.blob(
        points("-0.52,0.48 -0.3,0.5 0,0.66 0.34,0.64 0.58,0.46 0.6,0.26 0.44,0.1 0.1,0.06 -0.22,0.18"),
        [mix(coat, WHITE, 0.2), coat, mix(coat, BLACK, 0.3)],
    )
    pose.blob(
        points("0.6,0.26 0.44,0.1 0.1,0.06 -0.12,0.13 0.1,0.2 0.34,0.24"),
        [mix(coat, WHITE, 0.72), mix(coat, WHITE, 0.5)],
    )
    for groove in range(4):
        pose.line(
            [
                (0.52 - groove * 0.05, 0.2 - groove * 0.02),
                (0.3 - groove * 0.04, 0.16 - groove * 0.02),
                (0.1, 0.14 - groove * 0.015),
            ],
            [0.008, 0.004],
            coat,
        )
    pose.blob(points("0.18,0.2 0.06,0 -0.1,-0.08 -0.08,0.08 0.04,0.22"), mix(coat, BLACK, 0.25))
    pose.oval(0.44, 0.31, 0.02, 0.022, INK)
    pose.oval(0.447, 0.317, 0.006, 0.007, WHITE)


def butterfly(pose: Pose) -> None:
    """Draw a butterfly with patterned wings."""
    wing = pose.own_color or (248, 142, 52)
    for side in (-1, 1):
        half = pose.stretched(side)
        half.blob(
            points("0,0.52 0.2,0.84 0.52,0.98 0.62,0.82 0.46,0.56 0.1,0.46"),
            INK,
        )
        half.blob(
            points("0.04,0.53 0.22,0.79 0.5,0.91 0.55,0.8 0.42,0.59"),
            [mix(wing, (255, 240, 180), 0.35), wing],
        )
        half.blob(
            points("0,0.48 0.3,0.5 0.5,0.34 0.4,0.12 0.2,0.14 0.06,0.34"),
            INK,
        )
        half.blob(
            points("0.04,0.45 0.28,0.45 0.42,0.33 0.34,0.18 0.2,0.21"),
            [wing, mix(wing, (180, 40, 60), 0.4)],
        )
        for x, y, size in ((0.52, 0.86, 0.024), (0.56, 0.78, 0.018), (0.4, 0.2, 0.02)):
            pose.oval(side * x, y, size, size, WHITE)
        half.line(points("0,0.62 0.08,0.82 0.16,0.88"), [0.012, 0.008], INK)
    pose.oval(0, 0.46, 0.032, 0.2, INK)


def dragon(pose: Pose) -> None:
    """Draw a dragon in flight."""
    skin = pose.own_color or (48, 132, 104)
    dark, glow = mix(skin, BLACK, 0.35), mix(skin, (255, 226, 150), 0.5)
    pose.blob(
        points("0.02,0.5 -0.06,0.86 -0.34,1.14! -0.3,0.92 -0.4,0.86 -0.3,0.76 -0.34,0.66 -0.16,0.6"),
        dark,
    )
    pose.line(points("0.1,0.46 -0.16,0.4 -0.38,0.5 -0.56,0.34 -0.78,0.4"), [0.2, 0.13, 0.07, 0.012], skin)
    pose.blob(points("-0.76,0.4 -0.9,0.5! -0.86,0.38 -0.92,0.3!"), dark)
    pose.blob(
        points("-0.12,0.4 0.02,0.54 0.2,0.54 0.28,0.44 0.18,0.32 0,0.3"),
        [mix(skin, WHITE, 0.12), skin, dark],
    )
    pose.line(points("0.18,0.46 0.36,0.54 0.36,0.74 0.5,0.82"), [0.18, 0.11, 0.1], skin)
    pose.blob(points("0.42,0.8 0.46,0.91 0.58,0.9 0.76,0.8 0.74,0.74 0.56,0.75"), skin)
    for x in (0.44, 0.5):
        pose.blob([(x, 0.88), (x - 0.12, 1.02), (x - 0.12, 1.02), (x + 0.05, 0.9)], glow)
    pose.oval(0.58, 0.835, 0.018, 0.014, (255, 220, 90))
    pose.blob(
        points(
            "0.08,0.5 0.1,0.92 -0.1,1.24! 0.14,1.16 0.34,0.96! 0.29,0.84 0.36,0.74 0.27,0.68 0.3,0.56 "
            "0.2,0.52"
        ),
        [glow, skin, dark],
    )
    for end in ((-0.06, 1.2), (0.31, 0.93), (0.33, 0.74)):
        pose.line(
            [(0.1, 0.52), ((0.1 + end[0]) / 2 + 0.04, (0.52 + end[1]) / 2 + 0.06), end], [0.022, 0.008], dark
        )
    for step in range(6):
        angle = step / 5
        x, y = -0.3 + 0.5 * angle, 0.5 + 0.03 * math.sin(angle * 6)
        pose.poly([(x - 0.02, y), (x, y + 0.06), (x + 0.025, y)], glow)
