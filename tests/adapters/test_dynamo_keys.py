"""The keys table: one write lets a key in and counts it, and nothing but the write decides."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from corent.accounts.keys import ApiKey, KeyStatus, Mode, Scope, key_sha256, new_secret
from corent.accounts.limiter import RateClass, RateLimit
from corent.accounts.store import Admission
from corent.adapters.dynamo.keys import DynamoKeys
from corent.core.errors import TemporarilyUnavailableError
from corent.usecases.manage_keys import ManageKeys, NewKey
from tests.adapters.counting import Counting
from tests.fakes import START_MS, FakeClock, ulid

LIMIT = RateLimit(per_minute=60, burst=5)
GENERATE, READ = RateClass.GENERATE, RateClass.READ


def a_key(number: int = 1, **changes: Any) -> ApiKey:
    key = ApiKey(
        id=f"key_{ulid(number)}",
        account_id="acct_1",
        mode=Mode.LIVE,
        scopes=(Scope.GENERATE, Scope.READ),
        label="büro",
        prefix="co_live_",
        last4="abcd",
        status=KeyStatus.ACTIVE,
        created_at_ms=START_MS,
        expires_at_s=None,
        limit_micros=None,
    )
    return replace(key, **changes)


class Store:
    """The real store over counted calls."""

    def __init__(self, client: Any, *keys: ApiKey) -> None:
        self.client = Counting(client)
        self.keys = DynamoKeys(self.client, table="keys")
        for number, key in enumerate(keys, start=1):
            self.keys.add(key, key_sha256=f"hash{number}")
        self.client.calls.clear()

    def admit(
        self,
        hashed: str = "hash1",
        *,
        now_ms: int = START_MS,
        rate_class: RateClass = GENERATE,
        limit: RateLimit = LIMIT,
    ) -> Admission | None:
        return self.keys.admit(hashed, rate_class=rate_class, limit=limit, now_ms=now_ms)

    def passes(self, *, now_ms: int = START_MS, rate_class: RateClass = GENERATE) -> bool:
        admission = self.admit(now_ms=now_ms, rate_class=rate_class)
        assert admission is not None
        return admission.rate.retry_after_s is None


@pytest.mark.parametrize(
    "key",
    [
        a_key(),
        a_key(mode=Mode.TEST, scopes=(Scope.ADMIN,), label="", limit_micros=5_000_000),
        a_key(expires_at_s=START_MS // 1000 + 60),
    ],
)
def test_a_key_comes_back_as_it_was_stored(key: ApiKey, client: Any) -> None:
    admission = Store(client, key).admit()
    assert admission is not None
    assert admission.key == key


def test_an_unknown_key_is_not_admitted_and_leaves_nothing_behind(client: Any) -> None:
    store = Store(client)
    assert store.admit("unknown") is None
    assert client.scan(TableName="keys")["Items"] == []


def test_a_key_is_refused_from_its_revocation_on(client: Any) -> None:
    store = Store(client, a_key())
    assert store.passes()
    assert store.keys.revoke("acct_1", key_id=a_key().id)
    assert [store.admit(now_ms=START_MS + 60_000 * minute) for minute in range(3)] == [None] * 3


def test_a_busy_key_is_refused_from_its_revocation_on(client: Any) -> None:
    store = Store(client, a_key())
    for _ in range(10):
        store.admit()
    store.keys.revoke("acct_1", key_id=a_key().id)
    assert store.admit() is None


def test_a_key_is_refused_from_the_second_it_expires(client: Any) -> None:
    expires_at_s = START_MS // 1000 + 60
    store = Store(client, a_key(expires_at_s=expires_at_s))
    assert store.admit(now_ms=expires_at_s * 1000 - 1) is not None
    assert store.admit(now_ms=expires_at_s * 1000) is None
    assert store.admit(now_ms=expires_at_s * 1000 + 86_400_000) is None


def test_a_refused_key_is_not_counted(client: Any) -> None:
    store = Store(client, a_key(status=KeyStatus.REVOKED))
    store.admit()
    assert "tat_generate" not in client.scan(TableName="keys")["Items"][0]


@pytest.mark.parametrize("burst", [1, 5, 20])
def test_at_one_instant_exactly_the_burst_passes(burst: int, client: Any) -> None:
    store = Store(client, a_key())
    limit = RateLimit(per_minute=60, burst=burst)
    admissions = [store.admit(limit=limit) for _ in range(burst + 3)]
    passed = [a is not None and a.rate.retry_after_s is None for a in admissions]
    assert passed == [True] * burst + [False] * 3


def test_the_numbers_of_the_headers_follow_the_stored_time(client: Any) -> None:
    store = Store(client, a_key())
    states = [admission.rate for _ in range(6) if (admission := store.admit()) is not None]
    assert [state.limit for state in states] == [60] * 6
    assert [state.remaining for state in states] == [4, 3, 2, 1, 0, 0]
    assert [state.reset_s for state in states] == [1, 2, 3, 4, 5, 5]
    assert [state.retry_after_s for state in states] == [None] * 5 + [1]


def test_the_promised_wait_is_enough(client: Any) -> None:
    store = Store(client, a_key())
    for _ in range(6):
        store.admit()
    assert not store.passes(now_ms=START_MS + 999)
    assert store.passes(now_ms=START_MS + 1_000)
    assert not store.passes(now_ms=START_MS + 1_000)


def test_reading_and_generating_have_limits_of_their_own(client: Any) -> None:
    store = Store(client, a_key())
    for _ in range(6):
        store.admit(rate_class=GENERATE)
    assert store.passes(rate_class=READ)
    assert not store.passes(rate_class=GENERATE)


def test_keys_have_limits_of_their_own(client: Any) -> None:
    store = Store(client, a_key(1), a_key(2))
    for _ in range(6):
        store.admit("hash1")
    other = store.admit("hash2")
    assert other is not None
    assert other.rate.retry_after_s is None


@pytest.mark.parametrize("before", [0, 1, 3, 8])
def test_a_key_costs_one_write_idle_busy_or_over_its_limit(before: int, client: Any) -> None:
    store = Store(client, a_key())
    for _ in range(before):
        store.admit()
    store.client.calls.clear()
    store.admit()
    assert store.client.calls == Counter(update_item=1)


def test_a_key_kept_busy_from_elsewhere_costs_two_writes_once(client: Any) -> None:
    store = Store(client, a_key())
    DynamoKeys(client, table="keys").admit("hash1", rate_class=GENERATE, limit=LIMIT, now_ms=START_MS)
    store.admit()
    assert store.client.calls == Counter(update_item=2)
    store.admit()
    assert store.client.calls == Counter(update_item=3)


def test_two_environments_share_one_burst(client: Any) -> None:
    stores = [DynamoKeys(client, table="keys") for _ in range(2)]
    stores[0].add(a_key(), key_sha256="hash1")
    passed = [
        admission.rate.retry_after_s is None
        for turn in range(10)
        if (admission := stores[turn % 2].admit("hash1", rate_class=GENERATE, limit=LIMIT, now_ms=START_MS))
    ]
    assert passed == [True] * LIMIT.burst + [False] * 5


def test_an_environment_whose_clock_lags_still_counts(client: Any) -> None:
    store = Store(client, a_key())
    DynamoKeys(client, table="keys").admit("hash1", rate_class=GENERATE, limit=LIMIT, now_ms=START_MS + 2_000)
    assert store.passes()
    assert store.passes(now_ms=START_MS + 60_000)


@pytest.mark.parametrize("hashed", ["unknown", "hash1"])
def test_a_key_that_is_not_in_force_costs_one_write(hashed: str, client: Any) -> None:
    store = Store(client, a_key(status=KeyStatus.REVOKED))
    store.admit(hashed)
    assert store.client.calls == Counter(update_item=1)


def test_a_lost_race_for_an_idle_key_is_counted_like_the_others(client: Any) -> None:
    store = Store(client, a_key())
    rival = DynamoKeys(client, table="keys")

    def first_the_rival() -> None:
        rival.admit("hash1", rate_class=GENERATE, limit=LIMIT, now_ms=START_MS)

    store.client.before_next(first_the_rival)
    admission = store.admit()
    assert admission is not None
    assert admission.rate.remaining == LIMIT.burst - 2


def test_a_key_is_never_stored_over_another(client: Any) -> None:
    store = Store(client, a_key(1))
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        store.keys.add(a_key(2), key_sha256="hash1")


def test_the_table_never_holds_a_key(client: Any) -> None:
    manage = ManageKeys(keys=DynamoKeys(client, table="keys"), clock=FakeClock())
    new = NewKey(label="a", mode=Mode.LIVE, scopes=(Scope.READ,), limit_micros=None, expires_at_s=None)
    secrets = [manage.create("acct_1", new)[1] for _ in range(5)]
    dump = str(client.scan(TableName="keys"))
    assert all(key_sha256(secret) in dump for secret in secrets)
    assert not [secret for secret in secrets if secret in dump or secret[8:40] in dump]


def test_keys_are_listed_newest_first_with_the_revoked_and_without_those_of_others(client: Any) -> None:
    store = Store(client, a_key(1), a_key(2), a_key(3, account_id="acct_2"), a_key(4, limit_micros=7))
    store.keys.revoke("acct_1", key_id=a_key(2).id)
    assert store.keys.list_by_account("acct_1") == [
        a_key(4, limit_micros=7),
        a_key(2, status=KeyStatus.REVOKED),
        a_key(1),
    ]


def test_a_long_list_is_read_to_its_end(client: Any) -> None:
    store = Store(client, *[a_key(number, label="x" * 2_000) for number in range(1, 701)])
    assert len(store.keys.list_by_account("acct_1")) == 700
    assert store.client.calls["query"] > 1


def test_a_revocation_may_be_repeated(client: Any) -> None:
    store = Store(client, a_key())
    assert [store.keys.revoke("acct_1", key_id=a_key().id) for _ in range(2)] == [True, True]


@pytest.mark.parametrize(("account_id", "number"), [("acct_2", 1), ("acct_1", 9)])
def test_a_key_of_another_or_of_nobody_is_not_revoked(account_id: str, number: int, client: Any) -> None:
    store = Store(client, a_key(1))
    assert not store.keys.revoke(account_id, key_id=a_key(number).id)
    assert store.passes()


def test_failures_are_counted_by_address_and_minute(client: Any) -> None:
    keys = Store(client).keys
    counts = [keys.count_failure("198.51.100.1", minute=5) for _ in range(3)]
    assert counts == [1, 2, 3]
    assert keys.count_failure("198.51.100.2", minute=5) == 1
    assert keys.count_failure("198.51.100.1", minute=6) == 1


def test_failure_counters_expire_by_themselves(client: Any) -> None:
    Store(client).keys.count_failure("198.51.100.1", minute=5)
    (item,) = client.scan(TableName="keys")["Items"]
    assert int(item["ttl_s"]["N"]) > 6 * 60


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError"]
)
def test_a_store_that_does_not_answer_is_said_so(code: str, client: Any) -> None:
    store = Store(client, a_key())
    store.client.fail_next(code)
    with pytest.raises(TemporarilyUnavailableError):
        store.admit()


def test_new_secret_and_hash_admit_each_other(client: Any) -> None:
    secret = new_secret(Mode.LIVE)
    keys = DynamoKeys(client, table="keys")
    keys.add(a_key(), key_sha256=key_sha256(secret))
    admission = keys.admit(key_sha256(secret), rate_class=READ, limit=LIMIT, now_ms=START_MS)
    assert admission is not None
