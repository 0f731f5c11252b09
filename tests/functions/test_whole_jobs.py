"""What a whole job takes of all that AWS bills by the piece: the counts behind `benchmarks/job_costs.py`."""

from collections.abc import Iterator

import pytest

from tests.functions.upstreams import Files, serving_files
from tests.functions.whole_jobs import Bill, Course, opened_yard

# Results of every offer and tier are two documents of many kilobytes, written in one transaction. They grow
# with the catalog.
HEALTH = {"health_write_units": 29, "health_read_units": 8.0}
HOOK = {"queue_requests": 3, "key_requests": 2}
NO_HOOK = {"queue_requests": 0, "key_requests": 0}
CARRIED = {"objects": 1, "bus_events": 2, **HEALTH}


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    with serving_files() as served:
        yield served


@pytest.mark.parametrize(
    ("course", "webhook", "bill"),
    [
        (
            Course.IMAGE,
            False,
            Bill(
                api_requests=1,
                invocations=2,
                transitions=0,
                write_units=16,
                read_units=1.0,
                objects=1,
                bus_events=0,
                **HEALTH,
                **NO_HOOK,
            ),
        ),
        (
            Course.CARRIED_IMAGE,
            True,
            Bill(
                api_requests=1,
                invocations=8,
                transitions=5,
                write_units=32,
                read_units=7.0,
                **CARRIED,
                **HOOK,
            ),
        ),
        (
            Course.TOLD_VIDEO,
            False,
            Bill(
                api_requests=2,
                invocations=8,
                transitions=5,
                write_units=23,
                read_units=7.0,
                **CARRIED,
                **NO_HOOK,
            ),
        ),
        (
            Course.TOLD_VIDEO,
            True,
            Bill(
                api_requests=2,
                invocations=10,
                transitions=5,
                write_units=33,
                read_units=9.0,
                **CARRIED,
                **HOOK,
            ),
        ),
        (
            Course.POLLED_VIDEO,
            False,
            Bill(
                api_requests=1,
                invocations=18,
                transitions=17,
                write_units=35,
                read_units=17.0,
                **CARRIED,
                **NO_HOOK,
            ),
        ),
        (
            Course.POLLED_VIDEO,
            True,
            Bill(
                api_requests=1,
                invocations=20,
                transitions=17,
                write_units=45,
                read_units=19.0,
                **CARRIED,
                **HOOK,
            ),
        ),
    ],
)
def test_a_job_takes_no_piece_too_many(
    moto_endpoint: str, files: Files, course: Course, webhook: bool, bill: Bill
) -> None:
    with opened_yard(moto_endpoint, files, course) as yard:
        yard.warm(course)
        assert yard.run(course, webhook=webhook)[1] == bill


def test_a_callers_poll_takes_one_request_and_two_units(moto_endpoint: str, files: Files) -> None:
    with opened_yard(moto_endpoint, files, Course.IMAGE) as yard:
        yard.warm(Course.IMAGE)
        polled = yard.poll(yard.run(Course.IMAGE, webhook=False)[0])
    assert (polled.api_requests, polled.invocations) == (1, 1)
    assert (polled.write_units, polled.read_units) == (1, 1.0)
