"""Picture files judged by their bytes alone: format, size, and the metadata taken out.

Nothing is decoded or re-encoded: PNG and WebP lose chunks, JPEG loses segments. Sources: PNG (W3C, third
edition), JPEG (ITU T.81) and JFIF, WebP container specification (Google), all read 2026-11.
"""

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from corent.core.colour_profiles import PROFILE_BYTES_MAX, without_words
from corent.core.tiers import ImageFormat

PIXELS_MAX: Final = 64_000_000

_PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
# What is needed to show the picture; text, time, Exif and provenance chunks are not.
_PNG_KEPT: Final = frozenset(
    {
        b"IHDR",
        b"PLTE",
        b"IDAT",
        b"IEND",
        b"tRNS",
        b"gAMA",
        b"cHRM",
        b"sRGB",
        b"iCCP",
        b"cICP",
        b"sBIT",
        b"pHYs",
    }
)
_WEBP_KEPT: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"})
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04
_WEBP_HEADER_BYTES: Final = 10
_JPEG_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_JPEG_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
# One segment of one: a profile in several is rare and is left out.
_JPEG_WHOLE_PROFILE: Final = b"ICC_PROFILE\0\x01\x01"
_JPEG_APP0, _JPEG_APP2, _JPEG_APP14, _JPEG_APP15, _JPEG_COMMENT = 0xE0, 0xE2, 0xEE, 0xEF, 0xFE


class NotAPictureError(Exception):
    """The bytes are not a whole PNG, JPEG or WebP. The text is for operators only."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file without metadata."""

    content: bytes
    format: ImageFormat
    width_px: int
    height_px: int


def media_type(image_format: ImageFormat) -> str:
    return f"image/{image_format.value}"


def clean_picture(content: bytes) -> Picture:
    """The same picture without metadata. Raises NotAPictureError for anything else than a whole picture."""
    try:
        if content.startswith(_PNG_MAGIC):
            return _checked(_clean_png(content))
        if content.startswith(b"\xff\xd8\xff"):
            return _checked(_clean_jpeg(content))
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _checked(_clean_webp(content))
    except (struct.error, IndexError) as error:
        raise NotAPictureError("ends too early") from error
    raise NotAPictureError(f"begins with {content[:8]!r}")


def _checked(picture: Picture) -> Picture:
    if not 0 < picture.width_px * picture.height_px <= PIXELS_MAX:
        raise NotAPictureError(f"has {picture.width_px} x {picture.height_px} pixels")
    return picture


def _clean_png(content: bytes) -> Picture:
    kept = [_PNG_MAGIC]
    length, name, width_px, height_px = struct.unpack(">I4sII", content[8:24])
    if (length, name) != (13, b"IHDR"):
        raise NotAPictureError("a PNG does not begin with its header")
    place = len(_PNG_MAGIC)
    seen = set()
    while True:
        length, name = struct.unpack(">I4s", content[place : place + 8])
        end = place + 12 + length
        if end > len(content):
            raise NotAPictureError("a PNG chunk is cut off")
        if name == b"iCCP":
            kept.append(_png_profile(content[place + 8 : end - 4]))
        elif name in _PNG_KEPT:
            kept.append(content[place:end])
        seen.add(name)
        place = end
        if name == b"IEND":
            break
    if b"IDAT" not in seen:
        raise NotAPictureError("a PNG without picture data")
    return Picture(content=b"".join(kept), format=ImageFormat.PNG, width_px=width_px, height_px=height_px)


def _png_profile(body: bytes) -> bytes:
    """The colour profile's chunk under a neutral name and without words; nothing where it is not whole."""
    _, _, packed = body.partition(b"\0")
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(packed[1:], PROFILE_BYTES_MAX)
    except zlib.error:
        return b""
    blanked = without_words(profile) if unpacker.eof else None
    if blanked is None:
        return b""
    chunk = b"iCCPicc\0\0" + zlib.compress(blanked)
    return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))


