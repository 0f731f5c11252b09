"""Colour profiles keep their numbers and lose their words."""

import re
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from corent.core.colour_profiles import without_words

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Tags and types are four letters by the format; words are longer.
WORDS = re.compile(rb"(?:[A-Za-z.]\x00?){6,}")


def test_no_word_is_left() -> None:
    blanked = without_words(PROFILE)
    assert blanked is not None
    assert WORDS.search(PROFILE[128:])
    table_end = 128 + 4 + 12 * int.from_bytes(PROFILE[128:132], "big")
    assert WORDS.search(blanked[table_end:]) is None


def test_the_colours_stay_the_same() -> None:
    blanked = without_words(PROFILE)
    assert blanked is not None
    picture = Image.linear_gradient("L").convert("RGB")
    lab = ImageCms.createProfile("LAB")
    converted = [
        ImageCms.profileToProfile(picture, ImageCms.ImageCmsProfile(BytesIO(profile)), lab, outputMode="LAB")
        for profile in (PROFILE, blanked)
    ]
    assert converted[0].tobytes() == converted[1].tobytes()


def test_the_length_stays_the_same() -> None:
    assert len(without_words(PROFILE) or b"") == len(PROFILE)


@pytest.mark.parametrize("broken", [b"", PROFILE[:100], b"x" * 600, PROFILE[:-40]], ids=[*"abcd"])
def test_what_is_no_whole_profile_is_none(broken: bytes) -> None:
    assert without_words(broken) is None


@given(place=st.integers(0, len(PROFILE) - 1), value=st.integers(0, 255))
def test_no_byte_makes_it_fail(place: int, value: int) -> None:
    changed = bytearray(PROFILE)
    changed[place] = value
    blanked = without_words(bytes(changed))
    assert blanked is None or len(blanked) == len(PROFILE)
