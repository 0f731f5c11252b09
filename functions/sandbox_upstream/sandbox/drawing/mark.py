"""The mark: every picture says in a corner that the sandbox drew it."""

from functools import cache

from PIL import Image, ImageDraw, ImageFont

from sandbox.drawing.canvas import Color

TEXT = "sandbox"
HEIGHT_MIN_PX = 9


def stamp(image: Image.Image) -> Image.Image:
    """Return the picture with the mark in its lower right corner, readable on any ground."""
    box = place(image.size)
    for color, mask in veils((box[2] - box[0], box[3] - box[1])):
        image.paste(color, (box[0], box[1]), mask)
    return image


def veils(size: tuple[int, int]) -> list[tuple[Color, Image.Image]]:
    """Return what the mark of this size is laid down in: colours, each with the mask it is laid through."""
    scale = 3
    pill = Image.new("L", (size[0] * scale, size[1] * scale), 0)
    draw = ImageDraw.Draw(pill)
    draw.rounded_rectangle((0, 0, pill.width - 1, pill.height - 1), radius=pill.height // 2, fill=132)
    letters = Image.new("L", pill.size, 0)
    ImageDraw.Draw(letters).text(
        (pill.width / 2, pill.height / 2),
        TEXT,
        fill=238,
        font=_font(round(size[1] * scale * 0.6)),
        anchor="mm",
    )
    return [((14, 16, 30), pill.reduce(scale)), ((255, 255, 255), letters.reduce(scale))]


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
