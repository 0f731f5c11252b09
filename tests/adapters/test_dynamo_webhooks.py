"""Owed webhooks and sending slots: the same behaviour in memory and on DynamoDB, and how it is stored."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from corent.adapters.dynamo.webhooks import DynamoOutbox, DynamoSlots, new_outbox_item, outbox_key
from corent.core.errors import TemporarilyUnavailableError
from corent.webhooks.outbox import (
    LEASE_MS,
    OWED_GRACE_S,
    DeliveryStatus,
    Outbox,
    Outcome,
    Try,
    new_outbox,
)
from corent.webhooks.store import OutboxStore, SendingSlots
from tests.adapters.counting import Counting
from tests.fakes import START_MS, ulid
from tests.webhook_world import JOB, MemoryOutbox, MemorySlots

TABLE = "webhooks"
BATCH = f"batch_{ulid(2)}"
OWED = new_outbox(JOB, wallet_id="acct_1", now_ms=START_MS)
NOW_S = START_MS // 1000
ENTRY = Try(at_ms=START_MS, outcome=Outcome.REJECTED, status_class="5xx", duration_ms=250)
SILENCE = Try(at_ms=START_MS, outcome=Outcome.UNANSWERED, status_class=None, duration_ms=10_000)

type Owe = Callable[[Outbox], OutboxStore]


@pytest.fixture
def table(client: Any) -> Any:
    """boto3's client with a table of the keys and the index that the repository asks for."""
    attributes = {"pk": "S", "sk": "S", "owed_shard": "S", "owed_by_s": "N"}
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind} for name, kind in attributes.items()
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "owed_webhooks",
                "KeySchema": [
                    {"AttributeName": "owed_shard", "KeyType": "HASH"},
                    {"AttributeName": "owed_by_s", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    return client


@pytest.fixture(params=["memory", "dynamo"])
def owe(request: pytest.FixtureRequest) -> Owe:
    """Makes a store that holds what an ending job put there."""
    if request.param == "memory":
        return lambda outbox: MemoryOutbox(stored={outbox.subject_id: outbox})
    client = request.getfixturevalue("table")

    def put(outbox: Outbox) -> OutboxStore:
        item = new_outbox_item(outbox.subject_id, wallet_id=outbox.wallet_id, now_ms=outbox.due_ms)
        client.put_item(TableName=TABLE, Item=item)
        return DynamoOutbox(client, table=TABLE)

    return put


@pytest.fixture(params=["memory", "dynamo"])
def slots(request: pytest.FixtureRequest) -> SendingSlots:
    if request.param == "memory":
        return MemorySlots()
    return DynamoSlots(request.getfixturevalue("table"), table=TABLE)


# ---- Both stores -------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject_id", [JOB, BATCH])
def test_what_an_ending_job_owes_is_read_back(owe: Owe, subject_id: str) -> None:
    owed = new_outbox(subject_id, wallet_id="acct_1_test", now_ms=START_MS + 999)
    store = owe(owed)
    assert store.read(subject_id) == owed
    assert store.read(f"job_{ulid(9)}") is None


def test_a_page_is_read_at_once_without_those_that_owe_nothing(owe: Owe) -> None:
    store = owe(OWED)
    assert store.read_many([f"job_{ulid(9)}", JOB]) == {JOB: OWED}


@pytest.mark.parametrize(
    "change",
    [
        lambda owed: owed.claimed(now_ms=START_MS + 1),
        lambda owed: owed.postponed(until_ms=START_MS + 5_000),
        lambda owed: owed.reminded(now_ms=START_MS),
        lambda owed: owed.delivered(ENTRY),
        lambda owed: owed.failed(SILENCE, next_ms=START_MS + 10_000).claimed(now_ms=START_MS + 10_000),
        lambda owed: owed.given_up(),
        lambda owed: owed.claimed(now_ms=START_MS).given_up(ENTRY).reopened(now_ms=START_MS + 77),
    ],
)
def test_every_state_is_stored_whole(owe: Owe, change: Callable[[Outbox], Outbox]) -> None:
    store, after = owe(OWED), change(OWED)
    assert store.replace(OWED, after)
    assert store.read(JOB) == after


@pytest.mark.parametrize(
    "stale",
    [
        replace(OWED, status=DeliveryStatus.DELIVERED),
        replace(OWED, tries=1),
        replace(OWED, due_ms=START_MS + 1),
    ],
)
def test_a_write_that_expects_another_state_changes_nothing(owe: Owe, stale: Outbox) -> None:
    store = owe(OWED)
    assert not store.replace(stale, stale.delivered(ENTRY))
    assert store.read(JOB) == OWED


def test_of_two_claims_of_one_state_one_wins(owe: Owe) -> None:
    store = owe(OWED)
    claims = [store.replace(OWED, OWED.claimed(now_ms=START_MS + late_ms)) for late_ms in (0, 5)]
    assert claims == [True, False]


def test_nothing_is_made_of_what_was_never_owed(owe: Owe) -> None:
    store = owe(OWED)
    other = replace(OWED, subject_id=f"job_{ulid(9)}")
    assert not store.replace(other, other.delivered(ENTRY))
    assert store.read(other.subject_id) is None


def test_a_pending_webhook_is_forgotten_from_its_grace_on(owe: Owe) -> None:
    store = owe(OWED)
    assert store.forgotten(now_s=NOW_S + OWED_GRACE_S - 1) == []
    assert store.forgotten(now_s=NOW_S + OWED_GRACE_S) == [JOB]


def test_a_try_that_died_is_forgotten_after_its_lease_and_grace(owe: Owe) -> None:
    store = owe(OWED)
    store.replace(OWED, OWED.claimed(now_ms=START_MS))
    over_s = NOW_S + LEASE_MS // 1000 + OWED_GRACE_S
    assert store.forgotten(now_s=over_s - 1) == []
    assert store.forgotten(now_s=over_s) == [JOB]


@pytest.mark.parametrize("after", [OWED.delivered(ENTRY), OWED.given_up(ENTRY)])
def test_what_has_ended_is_never_forgotten(owe: Owe, after: Outbox) -> None:
    store = owe(OWED)
    store.replace(OWED, after)
    assert store.forgotten(now_s=NOW_S + 10**6) == []


def test_five_slots_and_no_more_are_taken_at_once(slots: SendingSlots) -> None:
    taken = [
        slots.take("acct_1", now_ms=START_MS, until_ms=START_MS + LEASE_MS, random=0.5) for _ in range(6)
    ]
    assert taken[5] is None
    assert sorted(slot for slot in taken if slot is not None) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("random", "first"), [(0.0, 0), (0.5, 2), (0.999_999, 4)])
def test_the_search_begins_where_chance_says(slots: SendingSlots, random: float, first: int) -> None:
    assert slots.take("acct_1", now_ms=START_MS, until_ms=START_MS + 1, random=random) == first


def test_wallets_do_not_share_slots(slots: SendingSlots) -> None:
    for _ in range(5):
        slots.take("acct_1", now_ms=START_MS, until_ms=START_MS + LEASE_MS, random=0.0)
    assert slots.take("acct_2", now_ms=START_MS, until_ms=START_MS + LEASE_MS, random=0.0) == 0


def test_a_slot_that_was_given_back_is_free(slots: SendingSlots) -> None:
    until_ms = START_MS + LEASE_MS
    for _ in range(5):
        slots.take("acct_1", now_ms=START_MS, until_ms=until_ms, random=0.0)
    slots.give_back("acct_1", slot=3, until_ms=until_ms)
    assert slots.take("acct_1", now_ms=START_MS, until_ms=until_ms, random=0.0) == 3


def test_a_dead_workers_slot_comes_back_when_its_lease_ends(slots: SendingSlots) -> None:
    until_ms = START_MS + LEASE_MS
    for _ in range(5):
        slots.take("acct_1", now_ms=START_MS, until_ms=until_ms, random=0.0)
    assert slots.take("acct_1", now_ms=until_ms - 1, until_ms=until_ms + 9, random=0.0) is None
    assert slots.take("acct_1", now_ms=until_ms, until_ms=until_ms + 9, random=0.0) == 0


def test_giving_back_late_does_not_free_another_workers_slot(slots: SendingSlots) -> None:
    until_ms = START_MS + LEASE_MS
    slots.take("acct_1", now_ms=START_MS, until_ms=until_ms, random=0.0)
    slots.take("acct_1", now_ms=until_ms, until_ms=until_ms + LEASE_MS, random=0.0)
    slots.give_back("acct_1", slot=0, until_ms=until_ms)
    assert slots.take("acct_1", now_ms=until_ms + 1, until_ms=until_ms + LEASE_MS, random=0.0) == 1


def test_giving_back_a_slot_that_is_not_there_does_nothing(slots: SendingSlots) -> None:
    slots.give_back("acct_9", slot=0, until_ms=START_MS)
    assert slots.take("acct_9", now_ms=START_MS, until_ms=START_MS + 1, random=0.0) == 0


# ---- As it is stored ---------------------------------------------------------------------------------


def test_jobs_and_batches_keep_what_they_owe_beside_themselves() -> None:
    assert outbox_key(JOB) == {"pk": {"S": f"J#{JOB}"}, "sk": {"S": "OUT#terminal"}}
    assert outbox_key(BATCH) == {"pk": {"S": f"B#{BATCH}"}, "sk": {"S": "OUT#terminal"}}


def test_what_is_owed_stays_out_of_the_index_of_a_wallets_jobs() -> None:
    assert "acct" not in new_outbox_item(JOB, wallet_id="acct_1", now_ms=START_MS)


def test_only_pending_ones_stand_in_the_index(table: Any) -> None:
    item = new_outbox_item(JOB, wallet_id="acct_1", now_ms=START_MS)
    table.put_item(TableName=TABLE, Item=item)
    assert item["owed_shard"]["S"] in {"0", "1", "2", "3"}
    DynamoOutbox(table, table=TABLE).replace(OWED, OWED.delivered(ENTRY))
    stored = table.get_item(TableName=TABLE, Key=outbox_key(JOB))["Item"]
    assert not {"owed_shard", "owed_by_s"} & stored.keys()


def test_the_sweep_finds_every_shard(table: Any) -> None:
    owed = [f"job_{ulid(number)}" for number in range(40)]
    items = [new_outbox_item(job_id, wallet_id="acct_1", now_ms=START_MS) for job_id in owed]
    for item in items:
        table.put_item(TableName=TABLE, Item=item)
    assert {item["owed_shard"]["S"] for item in items} == {"0", "1", "2", "3"}
    assert sorted(DynamoOutbox(table, table=TABLE).forgotten(now_s=NOW_S + 10**6)) == owed


def test_slots_clean_themselves_up(table: Any) -> None:
    DynamoSlots(table, table=TABLE).take("acct_1", now_ms=START_MS, until_ms=START_MS + 1, random=0.0)
    (item,) = table.scan(TableName=TABLE)["Items"]
    assert int(item["ttl_s"]["N"]) > NOW_S + 3_600


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "InternalServerError"])
def test_a_store_that_does_not_answer_is_said_so(table: Any, code: str) -> None:
    failing = Counting(table)
    outbox, slots = DynamoOutbox(failing, table=TABLE), DynamoSlots(failing, table=TABLE)
    writes: list[Callable[[], object]] = [
        lambda: outbox.replace(OWED, OWED.delivered(ENTRY)),
        lambda: slots.take("acct_1", now_ms=START_MS, until_ms=START_MS + 1, random=0.0),
        lambda: slots.give_back("acct_1", slot=0, until_ms=START_MS),
    ]
    for write in writes:
        failing.fail_next(code, status=400)
        with pytest.raises(TemporarilyUnavailableError):
            write()


def test_a_refused_call_is_a_bug_and_goes_up(table: Any) -> None:
    failing = Counting(table)
    failing.fail_next("AccessDeniedException")
    with pytest.raises(ClientError):
        DynamoOutbox(failing, table=TABLE).replace(OWED, OWED.delivered(ENTRY))
