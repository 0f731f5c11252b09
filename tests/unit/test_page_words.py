"""Money, times and durations as people read and type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corent.core.errors import InvalidRequestError
from corent_pages.rendering import dollars, moment, seconds
from dashboard.money import cents_of


@pytest.mark.parametrize(
    ("cents", "said"),
    [
        (0, "$0.00"),
        (2, "$0.02"),
        (-2, "-$0.02"),
        (123_456, "$1,234.56"),
        (-100, "-$1.00"),
        (100_000_000, "$1,000,000.00"),
    ],
)
def test_cents_are_said_in_dollars(cents: int, said: str) -> None:
    assert dollars(cents) == said


@given(st.integers(0, 99_999_999_999))
def test_what_is_said_in_dollars_is_read_back_to_the_cent(cents: int) -> None:
    assert cents_of(dollars(cents), param="amount") == cents


@pytest.mark.parametrize(
    ("text", "cents"), [("12", 1_200), ("12.5", 1_250), (" $12.50 ", 1_250), ("0.01", 1)]
)
def test_dollars_are_read_as_people_type_them(text: str, cents: int) -> None:
    assert cents_of(text, param="amount") == cents


@pytest.mark.parametrize(
    "text", ["", "-1", "1.005", "1e3", "12 34", "0x1", "NaN", "٥", "1.", ".5", "$", "1" * 10]
)
def test_what_is_no_amount_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        cents_of(text, param="amount")
    assert (caught.value.code, caught.value.param) == ("invalid_amount", "amount")


@pytest.mark.parametrize(
    ("duration_ms", "said"),
    [(None, "–"), (0, "0.0 s"), (1_432, "1.4 s"), (59_999, "60.0 s"), (125_400, "2 min 5 s")],
)
def test_durations_are_said_in_seconds_and_minutes(duration_ms: int | None, said: str) -> None:
    assert seconds(duration_ms) == said


def test_times_are_said_in_utc() -> None:
    assert moment("2026-11-28T16:03:09.123+02:00") == "28 Nov 2026, 14:03:09 UTC"
