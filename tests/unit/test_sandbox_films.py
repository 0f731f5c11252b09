"""What the sandbox films: exact sizes and lengths, the same order the same bytes, movement, and a mark."""

import io
import itertools
import random
from dataclasses import replace

import av
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat
from sandbox.drawing import mark
from sandbox.drawing.styles import LOOKS
from sandbox.filming import camera
from sandbox.filming.film import FilmOrder, shoot

ORDER = FilmOrder(
    prompt="a red fox in the snow", model="sandbox-swift", width_px=192, height_px=108, duration_s=1
)
# Every setting, every way of moving, everything that falls, and words nobody knows.
PROMPTS = (
    "a red fox in the snow",
    "a lighthouse on a cliff at dawn",
    "a city at night in the rain",
    "a sailing boat at sunset",
    "a ship in a storm at sea",
    "an astronaut in space",
    "a whale underwater",
    "abstract geometry",
    "portrait of a cat",
    "a mountain lake under stars",
    "a deer in a foggy forest",
    "sakura petals around a temple",
    "a palm on a beach",
    "a cup of coffee, still life",
    "a robot on mars",
    "storybook mushrooms in a forest",
    "penguins on the ice",
    "qwxz",
)


def filmed(*, first_frame: Image.Image | None = None, **changes: object) -> bytes:
    return shoot(replace(ORDER, **changes), first_frame=first_frame)  # type: ignore[arg-type] # by name


