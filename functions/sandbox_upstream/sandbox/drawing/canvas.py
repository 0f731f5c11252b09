"""The canvas: soft-edged shapes, light and texture on one picture, in units of its height."""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Color = tuple[int, int, int]
Point = tuple[float, float]
Paint = Color | Sequence[Color]  # One colour, or colours from the top of the shape to its foot.

SUPERSAMPLING = 2
CURVE_STEPS = 10
BLACK: Color = (0, 0, 0)
# How far off the parts of a landscape stand: the sky is 0.
FAR_DEPTH, WATER_DEPTH, GROUND_DEPTH, FRAMING_DEPTH = 0.3, 0.5, 0.7, 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """How shapes are put down; a style is mostly one of these. Lengths are shares of the height."""

    outline: float = 0.0
    ink: Color = (34, 32, 48)
    paper: Color | None = None  # Set: shapes are inked outlines over a light wash on this paper.
    wash: float = 0.0
    bevel: float = 0.0
    shadow: float = 0.0
    light: float = 1.0
    texture: float = 0.0


def mix(first: Color, second: Color, share: float) -> Color:
    """Return `first` moved towards `second` by `share`."""
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )


def blend_along(colors: Sequence[Color], position: float) -> Color:
    """Return the colour at `position` (0 to 1) along evenly spaced colours."""
    last = len(colors) - 1
    place = min(max(position, 0.0), 1.0) * last
    index = min(int(place), max(last - 1, 0))
    return mix(colors[index], colors[min(index + 1, last)], place - index)


def stops(paint: Paint) -> list[Color]:
    """Return the paint's colours, from the top down; one for a plain colour."""
    first = paint[0]
    if isinstance(first, int):
        red, green, blue = (channel for channel in paint if isinstance(channel, int))
        return [(red, green, blue)]
    return [color for color in paint if not isinstance(color, int)]


def smooth(points: Sequence[Point], *, closed: bool = True) -> list[Point]:
    """Return a curve through `points`; a point given twice stays a corner."""
    count = len(points)
    curve: list[Point] = []
    for index in range(count if closed else count - 1):
        if closed:
            p0, p1, p2, p3 = (points[(index + step) % count] for step in (-1, 0, 1, 2))
        else:
            p0, p1, p2, p3 = (points[min(max(index + step, 0), count - 1)] for step in (-1, 0, 1, 2))
        if p1 == p2:
            continue
        for step in range(CURVE_STEPS):
            t = step / CURVE_STEPS
            a, b = -0.5 * t + t * t - 0.5 * t**3, 1 - 2.5 * t * t + 1.5 * t**3
            c, d = 0.5 * t + 2 * t * t - 1.5 * t**3, -0.5 * t * t + 0.5 * t**3
            curve.append(
                (
                    a * p0[0] + b * p1[0] + c * p2[0] + d * p3[0],
                    a * p0[1] + b * p1[1] + c * p2[1] + d * p3[1],
                )
            )
    if not closed:
        curve.append(points[-1])
    return curve


@cache
def points(text: str) -> tuple[Point, ...]:
    """Read an outline written as `x,y x,y! x,y`; an exclamation mark makes a corner."""
    outline: list[Point] = []
    for word in text.split():
        x, y = word.rstrip("!").split(",")
        outline += [(float(x), float(y))] * (2 if word.endswith("!") else 1)
    return tuple(outline)


def oval(center: Point, rx: float, ry: float, *, turn: float = 0.0) -> list[Point]:
    """Return an ellipse's outline, turned by `turn` radians."""
    cos, sin = math.cos(turn), math.sin(turn)
    steps = 96 if max(rx, ry) > 0.1 else 40
    outline: list[Point] = []
    for step in range(steps):
        angle = 2 * math.pi * step / steps
        x, y = rx * math.cos(angle), ry * math.sin(angle)
        outline.append((center[0] + x * cos - y * sin, center[1] + x * sin + y * cos))
    return outline


def band(points: Sequence[Point], widths: Sequence[float]) -> list[Point]:
    """Return the outline of a stroke through `points`, its width changing evenly along `widths`."""
    left: list[Point] = []
    right: list[Point] = []
    last = len(points) - 1
    for index, (x, y) in enumerate(points):
        before, after = points[max(index - 1, 0)], points[min(index + 1, last)]
        dx, dy = after[0] - before[0], after[1] - before[1]
        length = math.hypot(dx, dy) or 1.0
        place = index / last * (len(widths) - 1)
        low = min(int(place), len(widths) - 1)
        high = min(low + 1, len(widths) - 1)
        half = (widths[low] + (widths[high] - widths[low]) * (place - low)) / 2
        left.append((x - dy / length * half, y + dx / length * half))
        right.append((x + dy / length * half, y - dx / length * half))
    return left + right[::-1]


