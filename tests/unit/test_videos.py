"""Video files by their bytes: metadata goes, the streams stay where they lie, anything else is refused."""

import contextlib
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageCms

from corent.core.colour_profiles import without_words
from corent.core.videos import BOXES_MAX, NotAVideoError, Video, clean_video
from tests.films import (
    AVC_C,
    CANARY,
    FTYP,
    HEARD,
    MDAT,
    PICTURES,
    SHOWN,
    TIME,
    box,
    full,
    hdlr,
    large_box,
    long_mvhd,
    mp4,
    mvhd,
    open_box,
    sound_entry,
    tkhd,
    trak,
    video_entry,
)

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
QUARTER_TURN = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)


UDTA = box(b"udta", full(b"meta", hdlr(b"mdir"), box(b"ilst", box(b"\xa9too", CANARY))))
C2PA = box(b"uuid", bytes.fromhex("d8fec3d61b0e483c92975828877ec481"), CANARY)
PLAIN = mp4()
MOVIE = mp4()[len(FTYP + MDAT) :]
AT_THE_END = trak(b"vide", video_entry(AVC_C), chunks=full(b"stco", struct.pack(">II", 1, 1000)))
# Its movie box is filled up, so that the chunk at byte 1000 is where the streams begin.
MOVIE_OF_992_BYTES = FTYP + box(b"moov", mvhd(), AT_THE_END, box(b"free", bytes(432)))
# Where the sample entry's list of children ends in zeros, as QuickTime writes it.
QUICKTIME_SOUND = trak(b"soun", sound_entry(box(b"wave", b"x"), bytes(4), version=1, more=bytes(16)))
GOOD = {
    "plain": (PLAIN, (1280, 720), 5000),
    "movie first": (FTYP + MOVIE + MDAT, (1280, 720), 5000),
    "long headers": (
        mp4(trak(b"vide", video_entry(AVC_C), header=tkhd(version=1)), header=long_mvhd()),
        (1280, 720),
        5000,
    ),
    "another timescale": (mp4(header=mvhd(timescale=24_000, duration=240_240)), (1280, 720), 10_010),
    "without sound": (mp4(SHOWN), (1280, 720), 5000),
    "sound first": (mp4(HEARD, SHOWN), (1280, 720), 5000),
    "quicktime sound": (mp4(SHOWN, QUICKTIME_SOUND), (1280, 720), 5000),
    "64-bit length": (mp4(mdat=large_box(b"mdat", PICTURES)), (1280, 720), 5000),
    "open length": (MOVIE_OF_992_BYTES + open_box(b"mdat", PICTURES), (1280, 720), 5000),
    "64-bit chunks": (
        mp4(trak(b"vide", video_entry(AVC_C), chunks=full(b"co64", struct.pack(">IQ", 1, 48)))),
        (1280, 720),
        5000,
    ),
    "on its side": (
        mp4(trak(b"vide", video_entry(AVC_C), header=tkhd(matrix=QUARTER_TURN))),
        (720, 1280),
        5000,
    ),
    "size in the entry alone": (
        mp4(trak(b"vide", video_entry(AVC_C, sides=(640, 360)), header=tkhd(width=0, height=0))),
        (640, 360),
        5000,
    ),
    "pixels that are not square": (
        mp4(trak(b"vide", video_entry(AVC_C, sides=(1440, 1080)), header=tkhd(width=1920 << 16))),
        (1920, 720),
        5000,
    ),
    "in fragments": (
        FTYP
        + box(
            b"moov",
            mvhd(duration=0),
            trak(b"vide", video_entry(AVC_C), chunks=full(b"stco", bytes(4))),
            box(b"mvex", full(b"mehd", struct.pack(">I", 6000)), full(b"trex", bytes(20))),
        )
        + box(b"moof", full(b"mfhd", bytes(4)), box(b"traf", full(b"tfhd", bytes(4))))
        + MDAT,
        (1280, 720),
        6000,
    ),
    **{
        codec.decode(): (mp4(trak(b"vide", video_entry(AVC_C, codec=codec))), (1280, 720), 5000)
        for codec in (b"avc3", b"hvc1", b"hev1", b"av01", b"vp09")
    },
}
CARRYING = {
    "handler and compressor names": PLAIN,
    "tags of the movie": mp4(extra=UDTA),
    "tags everywhere in a track": mp4(trak(b"vide", video_entry(AVC_C), extra=UDTA)),
    "tags in a sample entry": mp4(trak(b"vide", video_entry(AVC_C, UDTA))),
    "tags in a sound's entry": mp4(SHOWN, trak(b"soun", sound_entry(UDTA))),
    "tags in a longer sound's entry": mp4(SHOWN, trak(b"soun", sound_entry(UDTA, version=2, more=bytes(36)))),
    "tags in a sound's entry in ISO's own second form": mp4(
        SHOWN,
        trak(
            b"soun",
            stsd=full(b"stsd", struct.pack(">I", 1), sound_entry(UDTA, version=1), version=1),
        ),
    ),
    "tags of the file": PLAIN + full(b"meta", hdlr(b"mdir"), box(b"ilst", CANARY)),
    "provenance before the movie": FTYP + C2PA + MDAT + MOVIE,
    "provenance in the movie": mp4(extra=C2PA),
    "provenance with a 64-bit length": FTYP + MDAT + MOVIE + large_box(b"uuid", bytes(16), CANARY),
    "provenance of an open length": FTYP + MDAT + MOVIE + open_box(b"uuid", bytes(16), CANARY),
    "free space": FTYP + box(b"free", CANARY) + MDAT + MOVIE + box(b"skip", CANARY),
    "free space in the movie": mp4(extra=box(b"free", CANARY)),
    "a box nobody knows": mp4(extra=box(b"abcd", CANARY)) + box(b"zzzz", CANARY),
    "a track of text": mp4(SHOWN, trak(b"text", box(b"tx3g", CANARY))),
    "a cover picture": mp4(SHOWN, trak(b"vide", video_entry(codec=b"jpeg"), extra=box(b"free", CANARY))),
    "a reference to the file itself": mp4(
        trak(
            b"vide",
            video_entry(AVC_C),
            dref=full(b"dref", struct.pack(">I", 1), full(b"url ", CANARY, flags=1)),
        )
    ),
    "a colour profile that is none": mp4(trak(b"vide", video_entry(box(b"colr", b"prof", CANARY)))),
}
EVERY_FILE = [*[row[0] for row in GOOD.values()], *CARRYING.values()]


