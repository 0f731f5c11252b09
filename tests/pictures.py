"""Small real picture files, made byte by byte or by Pillow."""

import io
import struct
import zlib

from PIL import Image


def png(width: int = 64, height: int = 64, *, extra: bytes = b"") -> bytes:
    """A grey PNG; `extra` chunks stand before its data."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    chunks = png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunks + png_chunk(b"IEND", b"")


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def encoded(image_format: str, *, size: tuple[int, int] = (64, 64), **options: object) -> bytes:
    """A picture as Pillow writes it."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, format=image_format, **options)
    return out.getvalue()
