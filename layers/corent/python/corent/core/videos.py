"""Video files judged by their bytes alone: length, size, and the metadata taken out.

Nothing is decoded and nothing is moved. An MP4 says by distance from the file's beginning where its pictures
lie, so what goes is overwritten: boxes that no player needs become `free` boxes of zeros, words inside boxes
that stay become zeros. What an encoder wrote into the streams themselves stays. Sources: ISO/IEC 14496-12
(boxes, headers, sample entries, free space), 14496-15 (codecs in them), the AV1 and VP9 bindings, and the
QuickTime File Format where its boxes differ, read 2026-11.
"""

import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from corent.core.colour_profiles import without_words

MEDIA_TYPE: Final = "video/mp4"
SIDE_MAX_PX: Final = 16_384
# A minute in fragments of one frame each needs fewer.
BOXES_MAX: Final = 50_000

_FILE, _ENTRY = b"", b"sample entry"
# What is needed to play: by container, the boxes that stay. Containers only hold others, so depth is bounded.
_KEPT: Final = {
    _FILE: frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"sidx", b"mfra"}),
    b"moov": frozenset({b"mvhd", b"trak", b"mvex"}),
    b"mvex": frozenset({b"mehd", b"trex"}),
    b"trak": frozenset({b"tkhd", b"edts", b"mdia"}),
    b"edts": frozenset({b"elst"}),
    b"mdia": frozenset({b"mdhd", b"hdlr", b"minf"}),
    b"minf": frozenset({b"vmhd", b"smhd", b"dinf", b"stbl"}),
    b"dinf": frozenset({b"dref"}),
    b"stbl": frozenset(
        {
            b"stsd",
            b"stts",
            b"ctts",
            b"cslg",
            b"stss",
            b"stsc",
            b"stsz",
            b"stz2",
            b"stco",
            b"co64",
            b"sdtp",
            b"sbgp",
            b"sgpd",
        }
    ),
    b"moof": frozenset({b"mfhd", b"traf"}),
    b"traf": frozenset({b"tfhd", b"tfdt", b"trun", b"sdtp", b"sbgp", b"sgpd"}),
    b"mfra": frozenset({b"tfra", b"mfro"}),
    _ENTRY: frozenset(
        {
            b"avcC",
            b"hvcC",
            b"av1C",
            b"vpcC",
            b"dvcC",
            b"dvvC",
            b"colr",
            b"pasp",
            b"clap",
            b"fiel",
            b"btrt",
            b"mdcv",
            b"clli",
            b"SmDm",
            b"CoLL",
            b"esds",
            b"wave",
            b"chan",
            b"chnl",
            b"srat",
            b"dOps",
            b"dfLa",
            b"dac3",
            b"dec3",
        }
    ),
}
_VIDEO_ENTRIES: Final = frozenset({b"avc1", b"avc3", b"hvc1", b"hev1", b"av01", b"vp09"})
_VIDEO, _SOUND = b"vide", b"soun"
_VIDEO_FIELDS_BYTES, _SOUND_FIELDS_BYTES = 78, 28
# QuickTime's longer sound descriptions, by their version.
_SOUND_EXTRA_BYTES: Final = {0: 0, 1: 16, 2: 36}
_SELF_CONTAINED: Final = 1


class NotAVideoError(Exception):
    """The bytes are not a whole MP4 with a video that browsers play. The text is for operators only."""


@dataclass(frozen=True, slots=True)
class Video:
    """An MP4 file without metadata, as large as it is shown."""

    content: bytes
    width_px: int
    height_px: int
    duration_ms: int


def clean_video(content: bytes) -> Video:
    """The same video without metadata. Raises NotAVideoError for anything else than a whole MP4."""
    if content[4:8] != b"ftyp":
        raise NotAVideoError(f"begins with {content[:12]!r}")
    cleaning = _Cleaning(content)
    try:
        return cleaning.video()
    except (struct.error, IndexError) as error:
        raise NotAVideoError("a box ends too early") from error


@dataclass(frozen=True, slots=True)
class _Box:
    """One box where it lies: what is written to its name or body is written to the file."""

    name: memoryview
    body: memoryview

    def free(self) -> None:
        self.name[:] = b"free"
        _blank(self.body)


