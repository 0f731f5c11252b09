"""Pictures: from a prompt, a seed and a model to the bytes of one image file."""

import random
from dataclasses import dataclass

from PIL import Image, ImageOps

from sandbox.drawing import mark, palette, scene, styles, words
from sandbox.drawing.canvas import Canvas, Color, blend_along, blurred
from sandbox.drawing.encode import encode


@dataclass(frozen=True, slots=True)
class Order:
    """One image to draw. The same order is always the same bytes."""

    prompt: str
    model: str
    width_px: int
    height_px: int
    file_format: str
    seed: int | None = None
    negative_prompt: str = ""
    index: int = 0


def draw(order: Order, *, source: Image.Image | None = None) -> bytes:
    """Return the file of one image; with a source, a picture painted over it."""
    theme = words.read(order.prompt, negative_prompt=order.negative_prompt)
    # A generator of our own, seeded by the order alone: no clock and no shared state.
    chance = random.Random(f"{order.model}|{order.seed}|{order.index}|{order.prompt}")  # noqa: S311
    size = styles.resolution(theme.style, width_px=order.width_px, height_px=order.height_px)
    canvas = Canvas(size.width_px, size.height_px, look=styles.LOOKS[theme.style], rng=chance)
    scene.paint(canvas, theme, palette.choose(theme, rng=chance))
    if source is not None:
        canvas.image = derived(source, canvas.image)
    image = styles.finish(canvas, theme.style, width_px=order.width_px, height_px=order.height_px)
    return encode(mark.stamp(image), file_format=order.file_format)


def derived(source: Image.Image, painted: Image.Image) -> Image.Image:
    """Return the source, poured into the painted picture's colours and light.

    What was light in the source stays light; the hues come from the new picture, and its forms
    show through faintly.
    """
    fitted = ImageOps.fit(
        ImageOps.exif_transpose(source).convert("RGB"), painted.size, Image.Resampling.BICUBIC
    )
    few = painted.resize((96, 96), Image.Resampling.BOX).quantize(6).convert("RGB")
    found = few.getcolors(maxcolors=6) or []
    tones: list[Color] = sorted((_channels(color) for _, color in found), key=lambda tone: sum(tone))
    ramp = [blend_along(tones, value / 255) for value in range(256)]
    grey = ImageOps.autocontrast(ImageOps.grayscale(blurred(fitted, min(painted.size) / 400)))
    lookup = [tone[channel] for channel in range(3) for tone in ramp]
    poured = Image.merge("RGB", [grey] * 3).point(lookup)
    return Image.blend(Image.blend(poured, fitted, 0.4), painted, 0.14)


def _channels(color: float | tuple[int, ...]) -> Color:
    if not isinstance(color, tuple):
        raise TypeError("a picture in RGB has three channels")
    return (color[0], color[1], color[2])
