"""The people table: one person an address, sessions in force or not by the write that uses them."""

from dataclasses import replace
from typing import Any

import pytest

from corent.accounts.people import Person, Role
from corent.accounts.sessions import ABSOLUTE_MS, IDLE_MS, Session
from corent.adapters.dynamo.people import DynamoPeople
from corent.adapters.dynamo.sessions import DynamoSessions
from corent.core.errors import TemporarilyUnavailableError
from tests.adapters.counting import Counting
from tests.fakes import START_MS

ACCOUNT = "acct_01K00000000000000000000000"
SOMEBODY = Person(
    email="somebody@example.com", account_id=ACCOUNT, role=Role.OWNER, created_at_ms=START_MS, is_ready=False
)
SESSION = Session(
    id="a" * 64,
    account_id=ACCOUNT,
    email="somebody@example.com",
    created_at_ms=START_MS,
    seen_at_ms=START_MS,
    browser="Test/1.0 (büro)",
    key_ids=("b" * 64, "c" * 64),
)
SOON_S = START_MS // 1000 + 600


@pytest.fixture
def people(client: Any) -> DynamoPeople:
    return DynamoPeople(client, table="people")


@pytest.fixture
def counted(client: Any) -> Counting:
    return Counting(client)


@pytest.fixture
def sessions(counted: Counting) -> DynamoSessions:
    return DynamoSessions(counted, table="people")


def test_nobody_is_found_under_an_address_that_never_signed_in(people: DynamoPeople) -> None:
    assert people.find("somebody@example.com") is None


@pytest.mark.parametrize("email", ["somebody@example.com", "SOMEBODY@Example.COM", " somebody@example.com "])
def test_a_person_is_found_however_the_address_is_written(people: DynamoPeople, email: str) -> None:
    assert people.add(SOMEBODY)
    assert people.find(email) == SOMEBODY


def test_an_address_that_has_a_person_takes_no_second(people: DynamoPeople) -> None:
    assert people.add(SOMEBODY)
    assert not people.add(replace(SOMEBODY, account_id="acct_other", email="Somebody@example.com"))
    assert people.find("somebody@example.com") == SOMEBODY


def test_an_account_is_noted_as_ready(people: DynamoPeople) -> None:
    people.add(SOMEBODY)
    for _ in range(2):
        people.mark_ready(SOMEBODY)
    assert people.find(SOMEBODY.email) == replace(SOMEBODY, is_ready=True)


def test_a_session_is_used_in_one_write(counted: Counting, sessions: DynamoSessions) -> None:
    sessions.add(SESSION)
    counted.calls.clear()
    later_ms = START_MS + 60_000
    assert sessions.touch(ACCOUNT, session_id=SESSION.id, now_ms=later_ms) == replace(
        SESSION, seen_at_ms=later_ms
    )
    assert list(counted.calls) == ["update_item"]


@pytest.mark.parametrize(
    ("changes", "now_ms", "is_in_force"),
    [
        ({}, START_MS + IDLE_MS - 1, True),
        ({}, START_MS + IDLE_MS, False),
        ({"seen_at_ms": START_MS + ABSOLUTE_MS - 2}, START_MS + ABSOLUTE_MS - 1, True),
        ({"seen_at_ms": START_MS + ABSOLUTE_MS - 2}, START_MS + ABSOLUTE_MS, False),
    ],
)
def test_a_session_is_in_force_for_its_time(
    sessions: DynamoSessions, changes: dict[str, int], now_ms: int, is_in_force: bool
) -> None:
    sessions.add(replace(SESSION, **changes))  # type: ignore[arg-type]
    touched = sessions.touch(ACCOUNT, session_id=SESSION.id, now_ms=now_ms)
    assert (touched is not None) == is_in_force


@pytest.mark.parametrize(
    ("account_id", "session_id"), [("acct_other", SESSION.id), (ACCOUNT, "d" * 64), (ACCOUNT, "")]
)
def test_a_session_that_is_not_there_is_not_made_by_using_it(
    client: Any, sessions: DynamoSessions, account_id: str, session_id: str
) -> None:
    sessions.add(SESSION)
    assert sessions.touch(account_id, session_id=session_id, now_ms=START_MS) is None
    assert len(client.scan(TableName="people")["Items"]) == 1


def test_an_ended_session_is_gone_at_once(sessions: DynamoSessions) -> None:
    sessions.add(SESSION)
    for _ in range(2):
        sessions.remove(ACCOUNT, session_id=SESSION.id)
    assert sessions.touch(ACCOUNT, session_id=SESSION.id, now_ms=START_MS) is None


def test_an_accounts_sessions_are_its_own(sessions: DynamoSessions) -> None:
    other = replace(SESSION, id="e" * 64)
    for session in (SESSION, other, replace(SESSION, account_id="acct_other")):
        sessions.add(session)
    assert sessions.list_by_account(ACCOUNT) == [SESSION, other]


def test_what_is_kept_is_handed_out_once(sessions: DynamoSessions) -> None:
    sessions.keep("draft#1", "a fox & more", until_s=SOON_S)
    assert sessions.take("draft#1", now_s=SOON_S - 1) == "a fox & more"
    assert sessions.take("draft#1", now_s=SOON_S - 1) is None


def test_what_is_kept_is_not_handed_out_when_its_time_is_over(sessions: DynamoSessions) -> None:
    sessions.keep("draft#1", "a fox", until_s=SOON_S)
    assert sessions.take("draft#1", now_s=SOON_S) is None


def test_the_last_that_was_kept_under_a_name_stands(sessions: DynamoSessions) -> None:
    for kept in ("first", "second"):
        sessions.keep("signin#1", kept, until_s=SOON_S)
    assert sessions.take("signin#1", now_s=SOON_S - 1) == "second"


def test_a_name_is_claimed_once(sessions: DynamoSessions) -> None:
    assert [sessions.claim("form#1", until_s=SOON_S) for _ in range(3)] == [True, False, False]


def test_what_lasts_for_a_while_names_the_second_it_may_be_removed(
    client: Any, sessions: DynamoSessions
) -> None:
    sessions.add(SESSION)
    sessions.keep("draft#1", "a", until_s=SOON_S)
    sessions.claim("form#1", until_s=SOON_S)
    ends = {item["sk"]["S"][:4]: int(item["ttl_s"]["N"]) for item in client.scan(TableName="people")["Items"]}
    assert ends == {"S#aa": (START_MS + ABSOLUTE_MS) // 1000, "KEPT": SOON_S}


def test_a_table_that_does_not_answer_is_said_so(people: DynamoPeople, sessions: DynamoSessions) -> None:
    from botocore.exceptions import ConnectionClosedError

    class Down:
        def __getattr__(self, name: str) -> Any:
            def fail(**_: Any) -> Any:
                raise ConnectionClosedError(endpoint_url=name)

            return fail

    down: Any = Down()
    calls = [
        lambda: DynamoPeople(down, table="people").find("a@b.c"),
        lambda: DynamoPeople(down, table="people").add(SOMEBODY),
        lambda: DynamoSessions(down, table="people").add(SESSION),
        lambda: DynamoSessions(down, table="people").touch(ACCOUNT, session_id="a", now_ms=1),
        lambda: DynamoSessions(down, table="people").take("a", now_s=1),
        lambda: DynamoSessions(down, table="people").claim("a", until_s=1),
    ]
    for call in calls:
        with pytest.raises(TemporarilyUnavailableError):
            call()
