"""Styles: how shapes are put down, and what happens to the finished picture."""

import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from sandbox.drawing.canvas import BLACK, Canvas, Color, Look, blurred, noise, threshold

PAPER = (250, 246, 236)
LOOKS: dict[str, Look] = {
    "illustration": Look(),
    "photorealistic": Look(light=1.1),
    "cinematic": Look(light=1.15),
    "anime": Look(outline=0.0026, ink=(44, 34, 62), light=1.1),
    "3d": Look(bevel=0.011, shadow=0.009),
    "pixel-art": Look(light=0.9),
    "watercolor": Look(light=0.7),
    "line-art": Look(outline=0.0034, paper=PAPER, wash=0.16, ink=(36, 34, 46)),
}
SHADE: Color = (6, 6, 24)
BAR: Color = (4, 4, 8)
RIM: Color = (253, 250, 243)
_VIGNETTES = {"illustration": 0.16, "photorealistic": 0.3, "cinematic": 0.5, "3d": 0.2}
_GRAINS = {"illustration": 4, "photorealistic": 7, "cinematic": 6}
_PAPERS = {"watercolor": 0.055, "line-art": 0.05}
# Grain is drawn once at this size and tiled: full-size noise would double the size of a PNG.
GRAIN_PX = 256


@dataclass(frozen=True, slots=True)
class Resolution:
    """The size a picture is painted at before it is brought to the asked size."""

    width_px: int
    height_px: int
    cell_px: int


