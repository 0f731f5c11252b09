"""A pose: where a subject stands, how large it is, and what the light does to its colours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sandbox.drawing.canvas import Canvas, Color, Paint, Point, band, mix, oval, smooth, stops


@dataclass(frozen=True, slots=True)
class Pose:
    """Local coordinates for one subject: feet at (0, 0), head at about (0, 1), y upwards."""

    canvas: Canvas
    x: float
    y: float
    size: float
    ambient: Color = (255, 255, 255)
    dimming: float = 0.0
    own_color: Color | None = None
    stretch: float = 1.0

    def at(self, point: Point) -> Point:
        """Return the canvas point of a local one."""
        return (self.x + self.stretch * point[0] * self.size, self.y - point[1] * self.size)

    def moved(self, x: float, y: float, *, scale: float = 1.0) -> "Pose":
        """Return a pose whose feet stand at a local point of this one."""
        place = self.at((x, y))
        return replace(self, x=place[0], y=place[1], size=self.size * scale)

    def stretched(self, share: float) -> "Pose":
        """Return a pose as wide as `share` of this one; mirrored when `share` is negative."""
        return replace(self, stretch=self.stretch * share)

    def lit(self, color: Color) -> Color:
        """Return the colour as it looks in this light."""
        if not self.dimming:
            return color
        tinted = (
            color[0] * self.ambient[0] // 255,
            color[1] * self.ambient[1] // 255,
            color[2] * self.ambient[2] // 255,
        )
        return mix(color, tinted, self.dimming)

    def _paint(self, paint: Paint) -> Paint:
        return [self.lit(color) for color in stops(paint)]

    def blob(self, points: Sequence[Point], paint: Paint, *, alpha: float = 1.0, soft: float = 0.0) -> None:
        """Fill a smooth outline; a point given twice stays a corner."""
        self.canvas.shape(
            [self.at(point) for point in smooth(points)],
            self._paint(paint),
            alpha=alpha,
            soft=soft * self.size,
        )

    def poly(self, points: Sequence[Point], paint: Paint, *, alpha: float = 1.0) -> None:
        """Fill a straight-edged outline."""
        self.canvas.shape([self.at(point) for point in points], self._paint(paint), alpha=alpha)

    def polys(self, outlines: Sequence[Sequence[Point]], paint: Paint, *, alpha: float = 1.0) -> None:
        """Fill many straight-edged outlines with one paint."""
        placed = [[self.at(point) for point in outline] for outline in outlines]
        self.canvas.shapes(placed, self._paint(paint), alpha=alpha)

    def oval(
        self, x: float, y: float, rx: float, ry: float, paint: Paint, *, turn: float = 0.0, alpha: float = 1.0
    ) -> None:
        """Fill an ellipse."""
        self.poly(oval((x, y), rx, ry, turn=turn), paint, alpha=alpha)

    def box(
        self, left: float, bottom: float, right: float, top: float, paint: Paint, *, alpha: float = 1.0
    ) -> None:
        """Fill an upright rectangle."""
        self.poly([(left, bottom), (right, bottom), (right, top), (left, top)], paint, alpha=alpha)

    def line(
        self, points: Sequence[Point], widths: Sequence[float], paint: Paint, *, alpha: float = 1.0
    ) -> None:
        """Draw a smooth line through `points`, its width changing along `widths`."""
        curve = smooth(points, closed=False) if len(points) > 2 else list(points)
        outline = band([self.at(point) for point in curve], [width * self.size for width in widths])
        is_thin = max(widths) * self.size < 0.014
        if is_thin and self.canvas.is_drawn:
            paint = self.canvas.look.ink
        self.canvas.shapes((outline,), self._paint(paint), alpha=alpha, inked=not is_thin)

    def shade(self, width: float, *, strength: float = 0.35) -> None:
        """Cast a soft shadow on the ground under the feet."""
        self.canvas.shape(
            oval(self.at((0.0, 0.0)), width * self.size, width * self.size * 0.16),
            (10, 12, 30),
            alpha=strength,
            soft=0.05 * self.size,
        )

    def shine(self, x: float, y: float, radius: float, color: Color, *, strength: float = 0.8) -> None:
        """Add light around a local point."""
        self.canvas.glow(self.at((x, y)), radius * self.size, color, strength=strength)
