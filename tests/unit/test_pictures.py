"""Picture files by their bytes: metadata goes, pixels stay, and anything else is refused as no picture."""

import contextlib
import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from corent.core.colour_profiles import without_words
from corent.core.pictures import PIXELS_MAX, NotAPictureError, clean_picture, media_type
from corent.core.tiers import ImageFormat
from tests.pictures import encoded, png, png_chunk

CANARY = b"canary-a1b2c3"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segment(jpeg: bytes, segment: bytes) -> bytes:
    """The JPEG with something right after its beginning."""
    return jpeg[:2] + segment + jpeg[2:]


def before_last_scan(jpeg: bytes, segment: bytes) -> bytes:
    scan = jpeg.rindex(b"\xff\xda")
    return jpeg[:scan] + segment + jpeg[scan:]


def webp_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body + bytes(len(body) & 1)


def webp(*chunks: bytes) -> bytes:
    body = b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def png_as(mode: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((48, 32)).convert(mode).save(out, format="PNG", **options)
    return out.getvalue()


def exif() -> bytes:
    made = Image.Exif()
    made[0x010E] = CANARY.decode()
    return made.tobytes()


VP8X_ALL = webp_chunk(b"VP8X", bytes([0b0010_1100]) + bytes(3) + bytes([63, 0, 0]) + bytes([31, 0, 0]))
BASELINE = encoded("JPEG", size=(64, 32))
LOSSY = encoded("WEBP", size=(64, 32))
LOSSLESS = encoded("WEBP", size=(64, 32), lossless=True)
CLEAN = {
    "png": (png(64, 32), ImageFormat.PNG, (64, 32)),
    "png palette": (png_as("P"), ImageFormat.PNG, (48, 32)),
    "png alpha": (png_as("RGBA"), ImageFormat.PNG, (48, 32)),
    "png one bit": (png_as("1"), ImageFormat.PNG, (48, 32)),
    "png profile": (png_as("RGB", icc_profile=PROFILE), ImageFormat.PNG, (48, 32)),
    "png transparency": (png_as("L", transparency=7), ImageFormat.PNG, (48, 32)),
    "jpeg baseline": (BASELINE, ImageFormat.JPEG, (64, 32)),
    "jpeg progressive": (encoded("JPEG", size=(33, 70), progressive=True), ImageFormat.JPEG, (33, 70)),
    "jpeg restarts": (encoded("JPEG", size=(64, 64), restart_marker_blocks=1), ImageFormat.JPEG, (64, 64)),
    "jpeg fill bytes": (BASELINE[:2] + b"\xff\xff\xff" + BASELINE[2:], ImageFormat.JPEG, (64, 32)),
    "jpeg fill before end": (BASELINE[:-2] + b"\xff\xff" + BASELINE[-2:], ImageFormat.JPEG, (64, 32)),
    "jpeg two appended": (BASELINE + encoded("JPEG", size=(16, 16)), ImageFormat.JPEG, (64, 32)),
    "jpeg profile": (encoded("JPEG", size=(64, 32), icc_profile=PROFILE), ImageFormat.JPEG, (64, 32)),
    "webp lossy": (LOSSY, ImageFormat.WEBP, (64, 32)),
    "webp lossless": (LOSSLESS, ImageFormat.WEBP, (64, 32)),
    "webp odd sides": (encoded("WEBP", size=(63, 31)), ImageFormat.WEBP, (63, 31)),
    "webp extended": (
        encoded("WEBP", size=(64, 32), exif=exif(), xmp=b"<x/>", icc_profile=PROFILE),
        ImageFormat.WEBP,
        (64, 32),
    ),
}
CARRYING = {
    **{
        f"png {name.decode()}": png(64, 32, extra=png_chunk(name, b"parameters\0" + CANARY))
        for name in (b"tEXt", b"iTXt", b"eXIf", b"caBX", b"tIME", b"prVt", b"dSIG")
    },
    "png zTXt": png(64, 32, extra=png_chunk(b"zTXt", b"parameters\0\0" + zlib.compress(CANARY, 0))),
    "png written by a tool": png_as("RGB", exif=exif()),
    "png after its end": png(64, 32) + CANARY,
    **{
        f"jpeg APP{number}": with_segment(BASELINE, jpeg_segment(0xE0 + number, b"Exif\0\0" + CANARY))
        for number in range(16)
    },
    "jpeg comment": encoded("JPEG", size=(64, 32), comment=CANARY),
    "jpeg comment between scans": before_last_scan(CLEAN["jpeg progressive"][0], jpeg_segment(0xFE, CANARY)),
    "jpeg exif": encoded("JPEG", size=(64, 32), exif=exif()),
    "jpeg after its end": BASELINE + CANARY,
    "jpeg in a second file": BASELINE + with_segment(BASELINE, jpeg_segment(0xE1, CANARY)),
    "webp exif": encoded("WEBP", size=(64, 32), exif=exif()),
    "webp xmp": encoded("WEBP", size=(64, 32), xmp=CANARY),
    "webp unknown": webp(VP8X_ALL, webp_chunk(b"C2PA", CANARY), LOSSY[12:], webp_chunk(b"zzzz", CANARY)),
    "webp unknown without a header": webp(LOSSLESS[12:], webp_chunk(b"EXIF", CANARY)),
    "webp after its end": LOSSY + CANARY,
}


def pixels(content: bytes) -> tuple[str, tuple[int, int], bytes]:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return image.mode, image.size, image.convert("RGBA").tobytes()


@pytest.mark.parametrize("name", CLEAN)
def test_format_and_size_are_read_from_the_bytes(name: str) -> None:
    content, image_format, size = CLEAN[name]
    picture = clean_picture(content)
    assert (picture.format, (picture.width_px, picture.height_px)) == (image_format, size)


@pytest.mark.parametrize("content", [*[row[0] for row in CLEAN.values()], *CARRYING.values()])
def test_the_pixels_stay_as_they_were(content: bytes) -> None:
    assert pixels(clean_picture(content).content) == pixels(content)


@pytest.mark.parametrize("name", CARRYING)
def test_metadata_is_gone(name: str) -> None:
    assert CANARY in CARRYING[name]
    assert CANARY not in clean_picture(CARRYING[name]).content


@pytest.mark.parametrize("content", [*[row[0] for row in CLEAN.values()], *CARRYING.values()])
def test_a_clean_picture_is_clean_already(content: bytes) -> None:
    once = clean_picture(content)
    assert clean_picture(once.content) == once


@pytest.mark.parametrize("name", ["png profile", "jpeg profile", "webp extended"])
def test_the_colour_profile_is_kept(name: str) -> None:
    with Image.open(io.BytesIO(clean_picture(CLEAN[name][0]).content)) as image:
        assert image.info["icc_profile"] == without_words(PROFILE)


def test_an_extended_webp_no_longer_announces_what_was_taken_out() -> None:
    content = clean_picture(CLEAN["webp extended"][0]).content
    assert content[12:16] == b"VP8X"
    assert content[20] & 0x0C == 0


@pytest.mark.parametrize("image_format", ImageFormat)
def test_media_types_are_the_formats_own(image_format: ImageFormat) -> None:
    assert media_type(image_format) == f"image/{image_format}"


# ---- What is no picture ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLEAN)
def test_a_file_cut_off_anywhere_is_no_picture(name: str) -> None:
    content = CLEAN[name][0]
    end = len(clean_end(content))
    taken = [length for length in range(end) if is_picture(content[:length])]
    assert taken == []


def clean_end(content: bytes) -> bytes:
    """The file without what was appended to it."""
    return BASELINE if content.startswith(BASELINE) else content


def is_picture(content: bytes) -> bool:
    try:
        clean_picture(content)
    except NotAPictureError:
        return False
    return True


def ihdr(width: int, height: int) -> bytes:
    return png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


MAGIC = b"\x89PNG\r\n\x1a\n"
IDAT, IEND = png_chunk(b"IDAT", zlib.compress(b"\0\0")), png_chunk(b"IEND", b"")
HUGE_FRAME = webp_chunk(b"VP8L", b"\x2f\xff\xff\xff\x0f" + bytes(9))
HOSTILE = {
    "nothing": b"",
    "html": b"<!doctype html><html><script>alert(1)</script></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "gif": b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;",
    "json": b'{"error": {"code": "unauthorized"}}',
    "html after png magic": MAGIC + b"<html>" * 10,
    "html after jpeg magic": b"\xff\xd8\xff\xe0" + b"<html>" * 10,
    "html after webp magic": b"RIFF\x40\0\0\0WEBP" + b"<html>" * 12,
    "avif": b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf",
    "png bomb": MAGIC + ihdr(100_000, 100_000) + IDAT + IEND,
    "png bomb by one": MAGIC + ihdr(PIXELS_MAX + 1, 1) + IDAT + IEND,
    "png of no width": MAGIC + ihdr(0, 5) + IDAT + IEND,
    "png without data": MAGIC + ihdr(1, 1) + IEND,
    "png that begins with text": MAGIC + png_chunk(b"tEXt", b"\0\0\0\x05" * 4) + ihdr(1, 1) + IDAT + IEND,
    "png with a short header": MAGIC + png_chunk(b"IHDR", b"\0\0\0\x05") + IDAT + IEND,
    "jpeg bomb": BASELINE.replace(struct.pack(">HH", 32, 64), b"\xff\xff\xff\xff", 1),
    "jpeg of no height": BASELINE.replace(struct.pack(">HH", 32, 64), b"\0\0\0\x40", 1),
    "jpeg without frame": b"\xff\xd8" + jpeg_segment(0xE0, b"JFIF\0") + b"\xff\xd9",
    "jpeg without scan": b"\xff\xd8" + jpeg_segment(0xC0, b"\x08\0\x20\0\x40\x01\x01\x11\0") + b"\xff\xd9",
    "webp without data": webp(webp_chunk(b"EXIF", CANARY)),
    "webp of a header alone": webp(VP8X_ALL),
    "webp bomb in its header": webp(webp_chunk(b"VP8X", bytes(4) + b"\xff" * 6), LOSSY[12:]),
    "webp bomb in its frame": webp(HUGE_FRAME),
    "webp bomb behind a small header": webp(VP8X_ALL, HUGE_FRAME),
    "webp with a short header": webp(webp_chunk(b"VP8X", b"\0"), LOSSY[12:]),
    "webp with a short lossless frame": webp(webp_chunk(b"VP8L", b"\x2f")),
    "webp with a short lossy frame": webp(webp_chunk(b"VP8 ", b"\0\0\0\x9d\x01\x2a")),
    "webp without start code": webp(webp_chunk(b"VP8 ", bytes(20))),
    "webp chunk beyond its end": b"RIFF" + struct.pack("<I", 30) + b"WEBP" + LOSSY[12:],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_anything_else_is_no_picture(name: str) -> None:
    with pytest.raises(NotAPictureError):
        clean_picture(HOSTILE[name])


def test_the_largest_picture_is_taken() -> None:
    picture = clean_picture(MAGIC + ihdr(PIXELS_MAX, 1) + IDAT + IEND)
    assert picture.width_px == PIXELS_MAX


SEEDS = [row[0] for row in CLEAN.values()] + list(CARRYING.values())


@given(data=st.data())
@settings(max_examples=1_500, deadline=None)
def test_mutated_pictures_are_cleaned_or_refused_and_nothing_else(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        end = min(len(content), place + data.draw(st.integers(0, 8)))
        content[place:end] = data.draw(st.binary(max_size=8))
        content = content or bytearray(b"\0")
    with contextlib.suppress(NotAPictureError):
        picture = clean_picture(bytes(content))
        assert 0 < picture.width_px * picture.height_px <= PIXELS_MAX
        assert len(picture.content) <= len(content) + 4


@given(start=st.sampled_from([MAGIC, b"\xff\xd8\xff", b"RIFF\xff\0\0\0WEBP"]), rest=st.binary(max_size=300))
@settings(max_examples=1_500, deadline=None)
def test_bytes_behind_a_good_beginning_are_cleaned_or_refused(start: bytes, rest: bytes) -> None:
    with contextlib.suppress(NotAPictureError):
        assert clean_picture(start + rest).width_px > 0
