"""Nothing a caller sees of a video names the upstream that made it, or failed to."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.films import CANARY, box, film
from tests.forbidden_words import find_forbidden
from tests.functions.conftest import Cloud
from tests.functions.test_leaks import WORDS, accepted_then, always, result_texts, rows, talkative
from tests.functions.upstreams import BASE_URL, Files, serving_files
from tests.providers import (
    test_fal_videos,
    test_google_videos,
    test_luma,
    test_replicate,
    test_runway,
    test_xai,
)
from tests.providers.test_catalog import SHIPPED

type Offer = Callable[..., None]
type Script = Callable[[httpx.Request], httpx.Response]
FAL_URLS = {
    "status_url": f"{BASE_URL}/status",
    "response_url": f"{BASE_URL}/result",
    "cancel_url": f"{BASE_URL}/cancel",
}


@dataclass(frozen=True)
class Maker:
    """One provider: how it accepts, how it says that a film is done, and its error tables."""

    accepted: httpx.Response
    done: Callable[[str], list[httpx.Response]]
    tests: Any

    @property
    def failures(self) -> Iterator[Script]:
        for row in rows(self.tests.test_says_failed_submits_in_our_words):
            yield always(row)
        for row in rows(self.tests.test_says_failed_look_ups_in_our_words):
            yield accepted_then(self.accepted, *(row if isinstance(row, list) else [row]))


MAKERS = {
    "fal": Maker(
        accepted=test_fal_videos.queued(**FAL_URLS),
        done=lambda url: [test_fal_videos.told("COMPLETED"), test_fal_videos.made(url)],
        tests=test_fal_videos,
    ),
    "google": Maker(
        accepted=test_google_videos.interaction("queued"),
        done=lambda url: [test_google_videos.completed(test_google_videos.video(uri=url))],
        tests=test_google_videos,
    ),
    "luma": Maker(
        accepted=test_luma.generation("queued"),
        done=lambda url: [test_luma.completed({"type": "video", "url": url})],
        tests=test_luma,
    ),
    "replicate": Maker(
        accepted=test_replicate.prediction("starting", 201),
        done=lambda url: [test_replicate.prediction("succeeded", output=url)],
        tests=test_replicate,
    ),
    "runway": Maker(
        accepted=test_runway.accepted(),
        done=lambda url: [test_runway.task("SUCCEEDED", output=[url])],
        tests=test_runway,
    ),
    "xai": Maker(
        accepted=test_xai.accepted(),
        done=lambda url: [test_xai.made(url)],
        tests=test_xai,
    ),
}


def test_every_maker_of_films_on_offer_is_tried() -> None:
    assert set(MAKERS) == {row["upstream"] for row in SHIPPED["videos"]} - {"sandbox"}


every_maker = pytest.mark.parametrize("provider", MAKERS)


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    with serving_files() as served:
        yield served


def carried(cloud: Cloud, key: str, clock: FakeClock, **body: Any) -> dict[str, Any]:
    """Buy a film and let its execution end: the job, with all that a caller could read of it."""
    answer = cloud.film(key, preference="quality", **body)
    job_id = answer.headers["X-Request-Id"].replace("req_", "job_")
    execution = cloud.carry(job_id, clock=clock)
    assert execution.error is None
    seen = [
        answer,
        cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=key, path={"id": job_id}),
        cloud.call("jobs_list", "GET", "/v1/jobs", key=key),
        cloud.call("routing_explain", "GET", "/v1/routing/explain", key=key, query={"request_id": job_id}),
        cloud.call("account_usage", "GET", "/v1/account/usage", key=key),
    ]
    said = [each.text for each in seen] + [f"{n}: {v}" for each in seen for n, v in each.headers.items()]
    assert find_forbidden("\n".join(said)) == []
    clock.sleep(2)
    document: dict[str, Any] = seen[1].json
    return document


@every_maker
def test_a_delivered_film_names_no_upstream(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, files: Files, clock: FakeClock, provider: str
) -> None:
    maker = MAKERS[provider]
    marked = film() + box(b"udta", CANARY, WORDS.encode())
    url = files.put(f"{provider}.mp4", marked)
    upstream(provider, accepted_then(maker.accepted, *maker.done(url)))
    job = carried(cloud, account.live_key, clock)
    assert job["status"] == "completed"
    assert find_forbidden(result_texts(cloud)) == []
    assert CANARY.decode() not in result_texts(cloud)


@every_maker
def test_no_failure_names_the_upstream_it_came_from(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock, provider: str
) -> None:
    script: list[Script] = []
    upstream(provider, lambda request: script[0](request))
    ends = set()
    for failing in MAKERS[provider].failures:
        script[:] = [failing]
        ends.add(carried(cloud, account.live_key, clock)["status"])
    assert ends == {"failed"}


def test_what_an_upstream_says_to_a_cancel_is_nobodys_business(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    accepted = MAKERS["runway"].accepted

    def answer(request: httpx.Request) -> httpx.Response:
        told = accepted if request.method == "POST" else httpx.Response(404, json={"error": "no task"})
        reply = talkative(told)
        assert isinstance(reply, httpx.Response)
        return reply

    upstream("runway", answer)
    key = account.live_key
    job_id = cloud.film(key, preference="quality").json["id"]
    cloud.at(
        clock.now_ms() + 2_000,
        lambda: cloud.call("jobs_cancel", "POST", "/v1/jobs/{id}/cancel", key=key, path={"id": job_id}),
    )
    cloud.carry(job_id, clock=clock)
    answer_text = cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=key, path={"id": job_id}).text
    assert json.loads(answer_text)["status"] in ("cancelled", "failed")
    assert find_forbidden(answer_text) == []
