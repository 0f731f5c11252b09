"""The health table: documents that concurrent writers replace without losing each other's results; trials."""

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from corent.adapters.dynamo.health import UPDATE_FOR_S, DynamoHealth
from corent.adapters.dynamo.health_items import dump_health
from corent.core.errors import TemporarilyUnavailableError
from corent.core.upstream import Failure
from corent.health.document import Call, HealthDocument, fold_calls
from corent.health.evidence import Observation
from corent.health.status import Figures, Incident, Level, Standing, StatusDocument, Uptime
from corent.health.store import HealthContendedError
from tests.adapters.counting import Counting
from tests.fakes import START_MS, FakeClock


def add(store: DynamoHealth, *times_ms: int) -> None:
    """Fold one success of each time."""
    calls = [
        Call(Observation("one/a", "one", ended_at_ms=START_MS, failure=None, time_ms=time_ms), tiers=("t",))
        for time_ms in times_ms
    ]
    store.update(lambda document: fold_calls(document, calls, now_ms=START_MS))


def times(store: DynamoHealth) -> list[int]:
    known = store.read().offers.get("one/a")
    return [] if known is None else [took for _, took in known.times]


@pytest.fixture
def counting(client: Any) -> Counting:
    return Counting(client)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(counting: Counting, clock: FakeClock) -> DynamoHealth:
    return DynamoHealth(counting, table="health", clock=clock)


def rival(client: Any) -> DynamoHealth:
    return DynamoHealth(client, table="health", clock=FakeClock())


def test_before_the_first_result_both_documents_are_empty(store: DynamoHealth) -> None:
    assert (store.read(), store.read_status()) == (HealthDocument(), StatusDocument())


def test_the_health_document_comes_back_as_it_was_folded(store: DynamoHealth) -> None:
    failed = Observation("two/b", "two", ended_at_ms=START_MS, failure=Failure.RATE_LIMITED)
    add(store, 5, 7)
    written = store.update(lambda document: fold_calls(document, [Call(failed, ("t",))], now_ms=START_MS))
    assert dump_health(store.read()) == dump_health(written)
    assert set(store.read().offers) == {"one/a", "two/b"}


def test_the_status_document_comes_back_as_it_was_written(store: DynamoHealth) -> None:
    status = StatusDocument(
        standings={
            "t": Standing(Level.DEGRADED, 29, (Level.OUTAGE, Level.OPERATIONAL), {"2026-11-22": Uptime(9, 1)})
        },
        figures={"t": Figures(1_200, None, 0.98)},
        incidents=(
            Incident("t", Level.OUTAGE, START_MS, START_MS + 5),
            Incident("u", Level.DEGRADED, START_MS),
        ),
        updated_at_ms=START_MS,
    )
    store.update_status(lambda _: status)
    assert store.read_status() == status
    assert store.read() == HealthDocument()


@pytest.mark.parametrize("read", ["read", "read_status"])
def test_each_document_is_one_read(store: DynamoHealth, counting: Counting, read: str) -> None:
    getattr(store, read)()
    assert counting.calls == Counter(get_item=1)


def test_an_update_is_one_read_and_one_write(store: DynamoHealth, counting: Counting) -> None:
    add(store, 1)
    assert counting.calls == Counter(get_item=1, put_item=1)


def test_updates_follow_one_another(store: DynamoHealth) -> None:
    for time_ms in range(5):
        add(store, time_ms)
    assert times(store) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("filled", [False, True])
def test_a_write_in_between_is_not_lost(
    filled: bool,
    store: DynamoHealth,
    counting: Counting,
    client: Any,
) -> None:
    if filled:
        add(store, 1)
    counting.before_next(lambda: add(rival(client), 2))
    add(store, 3)
    assert times(store) == ([1, 2, 3] if filled else [2, 3])


def test_many_writes_in_between_are_not_lost(store: DynamoHealth, counting: Counting, client: Any) -> None:
    for time_ms in range(15):
        counting.before_next(lambda time_ms=time_ms: add(rival(client), time_ms))  # type: ignore[misc]
    add(store, 99)
    assert times(store) == [*range(15), 99]


def test_a_writer_that_always_comes_second_gives_up_after_a_while_and_changes_nothing(
    store: DynamoHealth, counting: Counting, client: Any, clock: FakeClock
) -> None:
    for _ in range(1_000):
        counting.before_next(lambda: add(rival(client), 1))
    began_s = clock.monotonic_s()
    with pytest.raises(HealthContendedError):
        add(store, 99)
    assert 99 not in times(store)
    assert UPDATE_FOR_S <= clock.monotonic_s() - began_s <= UPDATE_FOR_S + 1


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError"])
def test_a_write_that_got_no_answer_is_run_again(code: str, store: DynamoHealth, counting: Counting) -> None:
    counting.fail_next(code)
    add(store, 7)
    assert times(store) == [7]


def test_a_write_that_is_not_allowed_is_not_run_again(store: DynamoHealth, counting: Counting) -> None:
    counting.fail_next("AccessDeniedException")
    with pytest.raises(ClientError):
        add(store, 7)
    assert counting.calls["put_item"] == 1


def test_a_table_that_cannot_be_reached_is_said_so(clock: FakeClock) -> None:
    class Down:
        def get_item(self, **_: Any) -> Any:
            answer: Any = {
                "Error": {"Code": "ThrottlingException"},
                "ResponseMetadata": {"HTTPStatusCode": 400},
            }
            raise ClientError(answer, "GetItem")

        update_item = get_item

    store = DynamoHealth(Down(), table="health", clock=clock)  # type: ignore[arg-type]
    with pytest.raises(TemporarilyUnavailableError):
        store.read()
    with pytest.raises(TemporarilyUnavailableError):
        store.read_status()
    with pytest.raises(TemporarilyUnavailableError):
        store.claim_trial("one/a", now_ms=START_MS, until_ms=START_MS + 1)


# ---- trials ------------------------------------------------------------------------------------------


def test_a_trial_is_claimed_by_one_at_a_time(store: DynamoHealth, client: Any) -> None:
    claims = [
        each.claim_trial("one/a", now_ms=START_MS, until_ms=START_MS + 1_000)
        for each in (store, rival(client), store)
    ]
    assert claims == [True, False, False]


def test_a_trial_may_be_claimed_again_once_its_time_is_over(store: DynamoHealth) -> None:
    assert store.claim_trial("one/a", now_ms=START_MS, until_ms=START_MS + 1_000)
    assert not store.claim_trial("one/a", now_ms=START_MS + 999, until_ms=START_MS + 2_000)
    assert store.claim_trial("one/a", now_ms=START_MS + 1_000, until_ms=START_MS + 2_000)


def test_each_offer_has_a_trial_of_its_own(store: DynamoHealth) -> None:
    assert store.claim_trial("one/a", now_ms=START_MS, until_ms=START_MS + 1_000)
    assert store.claim_trial("one/b", now_ms=START_MS, until_ms=START_MS + 1_000)


def test_a_claim_is_one_write(store: DynamoHealth, counting: Counting) -> None:
    store.claim_trial("one/a", now_ms=START_MS, until_ms=START_MS + 1_000)
    assert counting.calls == Counter(update_item=1)
