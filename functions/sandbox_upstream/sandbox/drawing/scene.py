"""Scenes: where things stand in a picture, and in which order they are painted."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sandbox.drawing import (
    abstract,
    beasts,
    buildings,
    city,
    creatures,
    figures,
    land,
    plants,
    sky,
    space,
    things,
    vehicles,
    water,
)
from sandbox.drawing.canvas import (
    FAR_DEPTH,
    FRAMING_DEPTH,
    GROUND_DEPTH,
    WATER_DEPTH,
    Canvas,
    Color,
    Point,
    mix,
    noise,
    oval,
    threshold,
)
from sandbox.drawing.palette import Palette
from sandbox.drawing.pose import Pose
from sandbox.drawing.words import Subject, Theme


@dataclass(frozen=True, slots=True)
class _Place:
    """How a subject is drawn, how tall it is (share of the shorter side), and where it belongs."""

    draw: Callable[[Pose], None]
    tall: float
    home: str = "ground"  # ground, far (farther back), air, water, table


PLACES: dict[str, _Place] = {
    **{kind: _Place(partial(beasts.sitting, kind=kind), 0.4) for kind in beasts.BEASTS},
    "mouse": _Place(partial(beasts.sitting, kind="mouse"), 0.3),
    "rabbit": _Place(partial(beasts.sitting, kind="rabbit"), 0.34),
    "deer": _Place(creatures.deer, 0.42),
    "horse": _Place(creatures.horse, 0.44),
    "elephant": _Place(creatures.elephant, 0.46),
    "bird": _Place(creatures.bird, 0.26, "air"),
    "duck": _Place(creatures.duck, 0.24, "water"),
    "fish": _Place(creatures.fish, 0.36, "swim"),
    "whale": _Place(creatures.whale, 0.4, "swim"),
    "butterfly": _Place(creatures.butterfly, 0.24, "air"),
    "dragon": _Place(creatures.dragon, 0.42, "air"),
    "robot": _Place(figures.robot, 0.46),
    "astronaut": _Place(figures.astronaut, 0.46),
    "person": _Place(figures.person, 0.38),
    "boat": _Place(vehicles.boat, 0.46, "water"),
    "ship": _Place(vehicles.ship, 0.46, "water"),
    "rocket": _Place(vehicles.rocket, 0.42, "air"),
    "plane": _Place(vehicles.plane, 0.26, "air"),
    "balloon": _Place(vehicles.balloon, 0.36, "air"),
    "car": _Place(vehicles.car, 0.34),
    "train": _Place(vehicles.train, 0.34),
    "house": _Place(buildings.house, 0.3, "far"),
    "lighthouse": _Place(buildings.lighthouse, 0.58, "cliff"),
    "castle": _Place(buildings.castle, 0.36, "far"),
    "windmill": _Place(buildings.windmill, 0.38, "far"),
    "tent": _Place(buildings.tent, 0.28),
    "temple": _Place(buildings.temple, 0.4, "far"),
    "tree": _Place(plants.tree, 0.5, "far"),
    "palm": _Place(plants.palm, 0.52),
    "cactus": _Place(plants.cactus, 0.42),
    "flower": _Place(plants.flower, 0.44),
    "mushroom": _Place(plants.mushroom, 0.34),
    "cup": _Place(things.cup, 0.42, "table"),
    "vase": _Place(things.vase, 0.54, "table"),
    "fruit": _Place(things.fruit, 0.36, "table"),
    "crystal": _Place(things.crystal, 0.44, "table"),
    "lantern": _Place(things.lantern, 0.44, "table"),
    "cake": _Place(things.cake, 0.46, "table"),
    "book": _Place(things.book, 0.42, "table"),
}
_WAYS = {"air": "float", "water": "rock", "swim": "swim"}
_BREATHING = {*beasts.BEASTS, "mouse", "rabbit", "deer", "horse", "elephant", "person", "robot", "astronaut"}
_SWAYING = {"tree", "palm", "flower"}
_ORDER = ("cliff", "far", "air", "water", "swim", "ground", "table")


def paint(canvas: Canvas, theme: Theme, palette: Palette) -> None:
    """Paint the whole picture of a theme."""
    if theme.setting == "abstract":
        abstract.geometry(canvas, theme)
        canvas.close_plane(0.6)
        ground_y = 0.86
    elif (
        theme.is_close
        and theme.subjects
        and theme.subjects[0].name in {*beasts.BEASTS, "person", "robot", "astronaut"}
    ):
        _portrait(canvas, theme, palette)
        return
    elif theme.setting == "still":
        ground_y = _table(canvas, palette)
        canvas.close_plane(0.6)
    elif theme.setting == "space":
        space.deep_space(canvas, theme)
        ground_y = 0.9
    elif theme.setting == "underwater":
        water.underwater(canvas, theme, palette)
        canvas.close_plane(0.3, water_from=0.0)
        ground_y = 0.92
    else:
        ground_y = _landscape(canvas, theme, palette)
        _subjects(canvas, theme, palette, ground_y=ground_y)
        if theme.setting == "sea" and "storm" in theme.weather:
            water.storm_front(canvas, palette, horizon=_horizon(theme, canvas))
            canvas.close_plane(0.9, way="roll")
        sky.paint_weather(canvas, theme, palette)
        return
    _subjects(canvas, theme, palette, ground_y=ground_y)


def _horizon(theme: Theme, canvas: Canvas) -> float:
    base = {"sea": 0.56, "forest": 0.6, "city": 0.62, "desert": 0.54, "mars": 0.56, "meadow": 0.54}.get(
        theme.setting, 0.6
    )
    return base + (0.05 if canvas.aspect < 0.8 else 0.0)


def _landscape(canvas: Canvas, theme: Theme, palette: Palette) -> float:
    """Paint sky and land; return where the foreground stands."""
    horizon = _horizon(theme, canvas)
    lamp = sky.paint_sky(canvas, theme, palette, horizon=horizon)
    wants_water = "lake" in theme.extras or any(PLACES[s.name].home == "water" for s in theme.subjects)
    stands = any(PLACES[s.name].home in ("ground", "far") for s in theme.subjects)
    if theme.setting == "mountains":
        land.mountains(canvas, theme, palette, horizon=horizon, light_x=lamp[0])
        if wants_water or not stands:
            water.lake(canvas, palette, waterline=horizon)
            canvas.close_plane(WATER_DEPTH, water_from=horizon)
            if stands:
                land.ground(canvas, theme, palette, horizon=0.84)
                canvas.close_plane(GROUND_DEPTH)
                return 0.93
        else:
            canvas.close_plane(FAR_DEPTH)
            land.ground(canvas, theme, palette, horizon=horizon)
            canvas.close_plane(GROUND_DEPTH)
    elif theme.setting == "arctic":
        land.mountains(canvas, theme, palette, horizon=horizon, light_x=lamp[0])
        water.lake(canvas, palette, waterline=horizon)
        land.icebergs(canvas, palette, waterline=horizon + 0.05)
        canvas.close_plane(WATER_DEPTH, water_from=horizon + 0.06)
        if stands:
            land.ground(canvas, theme, palette, horizon=0.78)
            canvas.close_plane(GROUND_DEPTH)
    elif theme.setting == "forest":
        land.forest(canvas, theme, palette, horizon=horizon)
        if wants_water:
            water.lake(canvas, palette, waterline=horizon + 0.06)
            canvas.close_plane(WATER_DEPTH, water_from=horizon + 0.06)
            if stands:
                land.ground(canvas, theme, palette, horizon=0.84)
                canvas.close_plane(GROUND_DEPTH)
        else:
            canvas.close_plane(FAR_DEPTH)
            land.ground(canvas, theme, palette, horizon=horizon + 0.05)
            canvas.close_plane(GROUND_DEPTH)
        land.framing_trees(canvas, palette, is_snowy="snow" in theme.weather)
        canvas.close_plane(FRAMING_DEPTH)
    elif theme.setting == "city":
        city.city(canvas, theme, palette, horizon=horizon)
        canvas.close_plane(GROUND_DEPTH)
    elif theme.setting in ("desert", "mars"):
        land.dunes(canvas, theme, palette, horizon=horizon, light_x=lamp[0])
        canvas.close_plane(GROUND_DEPTH)
    elif theme.setting == "sea":
        water.sea(canvas, theme, palette, horizon=horizon, light_x=lamp[0])
        canvas.close_plane(WATER_DEPTH, water_from=horizon)
        if "beach" in theme.extras or stands:
            water.beach(canvas, palette, top=0.8)
            canvas.close_plane(GROUND_DEPTH)
    else:
        land.meadow(canvas, theme, palette, horizon=horizon)
        if wants_water:
            water.lake(canvas, palette, waterline=0.74)
        canvas.close_plane(GROUND_DEPTH, water_from=0.74 if wants_water else None)
    return 0.9


def _subjects(canvas: Canvas, theme: Theme, palette: Palette, *, ground_y: float) -> None:
    rng = canvas.rng
    small = min(canvas.aspect, 1.0)
    names = sorted(theme.subjects, key=lambda subject: _ORDER.index(PLACES[subject.name].home))
    crowd = 1.0 if len(names) < 2 else (0.86 if len(names) == 2 else 0.74)
    for order, subject in enumerate(names):
        place = PLACES[subject.name]
        tall = place.tall * small * crowd * (1.16 if canvas.aspect < 0.8 else 1.0)
        share = _across(order, len(names), theme.entropy)
        x, foot = canvas.aspect * share, ground_y
        if place.home == "far" and theme.setting not in ("space", "abstract", "underwater", "still"):
            foot = ground_y - 0.14
        elif place.home == "cliff":
            foot = 0.78 if theme.setting == "sea" else ground_y
            x = canvas.aspect * (0.32 if theme.entropy % 2 else 0.68)
        elif place.home == "air" or theme.setting == "space":
            foot = 0.48 + rng.uniform(-0.04, 0.04) + (0.1 if theme.setting == "space" else 0.0) + tall * 0.25
        elif place.home == "water":
            foot = 0.8 if theme.setting in ("sea", "arctic") else 0.83
        elif place.home == "swim" and theme.setting == "underwater":
            foot = 0.66
        elif place.home == "swim":
            foot = _horizon(theme, canvas) + 0.3
        if theme.setting == "underwater" and place.home in ("water", "air"):
            foot = 0.6
        _place(
            canvas, theme, palette, subject, (x, foot), tall, is_flipped=share > 0.5 and place.home != "cliff"
        )
        depth = WATER_DEPTH if place.home in ("water", "swim") else GROUND_DEPTH
        canvas.close_plane(depth, way=_way(subject, theme))


def _way(subject: Subject, theme: Theme) -> str:
    """How a subject moves by itself in a film."""
    if theme.setting == "space":
        return "float"
    if subject.name in _BREATHING:
        return "breathe"
    return "sway" if subject.name in _SWAYING else _WAYS.get(PLACES[subject.name].home, "still")


def _across(order: int, count: int, entropy: int) -> float:
    if count == 1:
        return (0.4, 0.62, 0.5)[entropy % 3]
    if count == 2:
        return (0.32, 0.7)[(order + entropy) % 2]
    return (0.22, 0.52, 0.8)[(order + entropy) % 3]


def _place(
    canvas: Canvas,
    theme: Theme,
    palette: Palette,
    subject: Subject,
    at: Point,
    tall: float,
    *,
    is_flipped: bool,
) -> None:
    rng = canvas.rng
    pose = Pose(
        canvas,
        at[0],
        at[1],
        tall,
        ambient=palette.ambient,
        dimming=palette.dimming,
        own_color=subject.color,
        stretch=-1.0 if is_flipped else 1.0,
    )
    draw = PLACES[subject.name].draw
    home = PLACES[subject.name].home
    if home == "water" and not canvas.is_drawn:
        canvas.shape(
            oval((at[0], at[1] + tall * 0.04), tall * 0.5, tall * 0.05),
            mix(palette.water[1], (0, 0, 20), 0.3),
            alpha=0.5,
            soft=0.01,
        )
    if theme.setting in ("city", "mars", "forest") and home == "ground":
        canvas.glow(
            (at[0], at[1] - tall * 0.5), tall * 0.9, mix(palette.haze, palette.light, 0.4), strength=0.3
        )
    if subject.name == "fish":
        for _ in range(7):
            near = rng.uniform(0.14, 0.34)
            spot = (rng.random() * canvas.aspect, rng.uniform(0.25, 0.75))
            draw(
                Pose(
                    canvas,
                    spot[0],
                    spot[1],
                    tall * near,
                    ambient=(120, 190, 220),
                    dimming=0.7,
                    own_color=subject.color,
                    stretch=-1.0 if is_flipped else 1.0,
                )
            )
    draw(pose)


def _portrait(canvas: Canvas, theme: Theme, palette: Palette) -> None:
    """Paint head and shoulders before a plain ground with a disc of light."""
    subject = theme.subjects[0]
    small = min(canvas.aspect, 1.0)
    middle, tall = canvas.aspect / 2, small * (0.86 if canvas.aspect > 0.8 else 1.06)
    heart = 1.0 - tall * 0.6
    ground: Color = theme.colors[0] if theme.colors else mix(palette.accent, palette.sky[1], 0.35)
    canvas.sky([mix(ground, (255, 255, 255), 0.3), ground, mix(ground, palette.sky[0], 0.55)])
    canvas.mist(
        threshold(noise(canvas.rng, (120, 120), cells=(3, 3), octaves=5), 90, 220, strength=0.25),
        mix(ground, (255, 255, 255), 0.6),
    )
    canvas.shape(
        oval((middle, heart), tall * 0.47, tall * 0.47),
        [mix(ground, (255, 252, 240), 0.62), mix(ground, (255, 246, 226), 0.36)],
    )
    canvas.close_plane(0.2)
    pose = Pose(
        canvas,
        middle,
        1.0,
        tall,
        own_color=subject.color,
        ambient=palette.ambient,
        dimming=palette.dimming * 0.4,
    )
    if subject.name == "person":
        figures.bust(pose.moved(0.0, 0.0, scale=0.86))
    elif subject.name in beasts.BEASTS:
        beasts.portrait(pose, subject.name)
    else:
        PLACES[subject.name].draw(Pose(canvas, middle, 1.34, small * 1.12, own_color=subject.color))
    canvas.close_plane(GROUND_DEPTH, way="breathe")


def _table(canvas: Canvas, palette: Palette) -> float:
    """Paint a wall with the light of a window on it, and a table."""
    wall, edge = mix(palette.sky[2], (240, 226, 208), 0.5), 0.72
    canvas.sky([mix(wall, palette.sky[1], 0.35), wall, mix(wall, palette.haze, 0.4)])
    a = canvas.aspect
    for column in range(2):
        for row in range(2):
            left, top = a * 0.12 + column * 0.17, 0.08 + row * 0.2
            canvas.shapes(
                (
                    [
                        (left, top + 0.03),
                        (left + 0.15, top),
                        (left + 0.17, top + 0.18),
                        (left + 0.02, top + 0.21),
                    ],
                ),
                palette.light,
                alpha=0.45,
                soft=0.006,
            )
    canvas.glow((a * 0.2, 0.2), 0.7, palette.light, strength=0.45)
    wood = mix((170, 112, 74), palette.ambient, palette.dimming * 0.3)
    canvas.shape(
        [(-0.1, edge), (a + 0.1, edge), (a + 0.1, 1.1), (-0.1, 1.1)],
        [mix(wood, (255, 236, 206), 0.3), wood, mix(wood, (50, 20, 40), 0.4)],
    )
    for _ in range(16):
        y, x, far = canvas.rng.uniform(edge, 1.0), canvas.rng.random() * a, canvas.rng.uniform(0.1, 0.5)
        canvas.stroke(
            [(x, y), (x + far, y + 0.003)], (0.0006, 0.0026, 0.0006), mix(wood, (70, 36, 30), 0.6), alpha=0.4
        )
    return 0.88
