"""The account endpoints: balance, usage and ledger, as JSON and as tables."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from corent.core.clock import rfc3339
from corent.core.ids import time_ms_of
from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.functions.conftest import Answer, Cloud
from tests.functions.test_images_generate import IMAGE
from tests.functions.upstreams import Conversation, serving_files

type Offer = Callable[..., None]
TABLE = {"Accept": "text/csv"}


def balance(cloud: Cloud, key: str) -> dict[str, int]:
    document: dict[str, int] = cloud.call("account_balance", "GET", "/v1/account/balance", key=key).json
    return document


def usage(cloud: Cloud, key: str, *, headers: dict[str, str] | None = None, **query: str) -> Answer:
    return cloud.call("account_usage", "GET", "/v1/account/usage", key=key, query=query, headers=headers)


def ledger(cloud: Cloud, key: str, *, headers: dict[str, str] | None = None, **query: str) -> Answer:
    return cloud.call("account_ledger", "GET", "/v1/account/ledger", key=key, query=query, headers=headers)


@pytest.fixture
def bought(cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock) -> list[str]:
    """Ids of four jobs, newest first: held, failed, and two completed."""
    refusal = httpx.Response(400, json={"error": {"code": "moderation_blocked"}})
    upstream("openai", lambda request: refusal if b"broken" in request.content else IMAGE)
    orders: list[dict[str, Any]] = [
        {"preference": "fast"},
        {"preference": "fast"},
        {"prompt": "broken"},
        {"wait_s": 0},
    ]
    ids = []
    for order in orders:
        answer = cloud.generate(account.live_key, **order)
        ids.append(answer.headers["X-Request-Id"].replace("req_", "job_"))
        clock.sleep(1)
    return sorted(ids, reverse=True)


def test_the_balance_shows_what_is_not_yet_charged_and_what_is_held(
    cloud: Cloud, account: OpenedAccount, bought: list[str]
) -> None:
    assert balance(cloud, account.live_key) == {
        "balance_cents": 4996,
        "available_cents": 4994,
        "held_cents": 2,
    }


def test_a_test_key_shows_the_test_wallet(cloud: Cloud, account: OpenedAccount) -> None:
    assert balance(cloud, account.test_key) == {
        "balance_cents": 10_000,
        "available_cents": 10_000,
        "held_cents": 0,
    }


def test_the_test_wallet_is_filled_up_once_a_day(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    with serving_files() as files:
        upstream("sandbox", Conversation(files))
        seen = []
        for _ in range(2):
            assert cloud.generate(account.test_key).headers["X-Corent-Cost-Cents"] == "2"
            seen.append(balance(cloud, account.test_key)["balance_cents"])
    clock.sleep(86_400)
    seen.append(balance(cloud, account.test_key)["balance_cents"])
    assert seen == [9_998, 9_996, 10_000]


def test_usage_has_the_documented_fields(cloud: Cloud, account: OpenedAccount, bought: list[str]) -> None:
    body = usage(cloud, account.live_key).json
    assert (body["total_spent_cents"], body["total_jobs"], body["next_cursor"]) == (4, 4, None)
    assert [job["id"] for job in body["recent_jobs"]] == bought
    assert [(job["status"], job["cost_cents"]) for job in body["recent_jobs"]] == [
        ("queued", 0),
        ("failed", 0),
        ("completed", 2),
        ("completed", 2),
    ]
    assert set(body["recent_jobs"][0]) == {
        "id",
        "kind",
        "status",
        "model",
        "cost_cents",
        "duration_ms",
        "created_at",
    }


def test_usage_pages_show_every_job_once(cloud: Cloud, account: OpenedAccount, bought: list[str]) -> None:
    first = usage(cloud, account.live_key, limit="3").json
    second = usage(cloud, account.live_key, limit="3", cursor=first["next_cursor"]).json
    assert [job["id"] for page in (first, second) for job in page["recent_jobs"]] == bought
    assert second["next_cursor"] is None
    assert second["total_jobs"] == 4


def test_a_span_counts_only_what_lies_in_it(cloud: Cloud, account: OpenedAccount, bought: list[str]) -> None:
    first, second = (rfc3339(time_ms_of(job_id.removeprefix("job_"))) for job_id in (bought[3], bought[2]))
    body = usage(cloud, account.live_key, **{"from": first, "to": second}).json
    assert (body["total_spent_cents"], body["total_jobs"]) == (2, 1)
    assert [job["id"] for job in body["recent_jobs"]] == [bought[3]]
    everything = usage(cloud, account.live_key, **{"from": first[:10]}).json
    assert (everything["total_spent_cents"], everything["total_jobs"]) == (4, 4)


def test_an_empty_span_is_zero(cloud: Cloud, account: OpenedAccount, bought: list[str]) -> None:
    body = usage(cloud, account.live_key, **{"from": "2020-01-01", "to": "2020-01-02"}).json
    assert body == {"total_spent_cents": 0, "total_jobs": 0, "recent_jobs": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": "0"}, "invalid_limit"),
        ({"limit": "101"}, "invalid_limit"),
        ({"cursor": "job_1"}, "invalid_cursor"),
        ({"from": "yesterday"}, "invalid_from"),
        ({"from": "2026-02-30"}, "invalid_from"),
        ({"to": "20261122"}, "invalid_to"),
        ({"to": "2026-11-22T25:00:00Z"}, "invalid_to"),
        ({"from": "2026-11-23", "to": "2026-11-22"}, "invalid_from"),
        ({"from": "2024-01-01", "to": "2026-01-01"}, "invalid_from"),
    ],
)
def test_a_broken_rule_of_usage_is_named(
    cloud: Cloud, account: OpenedAccount, query: dict[str, str], code: str
) -> None:
    answer = usage(cloud, account.live_key, **query)
    assert (answer.status, answer.json["error"]["code"]) == (422, code)
    assert f"invalid_{answer.json['error']['param']}" == code


def test_the_ledger_has_the_documented_fields_newest_first(
    cloud: Cloud, account: OpenedAccount, bought: list[str]
) -> None:
    body = ledger(cloud, account.live_key).json
    held, failed, second, first = bought
    rows = [(entry["kind"], entry["amount_cents"], entry["job_id"]) for entry in body["entries"]]
    assert rows == [
        ("hold", 2, held),
        ("release", 2, failed),
        ("hold", 2, failed),
        ("capture", 2, second),
        ("hold", 2, second),
        ("capture", 2, first),
        ("hold", 2, first),
        ("promo", 5000, None),
    ]
    assert body["next_cursor"] is None
    assert {"id", "kind", "amount_cents", "created_at", "job_id"} <= set(body["entries"][0])


@pytest.mark.parametrize("limit", [1, 7])
def test_ledger_pages_show_every_entry_once(
    cloud: Cloud, account: OpenedAccount, bought: list[str], limit: int
) -> None:
    whole = ledger(cloud, account.live_key).json["entries"]
    seen: list[Any] = []
    query = {"limit": str(limit)}
    while True:
        page = ledger(cloud, account.live_key, **query).json
        seen += page["entries"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == whole


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": "0"}, "invalid_limit"),
        ({"limit": "101"}, "invalid_limit"),
        ({"cursor": "x"}, "invalid_cursor"),
        ({"cursor": "%"}, "invalid_cursor"),
        ({"cursor": "MTIz"}, "invalid_cursor"),
    ],
)
def test_a_broken_rule_of_the_ledger_is_named(
    cloud: Cloud, account: OpenedAccount, query: dict[str, str], code: str
) -> None:
    answer = ledger(cloud, account.live_key, **query)
    assert (answer.status, answer.json["error"]["code"]) == (422, code)


def table(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_usage_as_a_table_says_the_same(cloud: Cloud, account: OpenedAccount, bought: list[str]) -> None:
    rows = table(usage(cloud, account.live_key, headers=TABLE))
    jobs = usage(cloud, account.live_key).json["recent_jobs"]
    assert rows == [{name: "" if v is None else str(v) for name, v in job.items()} for job in jobs]


def test_the_ledger_as_a_table_says_the_same(cloud: Cloud, account: OpenedAccount, bought: list[str]) -> None:
    rows = table(ledger(cloud, account.live_key, headers=TABLE))
    entries = ledger(cloud, account.live_key).json["entries"]
    assert rows == [{name: "" if v is None else str(v) for name, v in entry.items()} for entry in entries]


def test_no_cell_of_a_table_begins_a_formula(cloud: Cloud, account: OpenedAccount, upstream: Offer) -> None:
    upstream("openai", lambda _: IMAGE)
    for start in "=+-@":
        said = f"{start}HYPERLINK(1)"
        cloud.generate(account.live_key, prompt=said, negative_prompt=said, metadata={said: said})
    for answer in (
        usage(cloud, account.live_key, headers=TABLE),
        ledger(cloud, account.live_key, headers=TABLE),
    ):
        cells = [cell for row in csv.reader(io.StringIO(answer.text)) for cell in row]
        assert len(cells) > 20
        # A negative number is a number.
        words = [cell for cell in cells if not re.fullmatch(r"-\d+", cell)]
        assert not [cell for cell in words if cell[:1] in tuple("=+-@\t\r")]


def pages(cloud: Cloud, function: str, key: str, **query: str) -> list[list[dict[str, str]]]:
    """Every page of a table, each found by the link of the one before."""
    path, found = f"/v1/account/{function.removeprefix('account_')}", []
    while True:
        answer = cloud.call(function, "GET", path, key=key, query=query, headers=TABLE)
        found.append(table(answer))
        if "Link" not in answer.headers:
            return found
        target, relation = answer.headers["Link"].split("; ")
        assert (urlsplit(target.strip("<>")).path, relation) == (path, 'rel="next"')
        query = dict(parse_qsl(urlsplit(target.strip("<>")).query))


@pytest.mark.parametrize("function", ["account_ledger", "account_usage"])
def test_a_table_links_to_its_next_page(
    cloud: Cloud, account: OpenedAccount, bought: list[str], function: str
) -> None:
    (whole,) = pages(cloud, function, account.live_key)
    apart = pages(cloud, function, account.live_key, limit="1")
    assert len(apart) == len(whole) > 2
    assert [row for page in apart for row in page] == whole


def test_a_tables_next_page_keeps_the_span_that_was_asked_for(
    cloud: Cloud, account: OpenedAccount, bought: list[str]
) -> None:
    span = {"from": "2020-01-01", "to": "2021-01-01T00:00:00+00:00"}
    assert pages(cloud, "account_usage", account.live_key, limit="1", **span) == [[]]
    yesterday = rfc3339(time_ms_of(bought[0].removeprefix("job_")) - 86_400_000)[:10]
    answer = usage(cloud, account.live_key, headers=TABLE, limit="1", **{"from": yesterday})
    assert f"from={yesterday}" in answer.headers["Link"]


def test_an_error_of_a_table_is_json(cloud: Cloud, account: OpenedAccount) -> None:
    answer = usage(cloud, account.live_key, headers=TABLE, limit="0")
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/json")
