"""Trees, palms, cacti, flowers and mushrooms."""

import math

from sandbox.drawing.canvas import BLACK, Color, mix, oval, points
from sandbox.drawing.pose import Pose

WHITE: Color = (250, 248, 244)
BARK: Color = (104, 72, 56)


def tree(pose: Pose) -> None:
    """Draw a broad tree, its crown in clumps of light and shade."""
    rng = pose.canvas.rng
    leaf = pose.own_color or (82, 150, 72)
    pose.shade(0.5, strength=0.3)
    pose.blob(
        points("-0.1,0! -0.05,0.14 -0.05,0.4 0.05,0.4 0.055,0.14 0.12,0!"),
        [BARK, mix(BARK, BLACK, 0.3)],
    )
    pose.line(points("0,0.3 -0.14,0.46 -0.24,0.56"), [0.05, 0.02], BARK)
    pose.line(points("0,0.34 0.12,0.48 0.22,0.56"), [0.045, 0.02], BARK)
    for tone, shift, spread in (
        (mix(leaf, (10, 30, 60), 0.36), 0.0, 1.0),
        (leaf, 0.04, 0.86),
        (mix(leaf, (255, 246, 170), 0.34), 0.1, 0.56),
    ):
        clumps = []
        for _ in range(15):
            angle, reach = rng.uniform(0, 2 * math.pi), math.sqrt(rng.random()) * spread
            x, y = math.cos(angle) * reach * 0.36 - shift * 0.4, 0.7 + shift + math.sin(angle) * reach * 0.24
            size = rng.uniform(0.07, 0.13) * (0.8 + 0.3 * spread)
            clumps.append(oval((x, y), size, size * 0.86))
        pose.polys(clumps, tone)


def palm(pose: Pose) -> None:
    """Draw a palm leaning to the water."""
    leaf = pose.own_color or (52, 138, 82)
    pose.shade(0.26, strength=0.3)
    pose.line(points("0,0 0.05,0.3 0.14,0.6 0.26,0.86"), [0.075, 0.05, 0.04], (142, 100, 70))
    for turn, reach in (
        (2.9, 0.42),
        (2.4, 0.44),
        (3.5, 0.36),
        (0.3, 0.42),
        (0.8, 0.42),
        (-0.3, 0.36),
        (1.6, 0.32),
    ):
        dx, dy = math.cos(turn) * reach, math.sin(turn) * reach * 0.5
        top, tip = (0.26 + dx * 0.5, 0.88 + dy * 0.5 + 0.12), (0.26 + dx, 0.88 + dy - 0.13)
        pose.blob(
            [(0.26, 0.87), (0.26, 0.87), (top[0], top[1] + 0.03), tip, tip, (top[0], top[1] - 0.045)],
            [mix(leaf, (230, 250, 150), 0.3), leaf],
        )
    for x in (0.23, 0.29):
        pose.oval(x, 0.84, 0.032, 0.034, (112, 74, 48))


def cactus(pose: Pose) -> None:
    """Draw a tall cactus with two arms and a bloom."""
    skin = pose.own_color or (70, 138, 88)
    pose.shade(0.28, strength=0.35)
    pose.line(points("-0.02,0.4 -0.26,0.42 -0.28,0.68"), [0.11, 0.12, 0.11], mix(skin, BLACK, 0.14))
    pose.oval(-0.28, 0.68, 0.056, 0.06, mix(skin, BLACK, 0.14))
    pose.line(points("0.02,0.3 0.24,0.32 0.26,0.56"), [0.1, 0.11, 0.1], mix(skin, BLACK, 0.14))
    pose.oval(0.26, 0.56, 0.051, 0.055, mix(skin, BLACK, 0.14))
    pose.blob(
        points("-0.1,0! -0.115,0.4 -0.1,0.86 0,0.96 0.1,0.86 0.115,0.4 0.1,0!"),
        [mix(skin, WHITE, 0.2), skin, mix(skin, BLACK, 0.25)],
    )
    for x in (-0.05, 0.0, 0.05):
        pose.line([(x, 0.03), (x * 1.15, 0.45), (x * 0.7, 0.88)], [0.008, 0.008], mix(skin, WHITE, 0.35))
    for turn in range(6):
        pose.oval(
            0.045 * math.cos(turn * 1.047),
            0.97 + 0.035 * math.sin(turn * 1.047),
            0.035,
            0.028,
            (244, 96, 140),
        )
    pose.oval(0.0, 0.97, 0.022, 0.02, (255, 220, 110))


