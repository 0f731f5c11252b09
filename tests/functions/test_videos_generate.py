"""POST /v1/videos/generate and what follows: the job, its money, cancelling it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.films import film
from tests.functions.conftest import Answer, Cloud
from tests.functions.upstreams import Files, Films, serving_files

type Offer = Callable[..., None]
LONG_SECRET = {"webhook_secret": "s" * 257}


@pytest.fixture(scope="module")
def files() -> Any:
    with serving_files() as served:
        yield served


@pytest.fixture
def films(files: Files, upstream: Offer) -> Films:
    """The sandbox on offer; its films are done when first looked at."""
    made = Films(files, film())
    upstream("sandbox", made)
    return made


def job(cloud: Cloud, key: str, job_id: str) -> dict[str, Any]:
    document: dict[str, Any] = cloud.call(
        "jobs_get", "GET", "/v1/jobs/{id}", key=key, path={"id": job_id}
    ).json
    return document


def balance(cloud: Cloud, key: str) -> dict[str, int]:
    cents: dict[str, int] = cloud.call("account_balance", "GET", "/v1/account/balance", key=key).json
    return cents


def cancel(cloud: Cloud, key: str, job_id: str) -> Answer:
    return cloud.call("jobs_cancel", "POST", "/v1/jobs/{id}/cancel", key=key, path={"id": job_id})


def test_a_video_is_accepted_at_once_and_held_not_charged(
    cloud: Cloud, account: OpenedAccount, films: Films
) -> None:
    answer = cloud.film(account.live_key)
    assert (answer.status, answer.json["status"]) == (202, "processing")
    assert answer.json["meta"] == {"model": "corent-video-premium"}
    assert cloud.started == [answer.json["id"]]
    money = {name: answer.headers[f"X-Corent-{name}-Cents"] for name in ("Cost", "Hold", "Balance")}
    assert money == {"Cost": "0", "Hold": "63", "Balance": "5000"}
    assert balance(cloud, account.live_key) == {
        "balance_cents": 5000,
        "available_cents": 4937,
        "held_cents": 63,
    }
    assert films.asked == []


def test_a_finished_video_has_the_documented_fields_and_is_charged(
    cloud: Cloud, account: OpenedAccount, films: Films, clock: FakeClock
) -> None:
    job_id = cloud.film(account.live_key, metadata={"order": "7"}).json["id"]
    assert cloud.carry(job_id, clock=clock).error is None
    document = job(cloud, account.live_key, job_id)
    (video,) = document.pop("videos")
    (name,) = cloud.stored()
    assert video == {
        "url": f"https://api.corent.example/{name}",
        "width": 1280,
        "height": 720,
        "duration_s": 5,
    }
    assert name.endswith(".mp4")
    assert "images" not in document
    assert (document["kind"], document["status"], document["metadata"]) == (
        "video",
        "completed",
        {"order": "7"},
    )
    assert (document["meta"]["cost_cents"], document["meta"]["progress_percent"]) == (63, 100)
    assert balance(cloud, account.live_key)["balance_cents"] == 4937


def test_the_same_key_and_body_make_one_video(cloud: Cloud, account: OpenedAccount, films: Films) -> None:
    headers = {"Idempotency-Key": "once"}
    first = cloud.film(account.live_key, headers=headers)
    again = cloud.film(account.live_key, headers=headers)
    assert (again.status, again.json) == (202, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert cloud.started == [first.json["id"]]
    assert balance(cloud, account.live_key)["held_cents"] == 63
    other = cloud.film(account.live_key, headers=headers, duration_s=6)
    assert (other.status, other.json["error"]["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"prompt": ""}, "invalid_prompt", "prompt"),
        ({"prompt": "x" * 4001}, "invalid_prompt", "prompt"),
        ({"aspect_ratio": "4:3"}, "invalid_aspect_ratio", "aspect_ratio"),
        ({"duration_s": 0}, "invalid_duration_s", "duration_s"),
        ({"duration_s": 11}, "invalid_duration_s", "duration_s"),
        ({"duration_s": 2.5}, "invalid_duration_s", "duration_s"),
        ({"duration_s": "5"}, "invalid_duration_s", "duration_s"),
        ({"resolution": "4k"}, "invalid_resolution", "resolution"),
        ({"seed": -1}, "invalid_seed", "seed"),
        ({"n": 2}, "unknown_field", "n"),
        ({"output_format": "png"}, "unknown_field", "output_format"),
        ({"wait_s": 5}, "unknown_field", "wait_s"),
        ({"style": "anime"}, "unknown_field", "style"),
        ({"image_url": "file:///etc/passwd"}, "invalid_image_url", "image_url"),
        ({"image_url": "https://127.0.0.1/a.png"}, "invalid_image_url", "image_url"),
        ({"webhook_url": "https://localhost/x"}, "invalid_webhook_url", "webhook_url"),
        (
            {"webhook_secret": "s" * 257, "webhook_url": "https://a.example"},
            "invalid_webhook_secret",
            "webhook_secret",
        ),
    ],
)
def test_a_broken_rule_is_named_and_nothing_is_held(
    cloud: Cloud, account: OpenedAccount, films: Films, change: dict[str, Any], code: str, param: str
) -> None:
    answer = cloud.film(account.live_key, **change)
    assert (answer.status, answer.json["error"]["code"], answer.json["error"]["param"]) == (422, code, param)
    assert balance(cloud, account.live_key)["held_cents"] == 0
    assert cloud.started == []


def test_a_price_above_the_callers_limit_is_refused(
    cloud: Cloud, account: OpenedAccount, films: Films
) -> None:
    answer = cloud.film(account.live_key, max_cost_cents=62)
    assert (answer.status, answer.json["error"]["required_cents"]) == (402, 63)
    assert cloud.film(account.live_key, max_cost_cents=63).status == 202


def test_without_any_offer_nothing_is_held(cloud: Cloud, account: OpenedAccount) -> None:
    answer = cloud.film(account.live_key)
    assert (answer.status, answer.json["error"]["code"]) == (503, "tier_unavailable")
    assert balance(cloud, account.live_key)["held_cents"] == 0


def test_a_cancelled_video_is_answered_as_cancelled_and_costs_nothing(
    cloud: Cloud, account: OpenedAccount, films: Films, clock: FakeClock
) -> None:
    job_id = cloud.film(account.live_key).json["id"]
    answer = cancel(cloud, account.live_key, job_id)
    assert (answer.status, answer.json["status"]) == (200, "cancelled")
    assert answer.json == job(cloud, account.live_key, job_id)
    assert balance(cloud, account.live_key) == {
        "balance_cents": 5000,
        "available_cents": 5000,
        "held_cents": 0,
    }
    assert cancel(cloud, account.live_key, job_id).status == 200
    assert cloud.carry(job_id, clock=clock).entered[-1] == "Done"
    assert films.asked == []


def test_a_waiting_execution_is_woken_by_a_cancel(
    cloud: Cloud, account: OpenedAccount, films: Films, clock: FakeClock
) -> None:
    films.looks_until_done = 1_000
    job_id = cloud.film(account.live_key).json["id"]
    begun_ms = clock.now_ms()
    cloud.at(begun_ms + 2_000, lambda: cancel(cloud, account.live_key, job_id))
    execution = cloud.carry(job_id, clock=clock)
    assert execution.entered[-1] == "Done"
    assert clock.now_ms() - begun_ms < 5_000
    assert [request.url.path.rpartition("/")[2] for request in films.asked][-1] == "cancel"


def test_a_finished_video_cannot_be_cancelled(
    cloud: Cloud, account: OpenedAccount, films: Films, clock: FakeClock
) -> None:
    job_id = cloud.film(account.live_key).json["id"]
    cloud.carry(job_id, clock=clock)
    answer = cancel(cloud, account.live_key, job_id)
    assert (answer.status, answer.json["error"]["code"]) == (409, "job_not_cancellable")


def test_somebody_elses_video_is_not_there_to_cancel(
    cloud: Cloud, account: OpenedAccount, films: Films
) -> None:
    from corent.wiring.operator import open_account

    job_id = cloud.film(account.live_key).json["id"]
    stranger = open_account(balance_cents=100)
    assert cancel(cloud, stranger.live_key, job_id).status == 404
    assert cancel(cloud, account.test_key, job_id).status == 404
    assert cancel(cloud, account.live_key, "job_nonsense").status == 404
    assert job(cloud, account.live_key, job_id)["status"] == "queued"


def test_an_upstream_gets_a_callback_address_of_its_own_for_each_attempt(
    cloud: Cloud, account: OpenedAccount, films: Films, clock: FakeClock
) -> None:
    films.refuse_first = httpx.Response(503, json={"error": {"code": "failed", "message": "x"}})
    job_id = cloud.film(account.live_key).json["id"]
    cloud.carry(job_id, clock=clock)
    urls = films.callback_urls
    assert len(urls) == len(set(urls)) == 2
    assert all(url.startswith(f"https://api.corent.example/v1/callbacks/sandbox/{job_id}.") for url in urls)
