"""The camera: what it sees of each distance at each moment."""

import math
import random
from dataclasses import dataclass

from sandbox.filming.frames import Box

# What stands at the sky moves this much as far as what stands nearest.
SKY_SHARE = 0.34
_MARGIN = 0.06


@dataclass(frozen=True, slots=True)
class Camera:
    """A way from one view to another, in shares of the world's width and height.

    A view is how much of the world is seen (1 is all of it) and how far its middle is from the world's.
    It holds for what stands nearest; what is farther off moves less.
    """

    start: tuple[float, float, float]
    end: tuple[float, float, float]

    def sees(self, depth: float, share: float) -> tuple[float, float, float]:
        """Return the view of one depth at `share` (0 to 1) of the film."""
        way, reach = _eased(share), SKY_SHARE + (1 - SKY_SHARE) * depth
        seen, x, y = (first + (last - first) * way for first, last in zip(self.start, self.end, strict=True))
        return 1 - (1 - seen) * reach, x * reach, y * reach


def box_of(view: tuple[float, float, float], size: tuple[int, int]) -> Box:
    """Return a view as a box in a world of this size, never beyond its edges."""
    seen, x, y = view
    free = (1 - seen) / 2
    left = (free + min(max(x, -free), free)) * size[0]
    top = (free + min(max(y, -free), free)) * size[1]
    return (left, top, min(left + seen * size[0], size[0]), min(top + seen * size[1], size[1]))


def choose(chance: random.Random, *, first_frame: bool) -> Camera:
    """Return a way of the camera: moving in, moving out, or passing by.

    A film that begins with a given picture begins with all of it.
    """
    side, rise = chance.choice((-1, 1)), chance.uniform(-0.4, 0.5)
    kind = "in" if first_frame else chance.choice(("in", "in", "out", "by"))
    if kind == "by":
        return Camera((0.885, -side * 0.052, rise * 0.02), (0.875, side * 0.052, -rise * 0.02))
    wide = 1.0 if first_frame else 0.965
    far = (wide, -side * (1 - wide) * 0.4, 0.0)
    near = (0.855, side * _MARGIN * 0.55, rise * _MARGIN * 0.6)
    return Camera(far, near) if kind == "in" else Camera(near, far)


def _eased(share: float) -> float:
    """Start and end gently, never quite at rest."""
    return share - math.sin(2 * math.pi * share) / (2 * math.pi) * 0.55