def is_video(content: bytes) -> bool:
    try:
        clean_video(content)
    except NotAVideoError:
        return False
    return True


@pytest.mark.parametrize("name", GOOD)
def test_size_and_length_are_read_from_the_bytes(name: str) -> None:
    content, size, duration_ms = GOOD[name]
    video = clean_video(content)
    assert ((video.width_px, video.height_px), video.duration_ms) == (size, duration_ms)


@pytest.mark.parametrize("name", CARRYING)
def test_metadata_is_gone(name: str) -> None:
    assert CANARY in CARRYING[name]
    assert CANARY not in clean_video(CARRYING[name]).content


@pytest.mark.parametrize("content", [mp4(SHOWN), mp4(SHOWN, HEARD)], ids=["seen", "heard"])
def test_the_makers_of_handlers_and_encoders_are_gone(content: bytes) -> None:
    # In four letters, as QuickTime's vendors are written.
    assert CANARY[:4] in content
    assert CANARY[:4] not in clean_video(content).content


@pytest.mark.parametrize("content", EVERY_FILE)
def test_no_byte_of_a_stream_moves_or_changes(content: bytes) -> None:
    cleaned = clean_video(content).content
    assert len(cleaned) == len(content)
    assert cleaned.index(PICTURES) == content.index(PICTURES)


@pytest.mark.parametrize("content", EVERY_FILE)
def test_a_clean_video_is_clean_already(content: bytes) -> None:
    once = clean_video(content)
    assert clean_video(once.content) == once


@pytest.mark.parametrize("content", EVERY_FILE)
def test_when_it_was_made_is_gone(content: bytes) -> None:
    made = struct.pack(">I", TIME)
    assert made in content
    assert made not in clean_video(content).content


