"""GET /v1/jobs/{id} and GET /v1/jobs: the document, pages and filters."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock, ulid
from tests.functions.conftest import Answer, Cloud
from tests.functions.test_images_generate import DOWN, IMAGE

type Offer = Callable[..., None]

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def get(cloud: Cloud, key: str, job_id: str) -> Answer:
    return cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=key, path={"id": job_id})


def listed(cloud: Cloud, key: str, **query: str) -> Answer:
    return cloud.call("jobs_list", "GET", "/v1/jobs", key=key, query=query or None)


def refusing(request: httpx.Request) -> httpx.Response:
    return httpx.Response(400, json={"error": {"code": "moderation_blocked"}})


def test_a_completed_job_has_the_documented_fields(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        clock.sleep(1.5)
        return IMAGE

    upstream("openai", answer)
    made = cloud.generate(account.live_key, metadata={"shop": "7"}).json
    job = get(cloud, account.live_key, made["id"])
    assert job.status == 200
    assert TIME.fullmatch(job.json["created_at"])
    assert TIME.fullmatch(job.json["completed_at"])
    assert job.json == {
        "id": made["id"],
        "kind": "image",
        "status": "completed",
        "created_at": job.json["created_at"],
        "completed_at": job.json["completed_at"],
        "images": made["images"],
        "meta": {
            "model": "corent-image-fast",
            "cost_cents": 2,
            "duration_ms": 1500,
            "progress_percent": 100,
        },
        "metadata": {"shop": "7"},
        "error": None,
        "webhook": {"status": "none", "attempts": 0},
    }


@pytest.mark.parametrize(
    ("provider", "answer", "code", "retryable"),
    [
        ("openai", refusing, "content_policy_violation", False),
        ("bfl", lambda _: DOWN, "tier_unavailable", True),
    ],
)
def test_a_failed_job_carries_its_error_and_costs_nothing(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    provider: str,
    answer: Any,
    code: str,
    retryable: bool,
) -> None:
    upstream(provider, answer)
    failed = cloud.generate(account.live_key)
    job = get(cloud, account.live_key, failed.headers["X-Request-Id"].replace("req_", "job_")).json
    assert (job["status"], job["meta"]["cost_cents"]) == ("failed", 0)
    assert "images" not in job
    assert job["error"] == failed.json["error"]
    assert (job["error"]["code"], job["error"]["retryable"]) == (code, retryable)
    assert job["meta"]["progress_percent"] < 100
    assert job["completed_at"] is not None


def test_an_unfinished_jobs_progress_grows_and_stays_below_100(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    upstream("openai", lambda _: IMAGE)
    job_id = cloud.generate(account.live_key, wait_s=0).json["id"]
    seen = []
    for _ in range(6):
        job = get(cloud, account.live_key, job_id).json
        assert (job["status"], job["completed_at"], job["meta"]["duration_ms"]) == ("queued", None, None)
        assert "images" not in job
        seen.append(job["meta"]["progress_percent"])
        clock.sleep(60)
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] == 99


@pytest.fixture
def five(cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock) -> list[str]:
    """Ids of five jobs, newest first: completed, queued, failed, completed, completed."""
    upstream("openai", lambda request: IMAGE if b"a cat" not in request.content else refusing(request))
    ids = []
    for prompt, wait_s in (("a", 25), ("b", 25), ("a cat", 25), ("c", 0), ("d", 25)):
        answer = cloud.generate(account.live_key, prompt=prompt, wait_s=wait_s)
        ids.append(answer.headers["X-Request-Id"].replace("req_", "job_"))
        clock.sleep(1)
    return sorted(ids, reverse=True)


def test_the_list_is_newest_first_and_shows_the_same_documents(
    cloud: Cloud, account: OpenedAccount, five: list[str]
) -> None:
    page = listed(cloud, account.live_key)
    assert page.status == 200
    assert [job["id"] for job in page.json["jobs"]] == five
    assert page.json["next_cursor"] is None
    for job in page.json["jobs"]:
        assert job == get(cloud, account.live_key, job["id"]).json


def test_pages_show_every_job_once(cloud: Cloud, account: OpenedAccount, five: list[str]) -> None:
    for limit in range(1, 7):
        seen: list[str] = []
        query = {"limit": str(limit)}
        pages = 0
        while pages == 0 or "cursor" in query:
            page = listed(cloud, account.live_key, **query).json
            pages += 1
            seen += [job["id"] for job in page["jobs"]]
            query.pop("cursor", None)
            if page["next_cursor"] is not None:
                query["cursor"] = page["next_cursor"]
        assert (seen, pages) == (five, -(-5 // limit))


def test_a_status_filter_shows_only_such_jobs(cloud: Cloud, account: OpenedAccount, five: list[str]) -> None:
    counts = {"completed": 3, "queued": 1, "failed": 1, "cancelled": 0, "processing": 0}
    by_status = {job["id"]: job["status"] for job in listed(cloud, account.live_key).json["jobs"]}
    for status, count in counts.items():
        page = listed(cloud, account.live_key, status=status).json
        assert [job["id"] for job in page["jobs"]] == [id for id in five if by_status[id] == status]
        assert len(page["jobs"]) == count


def test_a_filtered_list_goes_on_where_its_page_ended(
    cloud: Cloud, account: OpenedAccount, five: list[str]
) -> None:
    first = listed(cloud, account.live_key, status="completed", limit="2").json
    second = listed(cloud, account.live_key, status="completed", limit="2", cursor=first["next_cursor"]).json
    assert [len(first["jobs"]), len(second["jobs"])] == [2, 1]
    assert second["next_cursor"] is None


def test_a_kind_filter_shows_only_such_jobs(cloud: Cloud, account: OpenedAccount, five: list[str]) -> None:
    assert len(listed(cloud, account.live_key, kind="image").json["jobs"]) == 5
    assert listed(cloud, account.live_key, kind="video").json == {"jobs": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ({"limit": "0"}, "invalid_limit", "limit"),
        ({"limit": "101"}, "invalid_limit", "limit"),
        ({"limit": "-1"}, "invalid_limit", "limit"),
        ({"limit": "1.5"}, "invalid_limit", "limit"),
        ({"limit": "many"}, "invalid_limit", "limit"),
        ({"limit": ""}, "invalid_limit", "limit"),
        ({"cursor": "x"}, "invalid_cursor", "cursor"),
        ({"cursor": ""}, "invalid_cursor", "cursor"),
        ({"cursor": f"key_{ulid(1)}"}, "invalid_cursor", "cursor"),
        ({"status": "done"}, "invalid_status", "status"),
        ({"status": "COMPLETED"}, "invalid_status", "status"),
        ({"kind": "audio"}, "invalid_kind", "kind"),
    ],
)
def test_a_broken_rule_of_the_list_is_named(
    cloud: Cloud, account: OpenedAccount, query: dict[str, str], code: str, param: str
) -> None:
    answer = listed(cloud, account.live_key, **query)
    error = answer.json["error"]
    assert (answer.status, error["type"], error["code"], error["param"]) == (
        422,
        "invalid_request_error",
        code,
        param,
    )


@pytest.mark.parametrize("limit", ["1", "100"])
def test_the_limits_own_ends_are_allowed(cloud: Cloud, account: OpenedAccount, limit: str) -> None:
    assert listed(cloud, account.live_key, limit=limit).status == 200


def test_a_cursor_of_another_account_shows_only_own_jobs(
    cloud: Cloud, account: OpenedAccount, five: list[str]
) -> None:
    from corent.wiring.operator import open_account

    other = open_account(balance_cents=100)
    assert listed(cloud, other.live_key, cursor=five[0]).json == {"jobs": [], "next_cursor": None}


def test_a_job_that_was_carried_on_completes_and_is_charged(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    upstream("openai", lambda _: IMAGE)
    job_id = cloud.generate(account.live_key, wait_s=0).json["id"]
    assert cloud.started == [job_id]
    assert cloud.carry(job_id, clock=clock).entered == ["Submit", "Await", "Decide", "Settle"]
    job = get(cloud, account.live_key, job_id).json
    assert (job["status"], job["meta"]["cost_cents"], len(job["images"])) == ("completed", 2, 1)