def resolution(style: str, *, width_px: int, height_px: int) -> Resolution:
    """Return the size to paint at: small cells for pixel art, never so small that shapes vanish."""
    if style == "pixel-art":
        cell_px = max(round(min(width_px, height_px) / 128), 1)
        return Resolution(-(-width_px // cell_px), -(-height_px // cell_px), cell_px)
    scale = max(256 / min(width_px, height_px), 1.0)
    return Resolution(round(width_px * scale), round(height_px * scale), 0)


def finish(canvas: Canvas, style: str, *, width_px: int, height_px: int) -> Image.Image:
    """Return the picture in its style, at exactly the asked size."""
    image = develop(canvas.image, style, canvas.rng, width_px=width_px, height_px=height_px)
    return _framed(image, style, canvas.rng)


def develop(
    image: Image.Image, style: str, rng: random.Random, *, width_px: int, height_px: int
) -> Image.Image:
    """Return what was painted in its style: all that belongs to the things themselves."""
    if style == "pixel-art":
        return _pixels(image, width_px=width_px, height_px=height_px)
    if image.size != (width_px, height_px):
        image = image.resize((width_px, height_px), Image.Resampling.LANCZOS)
    if style == "watercolor":
        return _watercolor(image, rng)
    if style == "photorealistic":
        return _depth_of_field(_bloom(image, strength=0.2))
    if style == "cinematic":
        return _graded(_bloom(image, strength=0.34))
    if style == "anime":
        return _bloom(ImageEnhance.Color(image).enhance(1.22), strength=0.26)
    if style == "3d":
        return ImageEnhance.Color(_bloom(image, strength=0.16)).enhance(1.1)
    return image


def veils(style: str, size: tuple[int, int], rng: random.Random) -> list[tuple[Color, Image.Image]]:
    """Return what a film's style lays over every frame: colours, each with the mask it is laid through.

    The grain of stills is left out: it would cost a film more bytes than all the rest.
    """
    found: list[tuple[Color, Image.Image]] = []
    if style in _VIGNETTES:
        found.append((SHADE, _vignette(size, strength=_VIGNETTES[style])))
    if style == "cinematic":
        found.append((BAR, _bars(size)))
    if style == "watercolor":
        found.append((RIM, ImageChops.invert(_inside_rim(size, rng))))
    if style in _PAPERS:
        found.append((BLACK, ImageChops.invert(_paper(size, rng, strength=_PAPERS[style]))))
    return found


def _framed(image: Image.Image, style: str, rng: random.Random) -> Image.Image:
    """Return the picture with what belongs to the paper or the lens."""
    if style in _VIGNETTES:
        image.paste(SHADE, (0, 0), _vignette(image.size, strength=_VIGNETTES[style]))
    if style in _GRAINS:
        image = _grain(image, rng, strength=_GRAINS[style])
    if style == "cinematic":
        image.paste(BAR, (0, 0), _bars(image.size))
    if style == "watercolor":
        image = Image.composite(image, Image.new("RGB", image.size, RIM), _inside_rim(image.size, rng))
    if style in _PAPERS:
        texture = _paper(image.size, rng, strength=_PAPERS[style])
        image = ImageChops.multiply(image, Image.merge("RGB", [texture] * 3))
    return image


def _pixels(image: Image.Image, *, width_px: int, height_px: int) -> Image.Image:
    cell_px = -(-width_px // image.width)
    strong = ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(1.25)).enhance(1.08)
    few = strong.quantize(40, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    return few.resize((image.width * cell_px, image.height * cell_px), Image.Resampling.NEAREST).crop(
        (0, 0, width_px, height_px)
    )


def _watercolor(image: Image.Image, rng: random.Random) -> Image.Image:
    """Let colours bleed into one another, gather at their edges, and fade into the paper."""
    size, short = image.size, min(image.size)
    half = (max(size[0] // 2, 1), max(size[1] // 2, 1))
    small = image.resize(half, Image.Resampling.BOX).filter(ImageFilter.MedianFilter(5))
    wet = _displaced(small, rng, reach_px=short / 2 * 0.006)
    wet = ImageEnhance.Color(wet).enhance(1.4)
    edges = ImageChops.difference(
        wet.filter(ImageFilter.GaussianBlur(max(short / 900, 0.6))),
        wet.filter(ImageFilter.GaussianBlur(max(short / 240, 1.2))),
    )
    wash = ImageChops.subtract(wet, edges, scale=1.1).resize(size, Image.Resampling.BICUBIC)
    wash = wash.point([round(255 * (0.15 + 0.85 * (v / 255) ** 0.8)) for v in range(256)] * 3)
    for cells, strength in ((3, 0.5), (9, 0.22)):
        blooms = threshold(
            noise(rng, (180, 180), cells=(cells, cells), octaves=5), 100, 200, strength=strength
        )
        wash.paste((255, 253, 247), (0, 0), blooms.resize(size, Image.Resampling.BICUBIC))
    return wash


def _displaced(image: Image.Image, rng: random.Random, *, reach_px: float) -> Image.Image:
    """Move small patches of the picture about, as wet paint does."""
    columns = 26
    rows = max(round(columns * image.height / image.width), 2)
    nodes = [
        [(rng.gauss(0, 0.5) * reach_px, rng.gauss(0, 0.5) * reach_px) for _ in range(columns + 1)]
        for _ in range(rows + 1)
    ]
    mesh = []
    for row in range(rows):
        for column in range(columns):
            box = (
                column * image.width // columns,
                row * image.height // rows,
                (column + 1) * image.width // columns,
                (row + 1) * image.height // rows,
            )
            corners = (
                (box[0], box[1], row, column),
                (box[0], box[3], row + 1, column),
                (box[2], box[3], row + 1, column + 1),
                (box[2], box[1], row, column + 1),
            )
            quad: list[float] = []
            for x, y, node_row, node_column in corners:
                shift = nodes[node_row][node_column]
                quad += [min(max(x + shift[0], 0), image.width), min(max(y + shift[1], 0), image.height)]
            mesh.append((box, tuple(quad)))
    return image.transform(image.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def _inside_rim(size: tuple[int, int], rng: random.Random) -> Image.Image:
    """Return the mask of what lies inside an uneven rim of bare paper."""
    small = (160, max(round(160 * size[1] / size[0]), 8))
    rim = Image.new("L", small, 0)
    inset = max(round(min(small) * 0.05), 1)
    ImageDraw.Draw(rim).rectangle((inset, inset, small[0] - inset - 1, small[1] - inset - 1), fill=255)
    rough = Image.blend(
        rim.filter(ImageFilter.GaussianBlur(inset * 0.8)), noise(rng, small, cells=(5, 5), octaves=5), 0.42
    )
    return threshold(rough.resize(size, Image.Resampling.BICUBIC), 88, 132)


def _paper(size: tuple[int, int], rng: random.Random, *, strength: float) -> Image.Image:
    """Return how light the paper is, dot by dot."""
    tile = Image.frombytes("L", (GRAIN_PX, GRAIN_PX), rng.randbytes(GRAIN_PX * GRAIN_PX)).filter(
        ImageFilter.GaussianBlur(1.3)
    )
    tile = threshold(tile, 90, 165).point([round(255 - (255 - v) * strength) for v in range(256)])
    return _tiled(tile, size)


def _grain(image: Image.Image, rng: random.Random, *, strength: int) -> Image.Image:
    raw = Image.frombytes("L", (GRAIN_PX, GRAIN_PX), rng.randbytes(GRAIN_PX * GRAIN_PX))
    tile = _tiled(raw.point([v * strength // 256 for v in range(256)]), image.size)
    return ImageChops.subtract(
        ImageChops.add(image, Image.merge("RGB", [tile] * 3)),
        Image.new("RGB", image.size, (strength // 2,) * 3),
    )


def _tiled(tile: Image.Image, size: tuple[int, int]) -> Image.Image:
    sheet = Image.new("L", size)
    for top in range(0, size[1], tile.height):
        for left in range(0, size[0], tile.width):
            sheet.paste(tile, (left, top))
    return sheet


def _vignette(size: tuple[int, int], *, strength: float) -> Image.Image:
    dark = Image.radial_gradient("L").point(
        [round(255 * strength * max((v - 100) / 155, 0) ** 1.6) for v in range(256)]
    )
    return dark.resize(size, Image.Resampling.BICUBIC)


def _bloom(image: Image.Image, *, strength: float) -> Image.Image:
    bright = image.resize((max(image.width // 4, 1), max(image.height // 4, 1)), Image.Resampling.BOX).point(
        [max(v - 150, 0) * 2 for v in range(256)] * 3
    )
    soft = blurred(bright, max(min(bright.size) / 22, 1)).resize(image.size, Image.Resampling.BILINEAR)
    return Image.blend(image, ImageChops.screen(image, soft), min(strength * 2, 1.0))


def _depth_of_field(image: Image.Image) -> Image.Image:
    """Blur what is far (the upper part) and the lowest rim; keep the middle ground sharp."""
    soft = blurred(image, max(min(image.size) / 220, 0.8))
    rows = Image.new("L", (1, 64))
    rows.putdata(
        [round(255 * min(max((0.52 - row / 64) / 0.3, (row / 64 - 0.93) / 0.08, 0), 1)) for row in range(64)]
    )
    return Image.composite(soft, image, rows.resize(image.size, Image.Resampling.BICUBIC))


def _graded(image: Image.Image) -> Image.Image:
    """Cool the shadows, warm the lights, and steepen the middle."""

    def curve(lift: float, gain: float) -> list[int]:
        found = []
        for value in range(256):
            share = value / 255
            steep = share * share * (3 - 2 * share) * 0.6 + share * 0.4
            found.append(round(255 * min(max(lift * (1 - share) + steep * gain, 0), 1)))
        return found

    return image.point([*curve(0.0, 1.05), *curve(0.03, 0.98), *curve(0.075, 0.86)])


def _bars(size: tuple[int, int]) -> Image.Image:
    bar = round(size[1] * 0.06)
    mask = Image.new("L", size, 255)
    ImageDraw.Draw(mask).rectangle((0, bar, size[0], size[1] - bar - 1), fill=0)
    return mask
