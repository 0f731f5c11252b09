"""What the sandbox draws: exact sizes, the same bytes for the same order, a mark, and no metadata."""

import io
import itertools
import struct
from dataclasses import replace

import pytest
from PIL import Image, ImageChops, ImageStat
from sandbox.drawing import mark, words
from sandbox.drawing.picture import Order, draw
from sandbox.drawing.scene import PLACES
from sandbox.drawing.styles import LOOKS

ORDER = Order(
    prompt="a red fox in a snowy forest",
    model="sandbox-swift",
    width_px=320,
    height_px=192,
    file_format="png",
)
FORMATS = ("png", "jpeg", "webp")
SIZES = ((64, 64), (65, 97), (336, 144), (144, 336), (2048, 64), (64, 2048))


def drawn(**changes: object) -> Image.Image:
    return Image.open(io.BytesIO(draw(replace(ORDER, **changes)))).convert("RGB")  # type: ignore[arg-type]


def colors_in(image: Image.Image) -> int:
    return len(image.getcolors(maxcolors=image.width * image.height) or [])


def difference(first: Image.Image, second: Image.Image) -> float:
    """Mean difference of a channel, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(first, second)).mean) / 3


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("size", SIZES)
def test_an_image_has_exactly_the_asked_size_and_format(file_format: str, size: tuple[int, int]) -> None:
    content = draw(replace(ORDER, width_px=size[0], height_px=size[1], file_format=file_format))
    image = Image.open(io.BytesIO(content))
    image.load()
    assert (image.size, image.format) == (size, file_format.upper())


@pytest.mark.parametrize("style", LOOKS)
@pytest.mark.parametrize("size", [(97, 65), (300, 170)])
def test_every_style_keeps_the_asked_size(style: str, size: tuple[int, int]) -> None:
    image = drawn(prompt=f"a boat on the sea, {style}", width_px=size[0], height_px=size[1])
    assert image.size == size


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_same_order_is_the_same_bytes(file_format: str) -> None:
    order = replace(ORDER, file_format=file_format, seed=5)
    assert draw(order) == draw(order)


@pytest.mark.parametrize(
    "change",
    [{"prompt": "a red fox in a snowy forest, zyxwv"}, {"model": "sandbox-fine"}, {"seed": 2}, {"index": 1}],
    ids=lambda change: next(iter(change)),
)
def test_another_order_is_another_picture(change: dict[str, object]) -> None:
    assert difference(drawn(), drawn(**change)) > 2


def test_words_decide_what_the_picture_looks_like() -> None:
    prompts = (
        "a red fox in a snowy forest at dawn",
        "neon city in the rain at night",
        "watercolor sailing boat on a calm sea",
        "pixel-art robot on mars",
        "mountain lake under stars",
        "abstract geometry in orange and teal",
        "a lighthouse in a storm",
        "portrait of a cat, line-art",
    )
    pictures = [drawn(prompt=prompt) for prompt in prompts]
    assert min(difference(one, other) for one, other in itertools.combinations(pictures, 2)) > 20


def test_a_night_is_darker_than_a_day() -> None:
    night, day = (drawn(prompt=f"mountains, {time}") for time in ("night", "day"))
    assert ImageStat.Stat(night.convert("L")).mean[0] < ImageStat.Stat(day.convert("L")).mean[0] - 40


def test_a_colour_before_a_thing_is_the_colour_of_the_thing() -> None:
    theme = words.read("a blue boat and a yellow house")
    assert [(s.name, s.color) for s in theme.subjects] == [
        ("boat", words.COLORS["blue"]),
        ("house", words.COLORS["yellow"]),
    ]


@pytest.mark.parametrize(
    ("prompt", "understood"),
    [
        ("two foxes", ("forest", ["fox"])),
        ("an 8 bit Robot on MARS", ("mars", ["robot"])),
        ("wolves, in the city!", ("city", ["wolf"])),
        ("a hot air balloon over the Alps", ("mountains", ["balloon"])),
        ("Still life with a cup", ("still", ["cup"])),
    ],
)
def test_words_are_understood_in_any_form(prompt: str, understood: tuple[str, list[str]]) -> None:
    theme = words.read(prompt)
    assert (theme.setting, [subject.name for subject in theme.subjects]) == understood


def test_words_of_the_negative_prompt_are_left_out() -> None:
    theme = words.read("a fox in the rain", negative_prompt="rain, foxes")
    assert (theme.weather, theme.subjects) == (frozenset(), ())


@pytest.mark.parametrize("prompt", ["qwxz", "日本の山", "!!!", "\x00\ud7ff", "x" * 8000, "🦊"])
def test_words_nobody_knows_make_a_picture_too(prompt: str) -> None:
    assert colors_in(drawn(prompt=prompt)) > 50


def test_every_known_thing_can_be_drawn() -> None:
    assert set(words.SUBJECTS) == set(PLACES)


@pytest.mark.parametrize("name", PLACES)
def test_a_thing_shows_in_the_picture(name: str) -> None:
    shown = drawn(prompt=f"{name} on a meadow by day", width_px=160, height_px=160)
    absent = drawn(prompt=f"{name} on a meadow by day", width_px=160, height_px=160, negative_prompt=name)
    assert difference(shown, absent) > 1


@pytest.mark.parametrize("setting", [*words.SETTINGS, *words.EXTRAS, *words.WEATHER, *words.MOODS])
@pytest.mark.parametrize("style", ["illustration", "line-art"])
def test_every_known_word_can_be_drawn(setting: str, style: str) -> None:
    word = {**words.SETTINGS, **words.EXTRAS, **words.WEATHER, **words.MOODS}[setting].split()[0]
    assert colors_in(drawn(prompt=f"{word} {style}", width_px=96, height_px=96)) > 50


@pytest.mark.parametrize("size", [(64, 64), (512, 512), (1360, 768)])
def test_the_mark_is_readable_in_the_corner(size: tuple[int, int]) -> None:
    image = drawn(width_px=size[0], height_px=size[1])
    box = mark.place(image.size)
    ground, letters = image.crop(box).convert("L").getextrema()
    assert letters - ground > 110


@pytest.mark.parametrize("ground", [(0, 0, 0), (255, 255, 255)])
def test_the_mark_stands_out_on_any_ground(ground: tuple[int, int, int]) -> None:
    plain = Image.new("RGB", (512, 512), ground)
    marked = mark.stamp(plain.copy())
    assert ImageChops.difference(plain, marked).getbbox() == mark.place(plain.size)
    darkest, brightest = marked.crop(mark.place(plain.size)).convert("L").getextrema()
    assert brightest - darkest > 110


def test_a_png_holds_nothing_but_the_picture() -> None:
    content = draw(ORDER)
    kinds, at = [], 8
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        kinds.append(kind)
        at += 12 + length
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}


def test_a_jpeg_holds_no_comment_and_no_exif() -> None:
    content = draw(replace(ORDER, file_format="jpeg"))
    segments, at = [], 2
    while content[at + 1] != 0xDA:
        segments.append(content[at + 1])
        at += 2 + int.from_bytes(content[at + 2 : at + 4])
    # APP1 to APP15 and comments hold metadata; APP0 is JFIF's own header.
    assert not [segment for segment in segments if 0xE1 <= segment <= 0xEF or segment == 0xFE]


def test_a_webp_holds_no_metadata_chunk() -> None:
    content = draw(replace(ORDER, file_format="webp"))
    chunks, at = [], 12
    while at < len(content):
        chunks.append(content[at : at + 4])
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    assert chunks == [b"VP8 "]


def test_an_input_picture_shows_through() -> None:
    halves = Image.new("RGB", (320, 192), (250, 250, 250))
    halves.paste((8, 8, 8), (0, 0, 160, 192))
    image = Image.open(io.BytesIO(draw(replace(ORDER, prompt="abstract"), source=halves))).convert("L")
    left, right = (ImageStat.Stat(image.crop((x, 20, x + 120, 150))).mean[0] for x in (20, 180))
    assert right - left > 60


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16"])
def test_an_input_picture_of_any_mode_is_taken(mode: str) -> None:
    assert len(draw(ORDER, source=Image.new(mode, (50, 90)))) > 1000
