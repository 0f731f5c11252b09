"""When a webhook is tried again, and what counts as success."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corent.webhooks.schedule import TRIES_MAX, Verdict, judge, wait_s


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.DELIVERED),
        (201, Verdict.DELIVERED),
        (202, Verdict.DELIVERED),
        (204, Verdict.DELIVERED),
        (299, Verdict.DELIVERED),
        (100, Verdict.FAILED),
        (199, Verdict.FAILED),
        (300, Verdict.FAILED),
        (301, Verdict.FAILED),
        (302, Verdict.FAILED),
        (307, Verdict.FAILED),
        (308, Verdict.FAILED),
        (400, Verdict.FAILED),
        (401, Verdict.FAILED),
        (404, Verdict.FAILED),
        (409, Verdict.FAILED),
        (410, Verdict.GONE),
        (411, Verdict.FAILED),
        (422, Verdict.FAILED),
        (429, Verdict.FAILED),
        (500, Verdict.FAILED),
        (503, Verdict.FAILED),
        (None, Verdict.FAILED),
    ],
)
def test_only_2xx_is_success_and_only_410_is_final(status: int | None, verdict: Verdict) -> None:
    assert judge(status) is verdict


@pytest.mark.parametrize(("failures", "middle_s"), [(1, 10.0), (2, 60.0), (3, 600.0)])
def test_each_retry_waits_about_its_own_time(failures: int, middle_s: float) -> None:
    waits = [wait_s(failures=failures, retry_after_s=None, random=random) for random in (0.0, 0.5, 1.0)]
    assert waits == pytest.approx([middle_s * 0.8, middle_s, middle_s * 1.2])


@pytest.mark.parametrize("retry_after_s", [None, 0.0, 30.0, 9_999.0])
@pytest.mark.parametrize("failures", [4, 5, 100])
def test_after_the_fourth_failure_there_is_no_other_try(failures: int, retry_after_s: float | None) -> None:
    assert wait_s(failures=failures, retry_after_s=retry_after_s, random=0.5) is None


def test_there_are_one_try_and_three_retries() -> None:
    assert TRIES_MAX == 4


@pytest.mark.parametrize(
    ("retry_after_s", "expected_s"),
    [(0.0, 60.0), (5.0, 60.0), (61.0, 61.0), (3_600.0, 3_600.0), (3_601.0, 3_600.0)],
)
def test_the_receiver_may_ask_for_a_longer_wait_up_to_an_hour(
    retry_after_s: float, expected_s: float
) -> None:
    assert wait_s(failures=2, retry_after_s=retry_after_s, random=0.5) == expected_s


@given(
    failures=st.integers(1, 3),
    retry_after_s=st.none() | st.floats(0, 1e12),
    random=st.floats(0, 1),
)
def test_no_wait_is_shorter_than_the_least_back_off_or_longer_than_an_hour(
    failures: int, retry_after_s: float | None, random: float
) -> None:
    waited_s = wait_s(failures=failures, retry_after_s=retry_after_s, random=random)
    assert waited_s is not None
    assert 8.0 <= waited_s <= 3_600.0
