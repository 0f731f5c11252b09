"""Animals that sit and look at us, and their portraits: one body, told apart by coat, ears and face."""

import math
from dataclasses import dataclass

from sandbox.drawing.canvas import Color, Point, mix, points
from sandbox.drawing.pose import Pose

DARK: Color = (38, 28, 36)
WHITE: Color = (250, 246, 240)


@dataclass(frozen=True, slots=True)
class Beast:
    """What tells one animal from another."""

    coat: Color
    belly: Color
    ears: str  # pointed, round, long, floppy, tufted
    tail: str = "none"  # bushy, thin, short, none
    muzzle: str = "narrow"  # narrow, small, wide, beak
    mask: str = "cheeks"  # cheeks, stripes, patches, bandit, mane, disc, plain
    socks: Color | None = None
    eyes: Color = DARK
    breadth: float = 1.0


BEASTS: dict[str, Beast] = {
    "fox": Beast((226, 104, 42), WHITE, "pointed", tail="bushy", socks=(62, 36, 36)),
    "wolf": Beast(
        (112, 122, 140), (226, 230, 236), "pointed", tail="bushy", eyes=(236, 190, 70), breadth=1.06
    ),
    "cat": Beast(
        (232, 152, 74),
        (252, 236, 214),
        "pointed",
        tail="thin",
        muzzle="small",
        mask="stripes",
        eyes=(112, 172, 84),
    ),
    "tiger": Beast(
        (238, 140, 40),
        WHITE,
        "round",
        tail="thin",
        muzzle="wide",
        mask="stripes",
        eyes=(214, 186, 60),
        breadth=1.12,
    ),
    "lion": Beast(
        (222, 166, 84),
        (246, 220, 170),
        "round",
        tail="thin",
        muzzle="wide",
        mask="mane",
        eyes=(150, 96, 32),
        breadth=1.1,
    ),
    "dog": Beast((188, 128, 76), (248, 234, 214), "floppy", tail="thin", muzzle="wide", mask="patches"),
    "bear": Beast(
        (122, 82, 56), (194, 150, 110), "round", tail="short", muzzle="wide", mask="plain", breadth=1.2
    ),
    "panda": Beast(
        (244, 242, 238),
        (244, 242, 238),
        "round",
        tail="short",
        muzzle="wide",
        mask="bandit",
        socks=(40, 38, 46),
        breadth=1.2,
    ),
    "rabbit": Beast((206, 188, 172), WHITE, "long", tail="short", muzzle="small", mask="plain", breadth=0.92),
    "mouse": Beast(
        (158, 152, 160), (232, 222, 222), "round", tail="thin", muzzle="narrow", mask="plain", breadth=0.9
    ),
    "raccoon": Beast(
        (128, 124, 130), (224, 220, 214), "pointed", tail="bushy", mask="bandit", socks=(50, 46, 52)
    ),
    "owl": Beast((136, 100, 72), (226, 202, 166), "tufted", muzzle="beak", mask="disc", eyes=(246, 180, 50)),
    "penguin": Beast((44, 50, 70), WHITE, "none", muzzle="beak", mask="cheeks"),
}


def sitting(pose: Pose, kind: str) -> None:
    """Draw the whole animal, sitting, turned a little to one side."""
    beast = _own(BEASTS[kind], pose)
    shade, light = mix(beast.coat, (30, 10, 50), 0.26), mix(beast.coat, (255, 240, 210), 0.22)
    b = beast.breadth
    wide = pose.stretched(b)
    pose.shade(0.42 * b)
    if beast.muzzle == "beak":
        _bird_body(pose, beast, shade)
    else:
        _tail(pose, beast, shade)
        wide.blob(
            points("-0.21,0! -0.29,0.12 -0.25,0.34 -0.09,0.54 0.09,0.64 0.23,0.54 0.23,0.28 0.2,0!"),
            [light, beast.coat, shade],
        )
        wide.blob(
            points("-0.24,0.02 -0.27,0.15 -0.17,0.29 -0.03,0.22 0,0.03 -0.1,0"),
            [beast.coat, shade],
        )
        pose.oval(-0.1 * b, 0.025, 0.12, 0.032, beast.socks or beast.belly)
        for x in (0.045, 0.145):
            pose.blob(
                [
                    (x - 0.045, 0.36),
                    (x + 0.06, 0.36),
                    (x + 0.045, 0.1),
                    (x + 0.05, 0.0),
                    (x - 0.05, 0.0),
                    (x - 0.035, 0.1),
                ],
                [beast.coat, beast.coat, beast.socks or shade],
            )
            pose.oval(x + 0.005, 0.02, 0.058, 0.03, beast.socks or beast.belly)
        wide.blob(
            points("0,0.62 0.1,0.66 0.22,0.6 0.22,0.44 0.15,0.3 0.1,0.24! 0.06,0.34 -0.01,0.46"),
            [beast.belly, mix(beast.belly, beast.coat, 0.25)],
        )
    head(pose.moved(0.09, 0.56, scale=0.47), kind)