class _Cleaning:
    """One file on its way. Writes through memoryviews, which refuse to change a length."""

    def __init__(self, content: bytes) -> None:
        self._file = memoryview(bytearray(content))
        self._boxes_left = BOXES_MAX

    def video(self) -> Video:
        found = self._keep(self._file, container=_FILE)
        _only(found, b"ftyp")
        _only(found, b"moov")
        if not found[b"mdat"]:
            raise NotAVideoError("has no media data")
        duration_ms = _duration_ms(found)
        sizes = [self._track(trak, in_fragments=bool(found[b"mvex"])) for trak in found[b"trak"]]
        shown = next((size for size in sizes if size is not None), None)
        if shown is None:
            raise NotAVideoError("has no video track of a known codec")
        width_px, height_px = shown
        if not (0 < width_px <= SIDE_MAX_PX and 0 < height_px <= SIDE_MAX_PX):
            raise NotAVideoError(f"has {width_px} x {height_px} pixels")
        return Video(
            content=self._file.tobytes(), width_px=width_px, height_px=height_px, duration_ms=duration_ms
        )

    def _keep(self, place: memoryview, *, container: bytes) -> dict[bytes, list[_Box]]:
        """Free what `container` need not hold; answer what stays, at any depth but inside tracks, by name."""
        found: dict[bytes, list[_Box]] = defaultdict(list)
        for box in self._boxes(place, outermost=container == _FILE):
            name = bytes(box.name)
            if name not in _KEPT[container]:
                box.free()
                continue
            found[name].append(box)
            if name in _KEPT and name != b"trak":
                for inner, boxes in self._keep(box.body, container=name).items():
                    found[inner] += boxes
        return found

    def _boxes(self, place: memoryview, *, outermost: bool = False) -> Iterator[_Box]:
        start = 0
        while len(place) - start >= 8:
            self._boxes_left -= 1
            if self._boxes_left < 0:
                raise NotAVideoError("has too many boxes")
            (size,) = struct.unpack_from(">I", place, start)
            header = 8
            if size == 1:
                (size,) = struct.unpack_from(">Q", place, start + 8)
                header = 16
            elif size == 0 and outermost:
                size = len(place) - start
            if not header <= size <= len(place) - start:
                raise NotAVideoError("a box does not fit where it lies")
            yield _Box(name=place[start + 4 : start + 8], body=place[start + header : start + size])
            start += size
        # QuickTime ends some lists with a zero; anything else is a box that was cut off.
        if any(place[start:]):
            raise NotAVideoError("bytes that are no box")

    def _track(self, trak: _Box, *, in_fragments: bool) -> tuple[int, int] | None:
        """Clean a track of video or sound and free any other; answer the size at which a video is shown."""
        found = self._keep(trak.body, container=b"trak")
        header, media, handler = (_only(found, name) for name in (b"tkhd", b"mdhd", b"hdlr"))
        kind = bytes(handler[8:12])
        entry_size = self._entries(_only(found, b"stsd"), kind=kind)
        if entry_size is None:
            trak.free()
            return None
        _blank_times(header)
        _blank_times(media)
        _blank(handler[12:])  # QuickTime's manufacturer, and the handler's name.
        self._check_references(_only(found, b"dref"))
        if not in_fragments:
            self._check_chunks(found)
        return _shown(header, entry_size=entry_size) if kind == _VIDEO else None

    def _entries(self, descriptions: memoryview, *, kind: bytes) -> tuple[int, int] | None:
        """Clean a track's sample entries; answer the size they give, or None for a track of no use."""
        entries = list(self._boxes(descriptions[8:]))
        (count,) = struct.unpack_from(">I", descriptions, 4)
        if len(entries) != count or not entries:
            raise NotAVideoError("a track with another number of sample entries than it says")
        if kind == _VIDEO and all(bytes(entry.name) in _VIDEO_ENTRIES for entry in entries):
            for entry in entries:
                _blank(entry.body[8:24])  # QuickTime's vendor.
                _blank(entry.body[42:74])  # The compressor's name.
                self._keep_in_entry(entry.body, fields_bytes=_VIDEO_FIELDS_BYTES)
            width_px, height_px = struct.unpack_from(">HH", entries[0].body, 24)
            return width_px, height_px
        if kind == _SOUND:
            # In version 1 of the box itself, version 1 of an entry is ISO's own and no longer.
            longer = _SOUND_EXTRA_BYTES if descriptions[0] == 0 else {}
            for entry in entries:
                (version,) = struct.unpack_from(">H", entry.body, 8)
                _blank(entry.body[10:16])  # QuickTime's revision and vendor.
                self._keep_in_entry(entry.body, fields_bytes=_SOUND_FIELDS_BYTES + longer.get(version, 0))
            return 0, 0
        return None

    def _keep_in_entry(self, entry: memoryview, *, fields_bytes: int) -> None:
        if len(entry) < fields_bytes:
            raise NotAVideoError("a sample entry is cut off")
        for box in self._keep(entry[fields_bytes:], container=_ENTRY)[b"colr"]:
            if bytes(box.body[:4]) in {b"prof", b"rICC"}:
                blanked = without_words(bytes(box.body[4:]))
                if blanked is None:
                    box.free()
                else:
                    box.body[4:] = blanked

    def _check_references(self, references: memoryview) -> None:
        """A video whose pictures lie in another file is not whole."""
        for box in self._boxes(references[8:]):
            if not box.body[3] & _SELF_CONTAINED:
                raise NotAVideoError("the media data lie elsewhere")
            _blank(box.body[4:])

    def _check_chunks(self, found: dict[bytes, list[_Box]]) -> None:
        """The last chunk must begin inside the file: a length left open hides that the end is missing."""
        name, form = (b"co64", ">Q") if found[b"co64"] else (b"stco", ">I")
        offsets = _only(found, name)
        (count,) = struct.unpack_from(">I", offsets, 4)
        if count == 0:
            raise NotAVideoError("a track is empty")
        (last,) = struct.unpack_from(form, offsets, 8 + (count - 1) * struct.calcsize(form))
        if last >= len(self._file):
            raise NotAVideoError("media data are cut off")