def test_what_a_decoder_needs_stays() -> None:
    colours = box(b"colr", b"nclx\0\1\0\1\0\1\0")
    content = mp4(trak(b"vide", video_entry(AVC_C, colours, box(b"pasp", b"\0\0\0\1\0\0\0\1"))))
    cleaned = clean_video(content).content
    for kept in (AVC_C, colours, b"pasp", b"stts", b"vmhd"):
        assert cleaned.index(kept) == content.index(kept)


def test_a_colour_profile_keeps_its_numbers_and_loses_its_words() -> None:
    content = mp4(trak(b"vide", video_entry(AVC_C, box(b"colr", b"prof", PROFILE))))
    blanked = without_words(PROFILE)
    assert blanked is not None
    assert blanked != PROFILE
    assert b"prof" + blanked in clean_video(content).content


def test_a_track_that_is_neither_seen_nor_heard_becomes_free_space() -> None:
    text = trak(b"text", box(b"tx3g", CANARY))
    content = mp4(SHOWN, text)
    place = content.index(text)
    freed = clean_video(content).content[place : place + len(text)]
    assert freed == box(b"free", bytes(len(text) - 8))


# ---- What is no video --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOOD)
def test_a_file_cut_off_anywhere_is_no_video(name: str) -> None:
    # Zeros at the end, and a stream of an open length once its last chunk has begun, are nothing to notice.
    content = GOOD[name][0].rstrip(b"\0")
    last_chunk = content.index(PICTURES) + 1 if name == "open length" else len(content)
    assert [length for length in range(last_chunk) if is_video(content[:length])] == []


ENTRY = video_entry(AVC_C)
BAD = {
    "nothing": b"",
    "html": b"<!doctype html><html><script>alert(1)</script></html>",
    "json": b'{"error": {"code": "unauthorized"}}',
    "webm": b"\x1a\x45\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1webm",
    "avif": box(b"ftyp", b"avif\0\0\0\0mif1") + full(b"meta", hdlr(b"pict")) + MDAT,
    "html after the first box": FTYP + b"<html>" * 20,
    "no type first": MDAT + FTYP + MOVIE,
    "two types": FTYP + FTYP + MDAT + MOVIE,
    "no movie": FTYP + MDAT,
    "two movies": FTYP + MDAT + MOVIE + MOVIE,
    "no media data": FTYP + MOVIE,
    "bytes after the last box": PLAIN + b"abc",
    "a box longer than the file": FTYP + MDAT + MOVIE + struct.pack(">I4s", 9, b"free"),
    "a box longer than its container": FTYP + MDAT + box(b"moov", struct.pack(">I4s", 999, b"mvhd")),
    "a box shorter than its head": FTYP + MDAT + MOVIE + struct.pack(">I4s", 7, b"free") + bytes(8),
    "a large box shorter than its head": FTYP + MDAT + MOVIE + struct.pack(">I4sQ", 1, b"free", 15),
    "a box of 2^64 - 1 bytes": FTYP + MDAT + MOVIE + struct.pack(">I4sQ", 1, b"free", 2**64 - 1),
    "an open length inside": FTYP + MDAT + box(b"moov", mvhd(), SHOWN, open_box(b"udta")),
    "too many boxes": FTYP + MDAT + MOVIE + box(b"free") * BOXES_MAX,
    "no movie header": FTYP + MDAT + box(b"moov", SHOWN),
    "two movie headers": FTYP + MDAT + box(b"moov", mvhd(), mvhd(), SHOWN),
    "a movie header cut off": mp4(header=full(b"mvhd", bytes(12))),
    "an empty movie header": mp4(header=box(b"mvhd")),
    "a movie header of another version": mp4(header=full(b"mvhd", bytes(100), version=2)),
    "no timescale": mp4(header=mvhd(timescale=0)),
    "no duration": mp4(header=mvhd(duration=0)),
    "less than a millisecond": mp4(header=mvhd(timescale=90_000, duration=1)),
    "an unknown duration": mp4(header=mvhd(duration=2**32 - 1)),
    "an unknown long duration": mp4(header=long_mvhd(duration=2**64 - 1)),
    "no track": FTYP + MDAT + box(b"moov", mvhd()),
    "sound alone": mp4(HEARD),
    "an older codec": mp4(trak(b"vide", video_entry(codec=b"mp4v"))),
    "one known codec of two": mp4(trak(b"vide", ENTRY, video_entry(codec=b"mp4v"))),
    "encrypted": mp4(trak(b"vide", video_entry(AVC_C, codec=b"encv"))),
    "no track header": mp4(trak(b"vide", ENTRY, header=b"")),
    "a track header cut off": mp4(trak(b"vide", ENTRY, header=full(b"tkhd", bytes(40)))),
    "no handler": mp4(trak(b"vide", ENTRY, hdlr=b"")),
    "no sample entry": mp4(trak(b"vide")),
    "fewer sample entries than it says": mp4(trak(b"vide", stsd=full(b"stsd", struct.pack(">I", 2), ENTRY))),
    "a sample entry cut off": mp4(trak(b"vide", box(b"avc1", bytes(40)))),
    "a sound's entry cut off": mp4(SHOWN, trak(b"soun", box(b"mp4a", bytes(20)))),
    "media data elsewhere": mp4(
        trak(
            b"vide",
            ENTRY,
            dref=full(b"dref", struct.pack(">I", 1), full(b"url ", b"https://evil.example/\0")),
        )
    ),
    "an empty track": mp4(trak(b"vide", ENTRY, chunks=full(b"stco", bytes(4)))),
    "chunks beyond their table": mp4(
        trak(b"vide", ENTRY, chunks=full(b"stco", struct.pack(">II", 2**32 - 1, 48)))
    ),
    "chunks beyond the file": mp4(trak(b"vide", ENTRY, chunks=full(b"stco", struct.pack(">II", 1, 99_999)))),
    "no width": mp4(
        trak(b"vide", video_entry(AVC_C, sides=(0, 720)), header=tkhd(width=0, height=720 << 16))
    ),
    "a huge side": mp4(trak(b"vide", ENTRY, header=tkhd(width=0xFFFF << 16))),
}


