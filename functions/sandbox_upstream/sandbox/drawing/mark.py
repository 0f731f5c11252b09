"""The mark: every picture says in a corner that the sandbox drew it."""

from functools import cache

from PIL import Image, ImageDraw, ImageFont

TEXT = "sandbox"
HEIGHT_MIN_PX = 9


def stamp(image: Image.Image) -> Image.Image:
    """Return the picture with the mark in its lower right corner, readable on any ground."""
    box = place(image.size)
    height = box[3] - box[1]
    scale = 3
    pill = Image.new("L", ((box[2] - box[0]) * scale, height * scale), 0)
    draw = ImageDraw.Draw(pill)
    draw.rounded_rectangle((0, 0, pill.width - 1, pill.height - 1), radius=pill.height // 2, fill=132)
    ground = pill.reduce(scale)
    letters = Image.new("L", pill.size, 0)
    ImageDraw.Draw(letters).text(
        (pill.width / 2, pill.height / 2),
        TEXT,
        fill=238,
        font=_font(round(height * scale * 0.6)),
        anchor="mm",
    )
    image.paste((14, 16, 30), (box[0], box[1]), ground)
    image.paste((255, 255, 255), (box[0], box[1]), letters.reduce(scale))
    return image


def place(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the mark's box (left, top, right, bottom) in a picture of this size."""
    short = min(size)
    height = max(round(short * 0.031), HEIGHT_MIN_PX)
    width = round(height * 3.7)
    margin = max(round(short * 0.02), 2)
    return (size[0] - margin - width, size[1] - margin - height, size[0] - margin, size[1] - margin)


@cache
def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size_px)