def portrait(pose: Pose, kind: str) -> None:
    """Draw head and shoulders; (0, 0) is the foot of the picture."""
    beast = _own(BEASTS[kind], pose)
    shade = mix(beast.coat, (30, 10, 50), 0.3)
    wide = pose.stretched(beast.breadth)
    wide.blob(
        points("-0.52,-0.2! -0.44,0.12 -0.24,0.34 0,0.4 0.24,0.34 0.44,0.12 0.52,-0.2!"),
        [beast.coat, shade],
    )
    pose.blob(
        points("-0.2,0.34 0,0.4 0.2,0.34 0.15,0.14 0.08,0.03 0,-0.08! -0.08,0.03 -0.15,0.14"),
        [beast.belly, mix(beast.belly, beast.coat, 0.3)],
    )
    head(pose.moved(0.0, 0.22, scale=0.76), kind)


def head(pose: Pose, kind: str) -> None:
    """Draw the head; chin near (0, 0.05), top of the skull near (0, 0.72)."""
    beast = _own(BEASTS[kind], pose)
    b = beast.breadth
    coat, shade = beast.coat, mix(beast.coat, (30, 10, 50), 0.24)
    light = mix(coat, (255, 240, 210), 0.2)
    if beast.mask == "mane":
        _mane(pose, mix(coat, (110, 44, 12), 0.62))
    _ears(pose, beast, shade)
    if beast.muzzle == "narrow":
        face: list[Point] = [
            (-0.5 * b, 0.32),
            (-0.5 * b, 0.32),
            (-0.4 * b, 0.55),
            (-0.2, 0.71),
            (0, 0.74),
            (0.2, 0.71),
            (0.4 * b, 0.55),
            (0.5 * b, 0.32),
            (0.5 * b, 0.32),
            (0.26, 0.16),
            (0.08, 0.03),
            (-0.08, 0.03),
            (-0.26, 0.16),
        ]
    elif beast.muzzle == "small":
        face = [
            (-0.47 * b, 0.3),
            (-0.43 * b, 0.52),
            (-0.24, 0.7),
            (0, 0.73),
            (0.24, 0.7),
            (0.43 * b, 0.52),
            (0.47 * b, 0.3),
            (0.3, 0.11),
            (0, 0.04),
            (-0.3, 0.11),
        ]
    else:
        face = [
            (-0.45 * b, 0.4),
            (-0.38 * b, 0.62),
            (-0.18, 0.75),
            (0, 0.77),
            (0.18, 0.75),
            (0.38 * b, 0.62),
            (0.45 * b, 0.4),
            (0.36 * b, 0.16),
            (0.16, 0.03),
            (-0.16, 0.03),
            (-0.36 * b, 0.16),
        ]
    pose.blob(face, [light, coat, shade])
    _mask(pose, beast, shade)
    _muzzle(pose, beast)
    _eyes(pose, beast)


def _own(beast: Beast, pose: Pose) -> Beast:
    """Return the beast in the colour the prompt gave it, if any."""
    asked = pose.own_color
    if asked is None:
        return beast
    if asked[0] > 190 and asked[0] - asked[2] > 120 and beast.coat[0] - beast.coat[2] > 100:
        return beast  # A red fox is the colour of a fox.
    return Beast(
        asked,
        mix(asked, WHITE, 0.84),
        beast.ears,
        beast.tail,
        beast.muzzle,
        beast.mask,
        beast.socks,
        beast.eyes,
        beast.breadth,
    )


def _tail(pose: Pose, beast: Beast, shade: Color) -> None:
    if beast.tail == "bushy":
        pose.blob(
            points(
                "-0.1,0.03 -0.34,0 -0.56,0.07 -0.68,0.26 -0.6,0.5 -0.52,0.62! -0.46,0.48 -0.44,0.32 "
                "-0.32,0.22 -0.12,0.2"
            ),
            [beast.coat, beast.coat, shade],
        )
        pose.blob(
            points("-0.645,0.4 -0.6,0.5 -0.52,0.62! -0.46,0.48 -0.445,0.37 -0.5,0.42 -0.54,0.37 -0.59,0.42"),
            beast.belly if beast.socks != (50, 46, 52) else beast.socks,
        )
    elif beast.tail == "thin":
        pose.line(
            points("-0.16,0.06 -0.36,0.05 -0.47,0.16 -0.44,0.34 -0.34,0.42 -0.33,0.5"),
            [0.1, 0.085, 0.075],
            beast.coat,
        )
        pose.oval(-0.33, 0.5, 0.042, 0.05, shade)
    elif beast.tail == "short":
        pose.oval(-0.28, 0.1, 0.08, 0.08, beast.belly)