@dataclass(frozen=True, slots=True)
class Plane:
    """The picture as it stood once everything of one distance was painted, and the mask of what was.

    `depth` is 0 at the sky and 1 where the nearest things stand. `way` is how what was painted moves by
    itself (still, shine, drift, flash, roll, breathe, sway, float, rock, swim); `water_from` is the height
    from which it is water.
    """

    image: Image.Image
    cover: Image.Image
    depth: float
    way: str
    water_from: float | None


class Canvas:
    """One picture being painted. x runs from 0 to `aspect`, y from 0 (top) to 1.

    With `keeps_planes` it is painted for a film: it remembers each distance by itself, and what falls
    from the sky is left out.
    """

    def __init__(
        self, width_px: int, height_px: int, *, look: Look, rng: random.Random, keeps_planes: bool = False
    ) -> None:
        self.width_px = width_px
        self.height_px = height_px
        self.aspect = width_px / height_px
        self.look = look
        self.rng = rng
        self.image = Image.new("RGB", (width_px, height_px), look.paper or BLACK)
        self.keeps_planes = keeps_planes
        self.planes: list[Plane] = []
        # What was painted since the last plane, and in the clouds' case its colours without the sky's.
        self._cover = self._blank_mask()
        self._clouds: Image.Image | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether this is pen on paper, where light and mist have no place."""
        return self.look.paper is not None

    def close_plane(self, depth: float, *, way: str = "still", water_from: float | None = None) -> None:
        """Say that what was painted since the last plane stands at this depth."""
        if self.keeps_planes:
            clouds = self._clouds if way == "drift" else None
            self.planes.append(Plane(clouds or self.image.copy(), self._cover, depth, way, water_from))
            self._cover = self._blank_mask()
            self._clouds = self.image.copy() if way == "shine" else None

    def put(self, picture: Image.Image, corner: tuple[int, int], *, mask: Image.Image | None = None) -> None:
        """Lay a ready picture down; `corner` is in pixels."""
        self.image.paste(picture, corner, mask)
        self._note(None, (*corner, corner[0] + picture.width, corner[1] + picture.height), mask)

    def sky(self, colors: Sequence[Color]) -> None:
        """Fill the whole picture from top to foot."""
        paper = self.look.paper
        if paper is not None:
            colors = [mix(paper, color, self.look.wash * 0.6) for color in colors]
        self.put(_gradient(colors, (self.width_px, self.height_px)), (0, 0))

    def shape(self, points: Sequence[Point], paint: Paint, *, alpha: float = 1.0, soft: float = 0.0) -> None:
        """Fill one outline. `soft` blurs its edge (a share of the height)."""
        self.shapes((points,), paint, alpha=alpha, soft=soft)

    def shapes(
        self,
        outlines: Iterable[Sequence[Point]],
        paint: Paint,
        *,
        alpha: float = 1.0,
        soft: float = 0.0,
        inked: bool = True,
    ) -> None:
        """Fill many outlines with one paint, in one pass."""
        scale = self.height_px
        outlines = [outline for outline in outlines if len(outline) > 2]
        if not outlines:
            return
        margin = (
            math.ceil((soft * 2 + self.look.outline + self.look.shadow * 2 + self.look.bevel * 3) * scale) + 2
        )
        xs = [x for outline in outlines for x, _ in outline]
        ys = [y for outline in outlines for _, y in outline]
        # Shapes are cut off a little outside the picture, so that its edge shows no rim or bevel.
        left, top = max(int(min(xs) * scale), 0) - margin, max(int(min(ys) * scale), 0) - margin
        right = min(math.ceil(max(xs) * scale), self.width_px) + margin
        bottom = min(math.ceil(max(ys) * scale), self.height_px) + margin
        if right <= left or bottom <= top:
            return
        size = (right - left, bottom - top)
        fine = scale * SUPERSAMPLING
        placed = [
            [(x * fine - left * SUPERSAMPLING, y * fine - top * SUPERSAMPLING) for x, y in outline]
            for outline in outlines
        ]
        mask = self._mask(placed, size, soft=soft)
        is_inked = bool(self.look.outline) and inked and soft == 0 and alpha > 0.6
        is_heap = len(placed) > 1
        if is_inked and is_heap:
            self._ink(
                placed, size, (left, top), width=2.0
            )  # Under the fill, so that only the heap's rim shows.
        self._lay(
            mask,
            paint,
            (left, top),
            alpha=alpha,
            is_crisp=soft == 0,
            is_body=inked and soft == 0 and alpha > 0.6,
        )
        if is_inked and not is_heap:
            self._ink(placed, size, (left, top), width=1.0)

    def _mask(self, placed: list[list[Point]], size: tuple[int, int], *, soft: float) -> Image.Image:
        mask = Image.new("L", (size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING), 0)
        draw = ImageDraw.Draw(mask)
        for outline in placed:
            draw.polygon(outline, fill=255)
        mask = mask.reduce(SUPERSAMPLING)
        return blurred(mask, soft * self.height_px) if soft else mask

    def _lay(
        self,
        mask: Image.Image,
        paint: Paint,
        corner: tuple[int, int],
        *,
        alpha: float,
        is_crisp: bool,
        is_body: bool,
    ) -> None:
        look = self.look
        box = (corner[0], corner[1], corner[0] + mask.width, corner[1] + mask.height)
        colors = stops(paint)
        if look.paper is not None:
            if not is_crisp:
                return
            colors = [_washed(color, look) for color in colors]
        if look.shadow and is_body:
            self._cast(mask, box)
        if alpha < 1.0:
            mask = mask.point([round(value * alpha) for value in range(256)])
        fill: Image.Image | Color = colors[0]
        if len(colors) > 1:
            fill = _gradient(colors, mask.size)
        if look.bevel and is_body:
            fill = self._bevelled(mask, fill)
        self.image.paste(fill, box, mask)
        self._note(fill, box, mask)

    def _cast(self, mask: Image.Image, box: tuple[int, int, int, int]) -> None:
        """Darken what lies under the shape, a little down and to the right."""
        offset = round(self.look.shadow * self.height_px)
        shadow = blurred(mask, offset).point([round(value * 0.42) for value in range(256)])
        left, top = box[0] + offset // 2, box[1] + offset
        self.image.paste((12, 14, 34), (left, top), shadow)
        self._note(None, (left, top, left + shadow.width, top + shadow.height), shadow)

    def _bevelled(self, mask: Image.Image, fill: Image.Image | Color) -> Image.Image:
        """Light the shape as if it were rounded: brighter to the upper left, darker to the lower right."""
        reach = max(round(self.look.bevel * self.height_px), 1)
        near = blurred(mask, reach)
        lit = ImageChops.subtract(near, ImageChops.offset(near, -reach, -reach))
        shaded = ImageChops.subtract(near, ImageChops.offset(near, reach, reach))
        base = fill if isinstance(fill, Image.Image) else Image.new("RGB", mask.size, fill)
        base.paste((255, 250, 240), (0, 0), shaded.point([min(round(v * 0.62), 255) for v in range(256)]))
        base.paste((16, 12, 44), (0, 0), lit.point([min(round(v * 0.55), 255) for v in range(256)]))
        return base

    def _ink(
        self, placed: list[list[Point]], size: tuple[int, int], corner: tuple[int, int], *, width: float
    ) -> None:
        width_px = max(round(self.look.outline * self.height_px * SUPERSAMPLING * width), 1)
        line = Image.new("L", (size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING), 0)
        draw = ImageDraw.Draw(line)
        for outline in placed:
            draw.line([*outline, outline[0], outline[1]], fill=255, width=width_px, joint="curve")
        ink = line.reduce(SUPERSAMPLING)
        box = (*corner, corner[0] + ink.width, corner[1] + ink.height)
        self.image.paste(self.look.ink, box, ink)
        self._note(self.look.ink, box, ink)

    def stroke(
        self, points: Sequence[Point], widths: Sequence[float], paint: Paint, *, alpha: float = 1.0
    ) -> None:
        """Draw a line through `points`, its width changing along `widths`."""
        self.shapes(
            (band(points, widths),), self.look.ink if self.is_drawn else paint, alpha=alpha, inked=False
        )

    def glow(
        self, center: Point, radius: float, color: Color, *, strength: float = 1.0, flatten: float = 1.0
    ) -> None:
        """Add light around a point; `flatten` below 1 squeezes it vertically."""
        if self.is_drawn:
            return
        scale = self.height_px
        rx, ry = radius * scale, radius * scale * flatten
        cx, cy = center[0] * scale, center[1] * scale
        wide = (round(cx - rx), round(cy - ry), round(cx + rx), round(cy + ry))
        box = (max(wide[0], 0), max(wide[1], 0), min(wide[2], self.width_px), min(wide[3], self.height_px))
        if box[2] - box[0] < 1 or box[3] - box[1] < 1:
            return
        power = min(strength * self.look.light, 1.0)
        edge_value = 179  # What the built-in gradient holds where its circle meets the sides of its square.
        falloff = Image.radial_gradient("L").point(
            [round(255 * power * max(1 - value / edge_value, 0) ** 2.2) for value in range(256)]
        )
        part = tuple(
            (edge - wide[side % 2]) * 256 / max(wide[side % 2 + 2] - wide[side % 2], 1)
            for side, edge in enumerate(box)
        )
        size = (box[2] - box[0], box[3] - box[1])
        mask = falloff.resize(size, Image.Resampling.BILINEAR, box=(part[0], part[1], part[2], part[3]))
        light = Image.composite(Image.new("RGB", size, color), Image.new("RGB", size), mask)
        self.image.paste(ImageChops.screen(self.image.crop(box), light), box)
        self._note(None, box, mask)

    def mist(self, mask: Image.Image, color: Color, *, top: float = 0.0, bottom: float = 1.0) -> None:
        """Lay a colour through a small mask stretched over the rows from `top` to `bottom`."""
        if self.is_drawn:
            return
        first, last = round(top * self.height_px), round(bottom * self.height_px)
        if last - first < 1:
            return
        wide = mask.resize((self.width_px, last - first), Image.Resampling.BICUBIC)
        box = (0, first, self.width_px, last)
        self.image.paste(color, box, wide)
        self._note(color, box, wide)

    def _blank_mask(self) -> Image.Image:
        return Image.new("L", (self.width_px, self.height_px) if self.keeps_planes else (1, 1), 0)

    def _note(
        self,
        fill: Image.Image | Color | None,
        box: tuple[int, int, int, int],
        mask: Image.Image | None,
    ) -> None:
        """Remember that something was painted here."""
        if not self.keeps_planes:
            return
        self._cover.paste(255, box, mask)
        if self._clouds is not None and fill is not None and mask is not None:
            self._clouds.paste(fill, box, mask.point([min(value * 6, 255) for value in range(256)]))

    def haze(self, color: Color, *, top: float, bottom: float, strength: float) -> None:
        """Lay an even mist that is densest halfway between `top` and `bottom`."""
        steps = 32
        values = [
            round(255 * strength * math.sin(math.pi * (row + 0.5) / steps) ** 2) for row in range(steps)
        ]
        mask = Image.new("L", (1, steps))
        mask.putdata(values)
        self.mist(mask, color, top=top, bottom=bottom)

    def rows_mirrored(self, waterline: float) -> Image.Image:
        """Return what stands above the waterline, turned upside down."""
        line = round(waterline * self.height_px)
        depth = self.height_px - line
        above = self.image.crop((0, max(line - depth, 0), self.width_px, line))
        return above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((self.width_px, depth))


def _washed(color: Color, look: Look) -> Color:
    """Return a light wash of the colour; what is nearly black is filled with ink."""
    paper = look.paper or color
    return mix(paper, color, 0.86 if sum(color) < 170 else look.wash)


def _gradient(colors: Sequence[Color], size: tuple[int, int]) -> Image.Image:
    steps = 64
    column = Image.new("RGB", (1, steps))
    column.putdata([blend_along(colors, (step + 0.5) / steps) for step in range(steps)])
    return column.resize((1, size[1]), Image.Resampling.BICUBIC).resize(size, Image.Resampling.NEAREST)


def blurred(image: Image.Image, radius_px: float) -> Image.Image:
    """Return the image blurred; wide blurs are done small, where they are cheap."""
    shrink = max(int(radius_px // 4), 1)
    if shrink == 1:
        return image.filter(ImageFilter.GaussianBlur(radius_px))
    small = image.resize(
        (max(image.width // shrink, 1), max(image.height // shrink, 1)), Image.Resampling.BOX
    ).filter(ImageFilter.GaussianBlur(radius_px / shrink))
    return small.resize(image.size, Image.Resampling.BICUBIC)


def noise(
    rng: random.Random, size: tuple[int, int], *, cells: tuple[int, int], octaves: int = 4
) -> Image.Image:
    """Return cloudy noise (mode L): octaves of random dots, each twice as fine and half as strong."""
    cloudy: Image.Image | None = None
    for octave in range(octaves):
        dots = (max(cells[0] << octave, 2), max(cells[1] << octave, 2))
        layer = Image.frombytes("L", dots, rng.randbytes(dots[0] * dots[1])).resize(
            size, Image.Resampling.BICUBIC
        )
        cloudy = layer if cloudy is None else Image.blend(cloudy, layer, 0.5 / (1 + octave * 0.55))
    if cloudy is None:
        raise ValueError("noise needs at least one octave")
    return cloudy


def threshold(mask: Image.Image, low: int, high: int, *, strength: float = 1.0) -> Image.Image:
    """Return the mask with `low` and below as 0, `high` and above as `strength`, and a ramp between."""
    span = max(high - low, 1)
    return mask.point([round(255 * strength * min(max((value - low) / span, 0), 1)) for value in range(256)])