@pytest.mark.parametrize("name", BAD)
def test_anything_else_is_no_video(name: str) -> None:
    with pytest.raises(NotAVideoError):
        clean_video(BAD[name])


@given(data=st.data())
@settings(max_examples=1_500, deadline=None)
def test_mutated_videos_are_cleaned_or_refused_and_nothing_else(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(EVERY_FILE)))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        end = min(len(content), place + data.draw(st.integers(0, 8)))
        content[place:end] = data.draw(st.binary(max_size=8))
        content = content or bytearray(b"\0")
    with contextlib.suppress(NotAVideoError):
        assert_sound(clean_video(bytes(content)), length=len(content))


@given(rest=st.binary(max_size=300))
@settings(max_examples=500, deadline=None)
def test_bytes_behind_a_good_beginning_are_refused(rest: bytes) -> None:
    with pytest.raises(NotAVideoError):
        clean_video(FTYP + rest)


@given(names=st.lists(st.sampled_from([b"moov", b"trak", b"mdia", b"stbl", b"stsd", b"udta"]), max_size=200))
@settings(max_examples=200, deadline=None)
def test_boxes_nested_in_any_order_are_refused(names: list[bytes]) -> None:
    nested = b""
    for name in names:
        nested = box(name, nested)
    with pytest.raises(NotAVideoError):
        clean_video(FTYP + MDAT + nested)


def assert_sound(video: Video, *, length: int) -> None:
    assert len(video.content) == length
    assert video.width_px > 0
    assert video.height_px > 0
    assert video.duration_ms > 0


@pytest.mark.parametrize(
    "content",
    [
        mp4(mdat=box(b"mdat", PICTURES, bytes(50_000_000))),
        FTYP + box(b"free", bytes(50_000_000)) + MDAT + MOVIE,
        FTYP + MDAT + MOVIE + struct.pack(">I4s", 8, b"free") * 6_000_000,
        FTYP + MDAT + box(b"moov", mvhd(), struct.pack(">I4s", 8, b"trak") * 6_000_000),
        mp4(trak(b"vide", ENTRY, chunks=full(b"stco", struct.pack(">I", 2**32 - 1), bytes(50_000_000)))),
    ],
    ids=["a long stream", "much free space", "many boxes", "many tracks", "many chunks"],
)
def test_fifty_megabytes_take_little_processor_time(content: bytes) -> None:
    before_s = time.process_time()
    is_video(content)
    assert time.process_time() - before_s < 3