def _clean_jpeg(content: bytes) -> Picture:
    kept = [b"\xff\xd8"]
    place = 2
    size: tuple[int, int] | None = None
    scanned = False
    while True:
        if content[place] != 0xFF:
            raise NotAPictureError("a JPEG segment does not begin where it should")
        marker = content[place + 1]
        if marker == 0xFF:  # Fill byte.
            place += 1
            continue
        if marker == 0xD9:
            break
        (length,) = struct.unpack(">H", content[place + 2 : place + 4])
        end = place + 2 + length
        if marker == 0xDA:
            # The picture's data runs to the next marker that is neither stuffing nor a restart.
            following = _JPEG_MARKER.search(content, end)
            if following is None:
                raise NotAPictureError("a JPEG is cut off")
            end = following.start()
            scanned = True
        if end > len(content):
            raise NotAPictureError("a JPEG segment is cut off")
        if marker in _JPEG_FRAMES:
            height_px, width_px = struct.unpack(">HH", content[place + 5 : place + 9])
            size = (width_px, height_px)
        if marker == _JPEG_APP2:
            kept.append(_jpeg_profile(content[place + 4 : end]))
        elif _is_kept_segment(marker, content[place + 4 : end]):
            kept.append(content[place:end])
        place = end
    if size is None or not scanned:
        raise NotAPictureError("a JPEG without picture data")
    kept.append(b"\xff\xd9")
    return Picture(content=b"".join(kept), format=ImageFormat.JPEG, width_px=size[0], height_px=size[1])


def _jpeg_profile(body: bytes) -> bytes:
    """The colour profile's segment without words; nothing for one in several parts, or for anything else."""
    if not body.startswith(_JPEG_WHOLE_PROFILE):
        return b""
    blanked = without_words(body[len(_JPEG_WHOLE_PROFILE) :])
    if blanked is None:
        return b""
    segment = _JPEG_WHOLE_PROFILE + blanked
    return bytes([0xFF, _JPEG_APP2]) + struct.pack(">H", len(segment) + 2) + segment


def _is_kept_segment(marker: int, body: bytes) -> bool:
    """Application segments go, but for what decoders need: JFIF and Adobe's transform."""
    if marker == _JPEG_COMMENT:
        return False
    if not _JPEG_APP0 <= marker <= _JPEG_APP15:
        return True
    return (marker == _JPEG_APP0 and body.startswith(b"JFIF\0")) or (
        marker == _JPEG_APP14 and body.startswith(b"Adobe")
    )


def _clean_webp(content: bytes) -> Picture:
    (riff_length,) = struct.unpack("<I", content[4:8])
    if riff_length + 8 > len(content):
        raise NotAPictureError("a WebP is cut off")
    kept = []
    place = 12
    size: tuple[int, int] | None = None
    seen = set()
    riff_end = riff_length + 8
    while place < riff_end:
        name, length = struct.unpack("<4sI", content[place : place + 8])
        end = place + 8 + length + (length & 1)
        body = content[place + 8 : place + 8 + length]
        if place + 8 + length > riff_end:
            raise NotAPictureError("a WebP chunk is cut off")
        seen.add(name)
        if name == b"VP8X":
            if length < _WEBP_HEADER_BYTES:
                raise NotAPictureError("a WebP header is cut off")
            size = (1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little"))
            flags = bytes([body[0] & ~(_WEBP_EXIF | _WEBP_XMP)])
            kept.append(struct.pack("<4sI", name, length) + flags + body[1:])
        elif name == b"ICCP":
            blanked = without_words(body)
            if blanked is None:
                raise NotAPictureError("a WebP colour profile is not whole")
            kept.append(content[place : place + 8] + blanked + bytes(length & 1))
        elif name in _WEBP_KEPT:
            kept.append(content[place:end])
            frame_size = _webp_frame_size(name, body)
            size = size or frame_size
            if frame_size not in (None, size):
                raise NotAPictureError("a WebP frame of another size than its header says")
        place = end
    if size is None or not seen & {b"VP8 ", b"VP8L", b"ANMF"}:
        raise NotAPictureError("a WebP without picture data")
    chunks = b"".join(kept)
    header = b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP"
    return Picture(content=header + chunks, format=ImageFormat.WEBP, width_px=size[0], height_px=size[1])


def _webp_frame_size(name: bytes, body: bytes) -> tuple[int, int] | None:
    if name == b"VP8 ":
        if body[3:6] != b"\x9d\x01\x2a":
            raise NotAPictureError("a WebP frame without its start code")
        width_px, height_px = struct.unpack("<HH", body[6:10])
        return width_px & 0x3FFF, height_px & 0x3FFF
    if name == b"VP8L":
        if body[0] != 0x2F:
            raise NotAPictureError("a lossless WebP frame without its signature")
        (bits,) = struct.unpack("<I", body[1:5])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None
