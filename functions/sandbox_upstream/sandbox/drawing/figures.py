"""Robots, astronauts and people."""

from sandbox.drawing.canvas import BLACK, Color, mix, points
from sandbox.drawing.pose import Pose

WHITE: Color = (246, 246, 250)
INK: Color = (34, 34, 46)


def robot(pose: Pose) -> None:
    """Draw a friendly robot."""
    shell = pose.own_color or (208, 216, 226)
    joint, shade, glow = (86, 94, 112), mix(shell, (50, 56, 90), 0.36), (92, 240, 250)
    pose.shade(0.34)
    for side in (-1, 1):
        half = pose.stretched(side)
        pose.box(side * 0.13 - 0.045, 0.06, side * 0.13 + 0.045, 0.28, joint)
        pose.blob(
            [
                (side * 0.13 - 0.1, 0.0),
                (side * 0.13 - 0.1, 0.0),
                (side * 0.13 - 0.08, 0.1),
                (side * 0.13 + 0.08, 0.1),
                (side * 0.13 + 0.1, 0.0),
                (side * 0.13 + 0.1, 0.0),
            ],
            [shell, shade],
        )
        half.line(points("0.24,0.54 0.37,0.44 0.38,0.3"), [0.065, 0.055], joint)
        pose.oval(side * 0.38, 0.25, 0.065, 0.065, [shell, shade])
        pose.oval(side * 0.245, 0.54, 0.07, 0.075, [shell, shade])
    pose.blob(
        points("-0.24,0.24 -0.26,0.42 -0.22,0.6 0,0.63 0.22,0.6 0.26,0.42 0.24,0.24 0,0.21"),
        [mix(shell, WHITE, 0.4), shell, shade],
    )
    pose.blob(points("-0.14,0.34 -0.14,0.5 0,0.53 0.14,0.5 0.14,0.34 0,0.31"), mix(joint, INK, 0.4))
    pose.oval(0.0, 0.42, 0.055, 0.055, glow)
    pose.shine(0.0, 0.42, 0.2, glow, strength=0.55)
    pose.box(-0.06, 0.6, 0.06, 0.68, joint)
    pose.blob(
        points("-0.3,0.7 -0.32,0.85 -0.24,0.99 0,1.02 0.24,0.99 0.32,0.85 0.3,0.7 0,0.66"),
        [mix(shell, WHITE, 0.5), shell, shade],
    )
    pose.blob(
        points("-0.23,0.75 -0.24,0.85 -0.17,0.93 0,0.95 0.17,0.93 0.24,0.85 0.23,0.75 0,0.72"),
        [(28, 34, 54), (46, 56, 84)],
    )
    for side in (-1, 1):
        pose.oval(side * 0.1, 0.84, 0.045, 0.055, glow)
        pose.shine(side * 0.1, 0.84, 0.14, glow, strength=0.7)
        pose.oval(side * 0.1 + 0.012, 0.862, 0.014, 0.016, WHITE)
        pose.oval(side * 0.325, 0.84, 0.045, 0.075, joint)
    pose.line([(0.0, 1.01), (0.0, 1.12)], [0.022, 0.014], joint)
    pose.oval(0.0, 1.14, 0.035, 0.035, (255, 110, 84))
    pose.shine(0.0, 1.14, 0.15, (255, 110, 84), strength=0.7)


def astronaut(pose: Pose) -> None:
    """Draw an astronaut."""
    suit = pose.own_color or (238, 240, 246)
    shade, trim = mix(suit, (70, 80, 130), 0.34), (242, 126, 60)
    pose.shade(0.32)
    pose.blob(points("-0.26,0.36 -0.27,0.68 0,0.72 0.27,0.68 0.26,0.36"), mix(shade, INK, 0.25))
    for side in (-1, 1):
        half = pose.stretched(side)
        half.blob(
            points("0.02,0.36 0.2,0.36 0.21,0.12 0.21,0! 0.04,0! 0.05,0.14"),
            [suit, shade],
        )
        pose.box(side * 0.125 - 0.095, 0.0, side * 0.125 + 0.095, 0.06, mix(shade, INK, 0.3))
        half.line(
            points("0.2,0.6 0.34,0.5 0.36,0.34"),
            [0.14, 0.1],
            suit if side < 0 else shade,
        )
        pose.oval(side * 0.36, 0.31, 0.06, 0.06, trim)
    pose.blob(
        points("-0.2,0.32 -0.23,0.52 -0.17,0.66 0,0.68 0.17,0.66 0.23,0.52 0.2,0.32 0,0.29"),
        [suit, suit, shade],
    )
    pose.box(-0.1, 0.42, 0.1, 0.53, mix(shade, INK, 0.2))
    for place, color in enumerate(((255, 90, 80), (90, 220, 140), (90, 170, 255))):
        pose.oval(-0.06 + place * 0.06, 0.475, 0.018, 0.018, color)
    pose.oval(0.0, 0.83, 0.215, 0.21, [mix(suit, WHITE, 0.6), suit, shade])
    pose.oval(0.015, 0.83, 0.16, 0.14, [(24, 30, 62), (62, 74, 140), (250, 170, 110)])
    pose.oval(-0.05, 0.88, 0.05, 0.026, WHITE, turn=-0.5, alpha=0.75)
    pose.box(-0.2, 0.655, 0.2, 0.685, trim)