def _ears(pose: Pose, beast: Beast, shade: Color) -> None:
    inner = mix(beast.coat, (250, 170, 160), 0.5)
    b = beast.breadth
    for side in (-1, 1):
        half = pose.stretched(side * b)
        if beast.ears == "pointed":
            half.blob(
                points("0.45,0.5 0.49,0.78 0.45,1.02! 0.26,0.88 0.08,0.68"),
                [shade, beast.coat],
            )
            half.blob(
                points("0.39,0.58 0.42,0.78 0.42,0.92! 0.3,0.82 0.2,0.68"),
                mix(inner, DARK, 0.3),
            )
        elif beast.ears == "round":
            ear = beast.socks if beast.mask == "bandit" and beast.socks else beast.coat
            pose.oval(side * 0.34 * b, 0.72, 0.145, 0.145, ear)
            pose.oval(side * 0.34 * b, 0.72, 0.085, 0.085, mix(ear, inner, 0.6) if ear == beast.coat else ear)
        elif beast.ears == "long":
            half.blob(
                points("0.08,0.66 0.09,1 0.18,1.32 0.28,1.3 0.3,1 0.25,0.66"),
                [beast.coat, shade],
            )
            half.blob(
                points("0.13,0.7 0.14,1 0.2,1.22 0.25,1 0.21,0.7"),
                inner,
            )
        elif beast.ears == "tufted":
            half.blob(points("0.42,0.6 0.46,0.95! 0.15,0.72"), shade)


def _mask(pose: Pose, beast: Beast, shade: Color) -> None:
    b = beast.breadth
    for side in (-1, 1):
        half = pose.stretched(side * b)
        if beast.mask == "cheeks":
            half.blob(
                points("0.49,0.32! 0.34,0.41 0.2,0.34 0.08,0.22 0,0.17 0,0.04 0.09,0.04 0.26,0.165"),
                beast.belly,
            )
        elif beast.mask == "stripes":
            for x, y, length in ((0.0, 0.73, 0.17), (0.12, 0.71, 0.13), (0.23, 0.68, 0.1)):
                pose.blob(
                    [
                        (side * (x - 0.025), y),
                        (side * (x - 0.025), y),
                        (side * (x + 0.025), y - 0.004),
                        (side * (x + 0.025), y - 0.004),
                        (side * x * 0.85, y - length),
                        (side * x * 0.85, y - length),
                    ],
                    mix(shade, DARK, 0.42),
                )
            for y in (0.33, 0.24):
                pose.blob(
                    [
                        (side * (0.44 if y > 0.3 else 0.39) * b, y + 0.022),
                        (side * (0.44 if y > 0.3 else 0.37) * b, y - 0.026),
                        (side * 0.27, y - 0.005),
                        (side * 0.27, y - 0.005),
                    ],
                    mix(shade, DARK, 0.42),
                )
        elif beast.mask == "patches" and side > 0:
            pose.blob(
                points("0.06,0.62 0.26,0.66 0.36,0.48 0.26,0.32 0.1,0.36"),
                mix(beast.coat, DARK, 0.42),
            )
        elif beast.mask == "bandit":
            half.blob(
                points("0.07,0.47 0.22,0.56 0.36,0.42 0.3,0.28 0.13,0.32"),
                mix(DARK, beast.coat, 0.08),
            )
        elif beast.mask == "disc":
            pose.oval(side * 0.19, 0.44, 0.2, 0.2, mix(beast.belly, beast.coat, 0.12))