def frames_of(content: bytes) -> list[Image.Image]:
    with av.open(io.BytesIO(content)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def difference(first: Image.Image, second: Image.Image) -> float:
    """Mean difference of a channel, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(first, second)).mean) / 3


def boxes(content: bytes, *, path: tuple[bytes, ...] = ()) -> list[bytes]:
    """Names of the boxes of an MP4 at a path, in their order."""
    at, names = 0, []
    while at < len(content):
        size, name = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        if path and name == path[0]:
            return boxes(content[at + 8 : at + size], path=path[1:])
        names.append(name)
        at += size
    return names


def picture() -> Image.Image:
    """A first frame whose quarters have colours of their own."""
    image = Image.new("RGB", (640, 360), (200, 60, 40))
    draw = ImageDraw.Draw(image)
    draw.rectangle((320, 0, 640, 180), fill=(40, 160, 70))
    draw.rectangle((0, 180, 320, 360), fill=(40, 70, 190))
    draw.rectangle((320, 180, 640, 360), fill=(230, 220, 60))
    return image


@pytest.mark.parametrize(
    ("size", "duration_s"), [((192, 108), 1), ((108, 192), 2), ((64, 64), 3), ((322, 182), 1)]
)
def test_a_film_has_exactly_the_asked_size_and_length(size: tuple[int, int], duration_s: int) -> None:
    content = filmed(width_px=size[0], height_px=size[1], duration_s=duration_s)
    with av.open(io.BytesIO(content)) as container:
        (stream,) = container.streams
        assert container.duration == duration_s * av.time_base
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        frames = list(container.decode(video=0))
    assert {(frame.width, frame.height) for frame in frames} == {size}
    assert [frame.time for frame in frames] == pytest.approx([n / 24 for n in range(duration_s * 24)])


def test_a_film_in_full_hd_is_made_too() -> None:
    with av.open(io.BytesIO(filmed(width_px=1920, height_px=1080))) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (1920, 1080)


def test_a_film_plays_while_it_loads() -> None:
    assert boxes(filmed())[:2] == [b"ftyp", b"moov"]


def test_a_film_names_no_tool() -> None:
    content = filmed()
    assert not [word for word in (b"x264", b"Lavf", b"Lavc", b"lib", b"videolan") if word in content]


def test_a_film_is_marked_with_the_colours_it_is_in() -> None:
    with av.open(io.BytesIO(filmed())) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
        assert context.color_range == 1


@pytest.mark.parametrize("prompt", ["a red fox in the snow", "a ship in a storm at sea, watercolour"])
def test_the_same_order_is_the_same_bytes(prompt: str) -> None:
    assert filmed(prompt=prompt, seed=5) == filmed(prompt=prompt, seed=5)


def test_the_same_first_frame_is_the_same_bytes() -> None:
    assert filmed(first_frame=picture()) == filmed(first_frame=picture())


@pytest.mark.parametrize(
    "change",
    [{"prompt": "a red fox in the snow, zyxwv"}, {"model": "sandbox-fine"}, {"seed": 2}],
    ids=lambda change: next(iter(change)),
)
def test_another_order_is_another_film(change: dict[str, object]) -> None:
    assert difference(frames_of(filmed())[0], frames_of(filmed(**change))[0]) > 2


def test_the_negative_prompt_changes_the_film() -> None:
    assert difference(frames_of(filmed())[0], frames_of(filmed(negative_prompt="fox"))[0]) > 2


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_film_moves_from_frame_to_frame(prompt: str) -> None:
    frames = frames_of(filmed(prompt=prompt))
    assert difference(frames[0], frames[-1]) > 1
    assert all(first.tobytes() != second.tobytes() for first, second in itertools.pairwise(frames))


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_film_never_jumps(prompt: str) -> None:
    frames = frames_of(filmed(prompt=prompt))
    steps = [difference(first, second) for first, second in itertools.pairwise(frames)]
    # Rain changes the most from one frame to the next, a cut would change several times as much.
    assert max(steps) < 12


@pytest.mark.parametrize("style", LOOKS)
def test_every_style_can_be_filmed(style: str) -> None:
    frame = frames_of(filmed(prompt=f"a boat on the sea, {style}"))[12]
    assert len(frame.getcolors(maxcolors=192 * 108) or []) > 50


def test_snow_falls() -> None:
    frames = frames_of(filmed(prompt="snow at night"))
    still = frames_of(filmed(prompt="night", negative_prompt="snow"))
    assert difference(frames[3], frames[5]) > difference(still[3], still[5]) * 1.5


def test_the_first_frame_is_the_given_picture() -> None:
    first = frames_of(filmed(prompt="rain and snow at night", first_frame=picture()))[0]
    assert difference(first, picture().resize((192, 108))) < 4


def test_a_film_leaves_the_given_picture() -> None:
    last = frames_of(filmed(first_frame=picture(), duration_s=2))[-1]
    assert difference(last, picture().resize((192, 108))) > 2


@pytest.mark.parametrize("size", [(300, 90), (90, 300), (10, 10)])
def test_a_first_frame_of_another_shape_fills_the_frame(size: tuple[int, int]) -> None:
    frame = frames_of(filmed(first_frame=Image.new("RGB", size, (200, 60, 40))))[0]
    for corner in ((2, 2), (189, 2), (2, 105)):
        assert frame.getpixel(corner) == pytest.approx((200, 60, 40), abs=12)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16"])
def test_a_first_frame_of_any_mode_is_taken(mode: str) -> None:
    assert len(frames_of(filmed(first_frame=Image.new(mode, (50, 90))))) == 24


@pytest.mark.parametrize("size", [(192, 108), (642, 362)])
@pytest.mark.parametrize("ground", [(0, 0, 0), (255, 255, 255)])
def test_the_mark_is_readable_in_every_frame(size: tuple[int, int], ground: tuple[int, int, int]) -> None:
    content = filmed(
        prompt="plain", width_px=size[0], height_px=size[1], first_frame=Image.new("RGB", (64, 64), ground)
    )
    frames = frames_of(content)
    for frame in (frames[0], frames[-1]):
        darkest, brightest = frame.crop(mark.place(size)).convert("L").getextrema()
        assert brightest - darkest > 80


@pytest.mark.parametrize("seed", range(40))
def test_the_camera_never_leaves_the_world(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same chances in every run
    way = camera.choose(chance, first_frame=seed % 3 == 0)
    for depth in (0.0, 0.5, 1.0):
        for step in range(25):
            left, top, right, bottom = camera.box_of(way.sees(depth, step / 24), (1408, 792))
            assert 0 <= left < right <= 1408
            assert 0 <= top < bottom <= 792


def test_what_is_far_moves_less_than_what_is_near() -> None:
    way = camera.Camera((1.0, 0.0, 0.0), (0.8, 0.05, 0.0))
    far, near = way.sees(0.0, 1.0), way.sees(1.0, 1.0)
    assert 1 - far[0] < 1 - near[0]
    assert abs(far[1]) < abs(near[1])
