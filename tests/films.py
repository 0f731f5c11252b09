"""MP4 files written box by box: what a decoder would need of them is there, and words where words may be."""

import struct

CANARY = b"canary-a1b2c3"
PICTURES = b"\0\0\0\x05pictures and sound" * 8
UPRIGHT = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
TIME = 0xE5D4C3B2


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, name) + body


def large_box(name: bytes, *parts: bytes) -> bytes:
    """The same box with its length in 64 bits."""
    body = b"".join(parts)
    return struct.pack(">I4sQ", 1, name, len(body) + 16) + body


def open_box(name: bytes, *parts: bytes) -> bytes:
    """The same box with no length: to the end of the file."""
    return struct.pack(">I4s", 0, name) + b"".join(parts)


def full(name: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def mvhd(*, timescale: int = 1000, duration: int = 5000) -> bytes:
    return full(b"mvhd", struct.pack(">4I", TIME, TIME, timescale, duration), bytes(80))


def long_mvhd(*, timescale: int = 1000, duration: int = 5000) -> bytes:
    return full(b"mvhd", struct.pack(">QQIQ", TIME, TIME, timescale, duration), bytes(80), version=1)


def tkhd(
    *, width: int = 1280 << 16, height: int = 720 << 16, matrix: tuple[int, ...] = UPRIGHT, version: int = 0
) -> bytes:
    times = struct.pack(">QQII", TIME, TIME, 1, 0) if version else struct.pack(">4I", TIME, TIME, 1, 0)
    duration = bytes(8) if version else bytes(4)
    sides = struct.pack(">2I", width, height)
    return full(
        b"tkhd", times, duration, bytes(16), struct.pack(">9i", *matrix), sides, version=version, flags=1
    )


def hdlr(kind: bytes, *, name: bytes = CANARY) -> bytes:
    return full(b"hdlr", bytes(4), kind, CANARY[:12], name + b"\0")


def video_entry(
    *children: bytes, codec: bytes = b"avc1", sides: tuple[int, int] = (1280, 720), word: bytes = CANARY
) -> bytes:
    fields = struct.pack(">6xH4x4s8xHH14x", 1, word[:4], *sides)
    return box(codec, fields, bytes([len(word)]), word.ljust(31, b"\0"), b"\0\x18\xff\xff", *children)


def sound_entry(*children: bytes, version: int = 0, more: bytes = b"") -> bytes:
    fields = struct.pack(">6xHHH4sHH4xI", 1, version, 0, CANARY[:4], 2, 16, 48_000 << 16)
    return box(b"mp4a", fields, more, *children)


def trak(
    kind: bytes, *entries: bytes, header: bytes | None = None, extra: bytes = b"", **parts: bytes
) -> bytes:
    """A track; `extra` goes into every container of it."""
    mdhd = full(b"mdhd", struct.pack(">4I", TIME, TIME, 1000, 5000), b"\x55\xc4\0\0")
    dref = full(b"dref", struct.pack(">I", 1), full(b"url ", flags=1))
    tables = parts.get("chunks", full(b"stco", struct.pack(">II", 1, 48)))
    stsd = parts.get("stsd", full(b"stsd", struct.pack(">I", len(entries)), *entries))
    stbl = box(b"stbl", stsd, full(b"stts", bytes(4)), tables, extra)
    dinf = box(b"dinf", parts.get("dref", dref), extra)
    minf = box(b"minf", full(b"vmhd", bytes(8)), dinf, stbl, extra)
    mdia = box(b"mdia", mdhd, parts.get("hdlr", hdlr(kind)), minf, extra)
    return box(b"trak", tkhd() if header is None else header, mdia, extra)


AVC_C = box(b"avcC", b"\x01\x64\0\x1f\xff\xe1\0\0")
FTYP = box(b"ftyp", b"isom\0\0\2\0isomavc1")
MDAT = box(b"mdat", PICTURES)
SHOWN = trak(b"vide", video_entry(AVC_C))
HEARD = trak(b"soun", sound_entry(full(b"esds", b"\x03\x19")))


def mp4(*tracks: bytes, header: bytes | None = None, extra: bytes = b"", mdat: bytes = MDAT) -> bytes:
    movie = box(b"moov", mvhd() if header is None else header, *(tracks or (SHOWN, HEARD)), extra)
    return FTYP + mdat + movie


def film(*, width_px: int = 1280, height_px: int = 720, duration_ms: int = 5_000) -> bytes:
    """A video of that size and length."""
    header = tkhd(width=width_px << 16, height=height_px << 16)
    track = trak(b"vide", video_entry(AVC_C, sides=(width_px, height_px)), header=header)
    return mp4(track, header=mvhd(duration=duration_ms))