def _only(found: dict[bytes, list[_Box]], name: bytes) -> memoryview:
    """The body of the one box of that name."""
    if len(found[name]) != 1:
        raise NotAVideoError(f"has {len(found[name])} boxes {name!r} in one place")
    return found[name][0].body


def _duration_ms(found: dict[bytes, list[_Box]]) -> int:
    """How long the movie says it is, in its header or, made of fragments, in theirs."""
    header = _only(found, b"mvhd")
    _blank_times(header)
    timescale, duration = _scaled(header, formats=(">12xII", ">20xIQ"))
    if duration == 0 and found[b"mehd"]:
        (duration,) = _scaled(_only(found, b"mehd"), formats=(">4xI", ">4xQ"))
    duration_ms = (duration * 1000 + timescale // 2) // timescale if timescale else 0
    if duration_ms == 0:
        raise NotAVideoError("does not say how long it is")
    return duration_ms


def _scaled(body: memoryview, *, formats: tuple[str, str]) -> tuple[int, ...]:
    """Fields whose width follows the box's version; the largest number means unknown and is read as 0."""
    numbers: tuple[int, ...] = struct.unpack_from(formats[_version(body)], body)
    unknown = 2 ** (64 if _version(body) else 32) - 1
    return (*numbers[:-1], 0 if numbers[-1] == unknown else numbers[-1])


def _version(body: memoryview) -> int:
    if body[0] > 1:
        raise NotAVideoError("a header of an unknown version")
    return body[0]


def _blank(place: memoryview) -> None:
    place[:] = bytes(len(place))


def _blank_times(header: memoryview) -> None:
    """When it was made and last changed: the first fields of movie, track and media headers alike."""
    _blank(header[4 : 20 if _version(header) else 12])


def _shown(header: memoryview, *, entry_size: tuple[int, int]) -> tuple[int, int]:
    """The size at which a track is shown: what its header says, on its side where the matrix turns it."""
    start = 52 if _version(header) else 40
    a, b, _, c, d, _, _, _, _, width, height = struct.unpack_from(">9i2I", header, start)
    width_px, height_px = round(width / 65_536), round(height / 65_536)
    if not (width_px and height_px):
        width_px, height_px = entry_size
    if a == d == 0 and b and c:
        return height_px, width_px
    return width_px, height_px