def person(pose: Pose) -> None:
    """Draw a traveller seen from behind, in a cloak."""
    cloak = pose.own_color or (186, 62, 58)
    shade = mix(cloak, BLACK, 0.42)
    pose.shade(0.24)
    for x in (-0.07, 0.07):
        pose.box(x - 0.035, 0.0, x + 0.035, 0.24, (44, 40, 56))
        pose.oval(x, 0.015, 0.05, 0.022, (30, 26, 36))
    pose.blob(
        points(
            "-0.24,0.14! -0.17,0.5 -0.13,0.72 0,0.78 0.13,0.72 0.18,0.48 0.27,0.12! 0.1,0.16 0,0.11 "
            "-0.12,0.16"
        ),
        [mix(cloak, WHITE, 0.16), cloak, shade],
    )
    pose.blob(points("0.02,0.74 0.05,0.46 0.02,0.13! 0.11,0.3 0.09,0.6"), shade, alpha=0.6)
    pose.blob(
        points("-0.12,0.74 -0.13,0.9 0,1.02 0.13,0.9 0.12,0.74 0,0.68"),
        [mix(cloak, WHITE, 0.14), cloak, shade],
    )
    pose.blob(points("-0.13,0.7 0,0.66 0.15,0.71 0.13,0.64 0,0.61 -0.12,0.63"), (226, 190, 120))
    pose.line(points("0.28,0 0.27,0.5 0.29,0.94"), [0.024, 0.018], (108, 76, 52))


def bust(pose: Pose) -> None:
    """Draw a person's portrait: face, hair and shoulders."""
    cloth = pose.own_color or (52, 92, 132)
    skin, hair = (
        ((232, 182, 150), (74, 46, 40)) if pose.size * 1000 % 2 < 1 else ((176, 120, 88), (34, 26, 32))
    )
    pose.blob(
        points("-0.34,0.5 -0.36,0.82 -0.18,1.02 0.06,1.04 0.3,0.92 0.36,0.62 0.34,0.2 0.22,0.14 -0.26,0.14"),
        mix(hair, BLACK, 0.2),
    )
    pose.blob(
        points("-0.56,-0.2! -0.48,0.1 -0.2,0.23 0.2,0.23 0.48,0.1 0.56,-0.2!"),
        [mix(cloth, WHITE, 0.14), cloth, mix(cloth, BLACK, 0.3)],
    )
    pose.blob(
        points("-0.1,0.42 0.1,0.42 0.11,0.24 0.18,0.2 0,0.1 -0.18,0.2 -0.11,0.24"),
        mix(skin, (150, 70, 60), 0.25),
    )
    pose.blob(
        points("-0.22,0.62 -0.22,0.8 0,0.92 0.22,0.8 0.22,0.62 0.15,0.43 0,0.34 -0.15,0.43"),
        [mix(skin, WHITE, 0.12), skin],
    )
    for side in (-1, 1):
        half = pose.stretched(side)
        pose.oval(side * 0.13, 0.51, 0.045, 0.03, (236, 120, 110), alpha=0.35)
        half.blob(points("0.045,0.612 0.1,0.645 0.155,0.615 0.1,0.592"), WHITE)
        pose.oval(side * 0.1, 0.617, 0.024, 0.026, INK)
        half.line(points("0.045,0.69 0.1,0.712 0.165,0.69"), [0.012, 0.02, 0.008], hair)
    pose.line(points("0,0.61 0.018,0.53 0,0.515"), [0.006, 0.01], mix(skin, (130, 60, 50), 0.4))
    pose.blob(points("-0.06,0.455 0,0.47 0.06,0.455 0,0.425"), (196, 84, 84))
    pose.blob(
        points("-0.24,0.66 -0.27,0.84 -0.06,1 0.16,0.96 0.27,0.8 0.25,0.6 0.18,0.76 0.02,0.84 -0.16,0.78"),
        [mix(hair, WHITE, 0.14), hair],
    )