def _muzzle(pose: Pose, beast: Beast) -> None:
    if beast.muzzle == "beak":
        pose.blob(
            points("-0.07,0.35 0,0.4 0.07,0.35 0,0.18!"),
            [(250, 186, 70), (216, 128, 36)],
        )
        return
    y = {"narrow": 0.1, "small": 0.24, "wide": 0.3}[beast.muzzle]
    if beast.muzzle == "wide":
        pose.blob(
            points("-0.2,0.2 -0.13,0.34 0,0.37 0.13,0.34 0.2,0.2 0.12,0.07 -0.12,0.07"),
            beast.belly,
        )
    elif beast.muzzle == "small":
        for side in (-1, 1):
            pose.oval(side * 0.085, 0.165, 0.11, 0.085, beast.belly)
    ink = DARK if beast.muzzle != "small" else (206, 106, 108)
    width = 0.052 if beast.muzzle == "small" else 0.068
    pose.blob([(-width, y + 0.035), (0, y + 0.05), (width, y + 0.035), (0.0, y - 0.038)], ink)
    pose.oval(-width * 0.3, y + 0.026, width * 0.3, 0.009, (240, 225, 225), alpha=0.55)
    if beast.muzzle != "narrow":
        pose.line([(0, y - 0.03), (0, y - 0.085)], [0.012, 0.012], DARK)
        for side in (-1, 1):
            pose.line(
                [(0, y - 0.085), (side * 0.05, y - 0.115), (side * 0.1, y - 0.085)], [0.013, 0.009], DARK
            )
    if beast.muzzle in ("small", "narrow"):
        tone = mix(beast.belly, DARK, 0.35)
        for side in (-1, 1):
            for lift in (-0.03, 0.01, 0.05):
                pose.line(
                    [
                        (side * 0.14, y - 0.06 + lift * 0.4),
                        (side * 0.33, y - 0.03 + lift),
                        (side * 0.5, y - 0.06 + lift * 1.6),
                    ],
                    [0.008, 0.003],
                    tone,
                    alpha=0.7,
                )


def _eyes(pose: Pose, beast: Beast) -> None:
    spread = {"narrow": 0.205, "small": 0.2, "wide": 0.18, "beak": 0.19}[beast.muzzle]
    y = 0.44
    for side in (-1, 1):
        if beast.mask == "disc":
            pose.oval(side * spread, y, 0.1, 0.1, beast.eyes)
            pose.oval(side * spread, y, 0.058, 0.058, DARK)
        elif beast.eyes == DARK:
            pose.oval(side * spread, y, 0.056, 0.066, DARK)
        else:
            pose.blob(
                [
                    (side * (spread - 0.1), y - 0.03),
                    (side * (spread - 0.1), y - 0.03),
                    (side * spread, y + 0.062),
                    (side * (spread + 0.095), y + 0.035),
                    (side * (spread + 0.095), y + 0.035),
                    (side * spread, y - 0.055),
                ],
                mix(DARK, beast.coat, 0.1),
            )
            pose.blob(
                [
                    (side * (spread - 0.075), y - 0.02),
                    (side * spread, y + 0.05),
                    (side * (spread + 0.075), y + 0.028),
                    (side * spread, y - 0.043),
                ],
                [mix(beast.eyes, DARK, 0.25), beast.eyes],
            )
            pose.oval(side * spread, y + 0.002, 0.024, 0.046, DARK)
        pose.oval(side * spread + 0.018, y + 0.026, 0.017, 0.019, WHITE)
    if beast.ears == "floppy":
        for side in (-1, 1):
            half = pose.stretched(side)
            half.blob(
                points("0.24,0.72 0.4,0.7 0.56,0.5 0.54,0.2 0.44,0.16 0.37,0.4"),
                mix(beast.coat, DARK, 0.35),
            )


def _mane(pose: Pose, color: Color) -> None:
    outer: list[Point] = []
    for step in range(28):
        angle = 2 * math.pi * step / 28
        reach = 0.66 if step % 2 else 0.58
        outer += [(reach * math.cos(angle), 0.42 + reach * math.sin(angle))] * (1 + step % 2)
    pose.blob(outer, [mix(color, (255, 180, 90), 0.2), color, mix(color, DARK, 0.3)])


def _bird_body(pose: Pose, beast: Beast, shade: Color) -> None:
    pose.blob(
        points("-0.1,0.02 -0.17,0.24 -0.12,0.52 0.09,0.66 0.3,0.52 0.35,0.24 0.28,0.02"),
        [beast.coat, shade],
    )
    pose.blob(
        points("0,0.04 -0.06,0.26 0,0.48 0.09,0.54 0.18,0.48 0.24,0.26 0.18,0.04"),
        beast.belly,
    )
    if beast.mask == "disc":
        for row in range(4):
            for column in range(3 - row % 2):
                x = 0.09 + (column - (1 if row % 2 == 0 else 0.5)) * 0.09
                pose.blob(
                    [
                        (x - 0.03, 0.44 - row * 0.095),
                        (x, 0.41 - row * 0.095),
                        (x + 0.03, 0.44 - row * 0.095),
                        (x, 0.385 - row * 0.095),
                    ],
                    shade,
                )
    for side in (-1, 1):
        pose.blob(
            [
                (0.09 + side * 0.2, 0.52),
                (0.09 + side * 0.3, 0.3),
                (0.09 + side * 0.24, 0.06),
                (0.09 + side * 0.24, 0.06),
                (0.09 + side * 0.15, 0.26),
            ],
            shade,
        )
        pose.oval(0.09 + side * 0.09, 0.015, 0.07, 0.028, (232, 152, 50))
