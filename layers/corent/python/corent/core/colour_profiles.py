"""ICC colour profiles without their words: the numbers stay, the texts and makers' signatures go.

A profile's texts name whoever made it, which may be an upstream's software. Source: ICC.1:2022, sections 7.2
(header) and 7.3 (tag table), read 2026-11.
"""

import struct
from typing import Final

PROFILE_BYTES_MAX: Final = 4 * 1024 * 1024
_HEADER_BYTES: Final = 128
_TAGS_MAX: Final = 100
# Preferred CMM, platform, device manufacturer and model, creator, profile id (a hash over the texts, too).
_HEADER_FIELDS: Final = ((4, 8), (40, 44), (48, 56), (80, 84), (84, 100))
# Descriptions, copyright, names of makers and models, measurement target, free metadata.
_WORDS: Final = frozenset(
    {b"desc", b"cprt", b"dmnd", b"dmdd", b"vued", b"targ", b"meta", b"psid", b"pseq", b"tech", b"scrn"}
)
# Type signature and reserved bytes open every tag's data; zeros after them are an empty text.
_TYPE_BYTES: Final = 8


def without_words(profile: bytes) -> bytes | None:
    """The same profile, of the same length, with its texts blanked; None for what is no whole profile."""
    if len(profile) < _HEADER_BYTES + 4 or profile[36:40] != b"acsp":
        return None
    blanked = bytearray(profile)
    for start, end in _HEADER_FIELDS:
        blanked[start:end] = bytes(end - start)
    (count,) = struct.unpack_from(">I", profile, _HEADER_BYTES)
    if count > _TAGS_MAX or len(profile) < _HEADER_BYTES + 4 + 12 * count:
        return None
    for number in range(count):
        name, offset, size = struct.unpack_from(">4sII", profile, _HEADER_BYTES + 4 + 12 * number)
        if offset < _HEADER_BYTES or offset + size > len(profile):
            return None
        if name in _WORDS and size > _TYPE_BYTES:
            blanked[offset + _TYPE_BYTES : offset + size] = bytes(size - _TYPE_BYTES)
    return bytes(blanked)