def flower(pose: Pose) -> None:
    """Draw one tall flower and two smaller ones beside it."""
    petal = pose.own_color or (244, 104, 128)
    stem: Color = (70, 132, 74)
    for x, tall, scale, turn in ((-0.34, 0.6, 0.62, 0.3), (0.34, 0.66, 0.66, 0.1), (0.0, 0.78, 1.0, 0.0)):
        pose.line([(x * 0.3, 0.0), (x * 0.8, tall * 0.5), (x, tall)], [0.035, 0.022], stem)
        side = -1 if x > 0 else 1
        pose.blob(
            [
                (x * 0.6, tall * 0.28),
                (x * 0.6, tall * 0.28),
                (x * 0.6 + side * 0.14, tall * 0.44),
                (x * 0.6 + side * 0.26, tall * 0.42),
                (x * 0.6 + side * 0.26, tall * 0.42),
                (x * 0.6 + side * 0.12, tall * 0.3),
            ],
            [mix(stem, (230, 250, 160), 0.25), stem],
        )
        for ring, count in ((0.17, 10), (0.115, 8)):
            tone = mix(petal, (120, 20, 60), 0.14) if ring > 0.15 else mix(petal, WHITE, 0.22)
            for leaf in range(count):
                angle = turn + leaf * 2 * math.pi / count + ring
                pose.oval(
                    x + math.cos(angle) * ring * scale,
                    tall + math.sin(angle) * ring * scale,
                    0.105 * scale * (ring / 0.17),
                    0.056 * scale,
                    tone,
                    turn=-angle,
                )
        pose.oval(x, tall, 0.075 * scale, 0.075 * scale, [(255, 214, 96), (226, 142, 44)])


def mushroom(pose: Pose) -> None:
    """Draw a mushroom with a small one at its foot."""
    cap = pose.own_color or (214, 58, 52)
    pose.shade(0.42, strength=0.3)
    for x, scale in ((0.36, 0.46), (0.0, 1.0)):

        def at(px: float, py: float, x: float = x, scale: float = scale) -> tuple[float, float]:
            return (x + px * scale, py * scale)

        pose.blob(
            [
                at(-0.13, 0.0),
                at(-0.13, 0.0),
                at(-0.09, 0.3),
                at(-0.1, 0.56),
                at(0.1, 0.56),
                at(0.09, 0.3),
                at(0.14, 0.0),
                at(0.14, 0.0),
            ],
            [(226, 206, 184), (248, 238, 222)],
        )
        pose.blob(
            [at(-0.4, 0.5), at(-0.2, 0.44), at(0.2, 0.44), at(0.4, 0.5), at(0.2, 0.58), at(-0.2, 0.58)],
            (228, 206, 184),
        )
        pose.blob(
            [
                at(-0.46, 0.5),
                at(-0.46, 0.5),
                at(-0.36, 0.76),
                at(0.0, 0.94),
                at(0.36, 0.76),
                at(0.46, 0.5),
                at(0.46, 0.5),
                at(0.2, 0.55),
                at(-0.2, 0.55),
            ],
            [mix(cap, WHITE, 0.3), cap, mix(cap, BLACK, 0.25)],
        )
        for px, py, size in (
            (-0.2, 0.68, 0.055),
            (0.05, 0.8, 0.07),
            (0.24, 0.66, 0.05),
            (-0.02, 0.62, 0.04),
            (-0.32, 0.57, 0.03),
            (0.36, 0.56, 0.028),
        ):
            spot = at(px, py)
            pose.oval(spot[0], spot[1], size * scale, size * scale * 0.86, WHITE)
