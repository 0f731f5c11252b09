"""Series in DynamoDB pass the contract that those in memory pass."""

from collections.abc import Callable
from typing import Any

import pytest

from corent.adapters.dynamo.series import DynamoSeries
from corent.core.repeats import CALLS_MAX, SeriesStore
from tests.contracts.series_store import SERIES_CHECKS, the_longest_series_is_kept_whole
from tests.dynamo_books import items
from tests.fakes import START_MS
from tests.memory_series import MemorySeries


@pytest.mark.parametrize("check", SERIES_CHECKS, ids=lambda check: check.__name__)
def test_dynamo_keeps_the_contract(check: Callable[[SeriesStore], None], client: Any) -> None:
    check(DynamoSeries(client, table="jobs"))


@pytest.mark.parametrize("check", SERIES_CHECKS, ids=lambda check: check.__name__)
def test_memory_keeps_the_contract(check: Callable[[SeriesStore], None]) -> None:
    check(MemorySeries())


def test_a_full_series_is_a_few_kilobytes_that_are_deleted_by_themselves(client: Any) -> None:
    the_longest_series_is_kept_whole(DynamoSeries(client, table="jobs"))
    (item,) = items(client, "jobs")
    assert len(item["calls"]["S"]) < 125 * CALLS_MAX
    assert item["ttl_s"]["N"] == str(START_MS // 1000)
    # In no index of the table: it is neither a job nor in anybody's list.
    assert set(item) == {"pk", "sk", "calls", "ver", "ttl_s"}
