"""Water: ripples that run through what was painted, made a few times and blended in between."""

import itertools
import math
import random

from PIL import Image

from sandbox.filming.frames import Planes

PHASES = 12
PERIOD_S = 2.9
_COLUMNS, _ROWS = 14, 22


class Ripples:
    """The water of one sheet, in every phase of its movement."""

    def __init__(self, planes: Planes, *, scale_px: int, chance: random.Random) -> None:
        """Take the water of these planes. `scale_px` is the height of the world."""
        start = chance.random()
        self._phases = [
            [
                _rippled(water, scale_px // (2 if index else 1), start + phase / PHASES)
                for index, water in enumerate(planes)
            ]
            for phase in range(PHASES)
        ]

    def show(self, planes: Planes, *, time_s: float) -> None:
        """Fill the water in as it is at this moment."""
        place = (time_s / PERIOD_S % 1) * PHASES
        before = self._phases[int(place) % PHASES]
        after = self._phases[(int(place) + 1) % PHASES]
        for index, plane in enumerate(planes):
            plane.paste(Image.blend(before[index], after[index], place % 1), (0, 0))


def _rippled(water: Image.Image, scale_px: int, phase: float) -> Image.Image:
    """Bend the water; far waves are flat and close together, near ones long and high."""
    edges_x = [round(water.width * column / _COLUMNS) for column in range(_COLUMNS + 1)]
    edges_y = sorted({round(water.height * (row / _ROWS) ** 1.35) for row in range(_ROWS + 1)})
    turn = 2 * math.pi

    def bent(x: int, y: int) -> tuple[float, float]:
        share, along = y / max(water.height, 1), x / max(water.width, 1)
        reach = scale_px * (0.0012 + 0.0052 * share) * min(share * 8, 1.0)
        wave = turn * (4.5 * share**0.6 - phase)
        dx = reach * 0.8 * math.sin(wave + turn * 1.1 * along)
        dy = reach * math.sin(wave * 2 + turn * 1.7 * along) * 0.75
        return min(max(x + dx, 0), water.width), min(max(y + dy, 0), water.height)

    mesh = []
    for top, bottom in itertools.pairwise(edges_y):
        for left, right in itertools.pairwise(edges_x):
            if right > left:
                corners = ((left, top), (left, bottom), (right, bottom), (right, top))
                quad = tuple(value for x, y in corners for value in bent(x, y))
                mesh.append(((left, top, right, bottom), quad))
    return water.transform(water.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
