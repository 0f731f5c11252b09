"""POST /v1/quote, and buying by a quote: the price that was told is the one that is charged."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest

from corent.accounts.keys import Scope
from corent.providers.catalog import offers, tiers
from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.films import film
from tests.forbidden_words import find_forbidden
from tests.functions.conftest import Answer, Cloud, clear_wiring
from tests.functions.test_access import grant
from tests.functions.test_images_generate import IMAGE
from tests.functions.upstreams import LIVE_PROVIDERS, Conversation, Files, Films, serving_files

type Offer = Callable[..., None]

PHOTO = {"prompt": "a red fox", "preference": "fast"}
CLIP = {"prompt": "a red fox runs", "kind": "video"}


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    with serving_files() as served:
        yield served


@pytest.fixture
def painter(upstream: Offer) -> None:
    upstream("openai", lambda _: IMAGE)


@pytest.fixture
def everything(upstream: Offer, files: Files) -> None:
    """Images and videos are on offer, for live and for test keys."""
    upstream("sandbox", Films(files, film()))


def ask(cloud: Cloud, key: str, **body: Any) -> Answer:
    return cloud.call("quote", "POST", "/v1/quote", key=key, body=body)


def quote_id(cloud: Cloud, key: str, **body: Any) -> str:
    answer = ask(cloud, key, **body)
    assert answer.status == 200, answer.text
    given: str = answer.json["quote_id"]
    return given


def with_prices(monkeypatch: pytest.MonkeyPatch, *, factor: int) -> None:
    """A catalog with other prices, in an environment that knows no other."""
    from corent.wiring import drafts

    changed = tuple(replace(tier, price_micros=factor * tier.price_micros) for tier in tiers())
    monkeypatch.setattr(drafts, "tiers", lambda: changed)
    clear_wiring()


def held(cloud: Cloud) -> list[dict[str, Any]]:
    """The writes in which a hold and its job are born."""
    writes = [each for operation, each in cloud.sent if operation == "TransactWriteItems"]
    return [
        each
        for each in writes
        if "jobs" in [next(iter(write.values()))["TableName"] for write in each["TransactItems"]]
    ]


def refusal(answer: Answer) -> tuple[int, str, str | None]:
    error = answer.json["error"]
    return answer.status, error["code"], error["param"]


# ---- the quote -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("painter")
def test_a_quote_tells_model_price_times_and_how_long_it_is_good(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    answer = ask(cloud, account.live_key, **PHOTO)
    assert answer.status == 200
    body = answer.json
    assert list(body) == ["quote_id", "model", "price_cents", "expected_ms", "p95_ms", "expires_at"]
    assert (body["model"], body["price_cents"]) == ("corent-image-fast", 2)
    rows = [each for each in offers() if (each.upstream, each.tier) == ("openai", "corent-image-fast")]
    told = (body["expected_ms"], body["p95_ms"])
    assert told in [(each.typical_latency_ms, each.slow_latency_ms) for each in rows]
    left_ms = round(datetime.fromisoformat(body["expires_at"]).timestamp() * 1000) - clock.now_ms()
    assert left_ms == 600_000


@pytest.mark.usefixtures("painter")
def test_asking_buys_nothing_and_counts_as_a_read(cloud: Cloud, account: OpenedAccount) -> None:
    cloud.sent.clear()
    answer = ask(cloud, account.live_key, **PHOTO)
    assert answer.headers["RateLimit-Limit"] == "600"
    assert not [name for name in answer.headers if name.startswith("X-Corent-")]
    assert held(cloud) == []
    assert cloud.call("jobs_list", "GET", "/v1/jobs", key=account.live_key).json["jobs"] == []
    balance = cloud.call("account_balance", "GET", "/v1/account/balance", key=account.live_key).json
    assert balance == {"balance_cents": 5000, "available_cents": 5000, "held_cents": 0}


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize(
    ("body", "model", "price_cents"),
    [
        ({}, "corent-image-standard", 4),
        ({"n": 3, "preference": "quality"}, "corent-image-studio", 36),
        ({"kind": "image"}, "corent-image-standard", 4),
        ({"kind": None}, "corent-image-standard", 4),
        ({"kind": "video"}, "corent-video-premium", 63),
        ({"duration_s": 5}, "corent-video-premium", 63),
        ({"duration_s": 10}, "corent-video-premium", 126),
        ({"resolution": "720p"}, "corent-video-premium", 63),
        ({"preference": "cheap", "duration_s": 1}, "corent-video-economy", 5),
    ],
    ids=str,
)
def test_what_is_quoted_is_told_by_kind_or_by_what_only_a_video_has(
    cloud: Cloud, account: OpenedAccount, body: dict[str, Any], model: str, price_cents: int
) -> None:
    quoted = ask(cloud, account.live_key, prompt="a fox", **body).json
    assert (quoted["model"], quoted["price_cents"]) == (model, price_cents)


@pytest.mark.usefixtures("everything")
def test_a_longer_film_is_told_to_take_longer(cloud: Cloud, account: OpenedAccount) -> None:
    five, ten = (ask(cloud, account.live_key, **CLIP, duration_s=each).json for each in (5, 10))
    for name in ("expected_ms", "p95_ms"):
        assert ten[name] == 2 * five[name]
    assert five["expected_ms"] <= five["p95_ms"]


@pytest.mark.usefixtures("painter")
@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"prompt": ""}, "invalid_prompt", "prompt"),
        ({"n": "2"}, "invalid_n", "n"),
        ({"kind": "song"}, "invalid_kind", "kind"),
        ({"kind": ["image"]}, "invalid_kind", "kind"),
        ({"kind": "video", "style": "anime"}, "unknown_field", "style"),
        ({"kind": "video", "n": 1}, "unknown_field", "n"),
        ({"kind": "image", "duration_s": 5}, "unknown_field", "duration_s"),
        ({"duration_s": 5, "n": 1}, "unknown_field", "n"),
        ({"duration_s": 11}, "invalid_duration_s", "duration_s"),
        ({"resolution": "4k"}, "invalid_resolution", "resolution"),
        ({"duration_s": 5, "aspect_ratio": "21:9"}, "invalid_aspect_ratio", "aspect_ratio"),
        ({"metadata": {"a": 1}}, "invalid_metadata", "metadata.a"),
        ({"provider": "x"}, "unknown_field", "provider"),
        ({"image": 1}, "unknown_field", "image"),
    ],
    ids=str,
)
def test_a_broken_rule_is_named_as_where_it_is_bought(
    cloud: Cloud, account: OpenedAccount, change: dict[str, Any], code: str, param: str
) -> None:
    assert refusal(ask(cloud, account.live_key, **{**PHOTO, **change})) == (422, code, param)


@pytest.mark.usefixtures("painter")
@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        ("{}", 422, "missing_field"),
        ('{"kind": "video"}', 422, "missing_field"),
        ("[]", 422, "invalid_body"),
        ('"a fox"', 422, "invalid_body"),
        ("{", 400, "malformed_json"),
        ("", 400, "malformed_json"),
    ],
)
def test_what_is_no_order_gets_no_quote(
    cloud: Cloud, account: OpenedAccount, raw: str, status: int, code: str
) -> None:
    answer = cloud.call("quote", "POST", "/v1/quote", key=account.live_key, raw=raw)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)


def test_without_an_upstream_there_is_no_quote(cloud: Cloud, account: OpenedAccount) -> None:
    answer = ask(cloud, account.live_key, **PHOTO)
    assert refusal(answer) == (503, "tier_unavailable", None)
    assert answer.headers["Retry-After"]


@pytest.mark.usefixtures("painter")
def test_a_price_above_the_budget_is_refused_as_where_it_is_bought(
    cloud: Cloud, account: OpenedAccount
) -> None:
    assert ask(cloud, account.live_key, **PHOTO, max_cost_cents=2).status == 200
    answers = [
        ask(cloud, account.live_key, **PHOTO, max_cost_cents=1),
        cloud.generate(account.live_key, max_cost_cents=1),
    ]
    assert [refusal(each) for each in answers] == [(402, "max_cost_exceeded", "max_cost_cents")] * 2
    assert [each.json["error"]["required_cents"] for each in answers] == [2, 2]


@pytest.mark.usefixtures("painter")
@pytest.mark.parametrize("scope", list(Scope))
def test_only_a_key_that_may_buy_may_ask(cloud: Cloud, account: OpenedAccount, scope: Scope) -> None:
    answer = ask(cloud, grant(account.account_id, scope), **PHOTO)
    assert answer.status == (200 if scope is Scope.GENERATE else 403)


@pytest.mark.usefixtures("painter")
def test_without_its_secret_there_are_no_quotes_and_orders_without_one_do_not_mind(
    cloud: Cloud, account: OpenedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORENT_QUOTE_SECRET", "corent/none")
    assert refusal(ask(cloud, account.live_key, **PHOTO)) == (503, "temporarily_unavailable", None)
    refused = cloud.generate(account.live_key, quote_id="quote_1.1." + "A" * 43)
    assert refusal(refused) == (503, "temporarily_unavailable", None)
    assert held(cloud) == []
    assert cloud.generate(account.live_key).status == 200


# ---- buying by a quote ---------------------------------------------------------------------------


@pytest.mark.usefixtures("painter")
def test_everything_that_shows_the_cost_shows_the_quoted_one(
    cloud: Cloud, account: OpenedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = account.live_key
    quoted = quote_id(cloud, key, **PHOTO)
    with_prices(monkeypatch, factor=7)
    answer = cloud.generate(key, quote_id=quoted)
    assert (answer.status, answer.json["meta"]["cost_cents"]) == (200, 2)
    money = {name: answer.headers[f"X-Corent-{name}-Cents"] for name in ("Cost", "Hold", "Balance")}
    assert money == {"Cost": "2", "Hold": "0", "Balance": "4998"}
    job_id = answer.json["id"]
    job = cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=key, path={"id": job_id}).json
    assert job["meta"]["cost_cents"] == 2
    usage = cloud.call("account_usage", "GET", "/v1/account/usage", key=key).json
    assert (usage["total_spent_cents"], usage["recent_jobs"][0]["cost_cents"]) == (2, 2)
    query = {"request_id": job_id}
    explained = cloud.call("routing_explain", "GET", "/v1/routing/explain", key=key, query=query).json
    assert explained["quote_cents"] == 2
    entries = cloud.call("account_ledger", "GET", "/v1/account/ledger", key=key).json["entries"]
    assert [(each["kind"], each["amount_cents"]) for each in entries[:2]] == [("capture", 2), ("hold", 2)]
    # The next one, without the quote, costs what it costs now.
    assert cloud.generate(key).json["meta"]["cost_cents"] == 14


@pytest.mark.usefixtures("everything")
def test_a_video_is_held_and_charged_as_quoted(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = account.live_key
    quoted = quote_id(cloud, key, **CLIP)
    with_prices(monkeypatch, factor=3)
    answer = cloud.film(key, quote_id=quoted)
    assert (answer.status, answer.headers["X-Corent-Hold-Cents"]) == (202, "63")
    assert cloud.carry(answer.json["id"], clock=clock).error is None
    job = cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=key, path={"id": answer.json["id"]}).json
    assert (job["status"], job["meta"]["cost_cents"]) == ("completed", 63)
    balance = cloud.call("account_balance", "GET", "/v1/account/balance", key=key).json
    assert balance == {"balance_cents": 4937, "available_cents": 4937, "held_cents": 0}


def test_a_failover_to_a_dearer_upstream_does_not_change_what_is_charged(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corent.wiring import images, upstreams

    first = {"cost_micros": 1_000, "typical_latency_ms": 500, "slow_latency_ms": 1_000}
    dearer = {"cost_micros": 90_000, "typical_latency_ms": 5_000, "slow_latency_ms": 8_000}
    by_upstream = {each.upstream: each for each in offers() if each.tier == "corent-image-fast"}
    rows = (replace(by_upstream["openai"], **first), replace(by_upstream["recraft"], **dearer))
    for module in (images, upstreams):
        monkeypatch.setattr(module, "offers", lambda: rows)
    asked: list[int | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.port)
        return httpx.Response(503) if len(asked) == 1 else IMAGE

    upstream("openai", answer, base_url="http://127.0.0.1:9")
    upstream("recraft", answer, base_url="http://127.0.0.1:10")
    quoted = quote_id(cloud, account.live_key, **PHOTO)
    made = cloud.generate(account.live_key, quote_id=quoted)
    assert asked == [9, 10]
    assert (made.status, made.json["meta"]["cost_cents"]) == (200, 2)
    assert made.headers["X-Corent-Balance-Cents"] == "4998"


@pytest.mark.usefixtures("painter")
def test_a_quote_is_good_for_ten_minutes_and_refused_after_with_nothing_held(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    quoted = quote_id(cloud, account.live_key, **PHOTO)
    clock.sleep(599.999)
    assert cloud.generate(account.live_key, quote_id=quoted).status == 200
    cloud.sent.clear()
    clock.sleep(0.001)
    answer = cloud.generate(account.live_key, quote_id=quoted)
    assert refusal(answer) == (422, "quote_expired", "quote_id")
    assert answer.json["error"]["retryable"] is False
    assert held(cloud) == []


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "a red fox "},
        {"preference": "cheap"},
        {"style": "anime"},
        {"aspect_ratio": "16:9"},
        {"n": 2},
        {"seed": 1},
        {"negative_prompt": "snow"},
        {"output_format": "webp"},
        {"image_url": "https://pictures.example/a.png"},
        {"on_refusal": "failover"},
    ],
    ids=str,
)
def test_an_altered_image_was_not_quoted(
    cloud: Cloud, account: OpenedAccount, change: dict[str, Any]
) -> None:
    quoted = quote_id(cloud, account.live_key, **PHOTO)
    answer = cloud.generate(account.live_key, **{**PHOTO, **change}, quote_id=quoted)
    assert refusal(answer) == (422, "invalid_quote_id", "quote_id")
    assert held(cloud) == []


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "a red fox runs "},
        {"preference": "cheap"},
        {"aspect_ratio": "9:16"},
        {"duration_s": 4},
        {"resolution": "1080p"},
        {"seed": 1},
        {"negative_prompt": "snow"},
        {"image_url": "https://pictures.example/a.png"},
        {"on_refusal": "failover"},
    ],
    ids=str,
)
def test_an_altered_video_was_not_quoted(
    cloud: Cloud, account: OpenedAccount, change: dict[str, Any]
) -> None:
    quoted = quote_id(cloud, account.live_key, **CLIP)
    answer = cloud.film(account.live_key, **change, quote_id=quoted)
    assert refusal(answer) == (422, "invalid_quote_id", "quote_id")
    assert held(cloud) == []


@pytest.mark.usefixtures("everything")
def test_what_is_not_part_of_the_order_may_differ(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    key = account.live_key
    beside = {
        "metadata": {"order": "7"},
        "webhook_url": "https://hooks.example/in",
        "webhook_secret": "s" * 16,
        "max_cost_cents": 63,
    }
    photo = quote_id(cloud, key, **PHOTO, **beside, wait_s=3)
    assert cloud.generate(key, quote_id=photo, n=1, output_format="png", wait_s=0).status == 202
    plain = quote_id(cloud, key, **PHOTO)
    assert cloud.generate(key, quote_id=plain, **{**beside, "metadata": {"b": "c"}}).status == 202
    clip = quote_id(cloud, key, **CLIP, **beside, duration_s=5)
    assert cloud.film(key, quote_id=clip).status == 202
    # A body as it was sent is quoted anew, also with the quote it had.
    assert ask(cloud, key, **PHOTO, quote_id=photo).status == 200


@pytest.mark.usefixtures("everything")
def test_a_quote_is_for_the_wallet_that_asked_and_for_its_kind(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    from corent.wiring.operator import open_account

    other = open_account(balance_cents=100)
    body = {"prompt": "a red fox", "preference": "fast"}
    live, test = (quote_id(cloud, key, **body) for key in (account.live_key, account.test_key))
    moving = quote_id(cloud, account.live_key, **body, kind="video")
    refused = [
        cloud.generate(other.live_key, quote_id=live),
        cloud.generate(account.test_key, quote_id=live),
        cloud.generate(account.live_key, quote_id=test),
        cloud.generate(account.live_key, quote_id=moving),
        cloud.film(account.live_key, **body, quote_id=live),
        cloud.generate(account.live_key, quote_id=live[:-1] + ("A" if live[-1] != "A" else "B")),
        *(
            cloud.generate(account.live_key, quote_id=each)
            for each in ("", "quote_", "x" * 5_000, "\N{SNOWMAN}")
        ),
    ]
    assert {refusal(answer) for answer in refused} == {(422, "invalid_quote_id", "quote_id")}
    assert len({answer.json["error"]["message"] for answer in refused}) == 1
    assert held(cloud) == []
    # Another key of the same wallet may use it.
    mine = grant(account.account_id, Scope.GENERATE)
    assert cloud.generate(mine, quote_id=live, wait_s=0).status == 202
    assert cloud.generate(account.test_key, quote_id=test, wait_s=0).status == 202


@pytest.mark.usefixtures("everything")
def test_a_batch_takes_no_quote(cloud: Cloud, account: OpenedAccount) -> None:
    photo, clip = (quote_id(cloud, account.live_key, **each) for each in (PHOTO, CLIP))
    for function, item, quoted in (("images", PHOTO, photo), ("videos", {"prompt": "a red fox runs"}, clip)):
        for body, param in (
            ({"requests": [item, {**item, "quote_id": quoted}]}, "requests[1].quote_id"),
            ({"requests": [item], "quote_id": quoted}, "quote_id"),
        ):
            answer = cloud.call(
                f"{function}_batch", "POST", f"/v1/{function}/batch", key=account.live_key, body=body
            )
            assert refusal(answer) == (422, "unknown_field", param)
    assert held(cloud) == []


@pytest.mark.usefixtures("painter")
def test_the_budget_is_compared_with_what_was_quoted(
    cloud: Cloud, account: OpenedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    quoted = quote_id(cloud, account.live_key, **PHOTO)
    with_prices(monkeypatch, factor=3)
    refused = cloud.generate(account.live_key, quote_id=quoted, max_cost_cents=1)
    assert refusal(refused) == (402, "max_cost_exceeded", "max_cost_cents")
    assert refused.json["error"]["required_cents"] == 2
    assert cloud.generate(account.live_key, quote_id=quoted, max_cost_cents=2).status == 200


@pytest.mark.usefixtures("everything")
def test_a_repeat_answers_as_the_first_also_once_quote_and_price_are_over(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, headers = account.live_key, {"Idempotency-Key": "once"}
    photo, clip = (quote_id(cloud, key, **each) for each in (PHOTO, CLIP))
    body = {"quote_id": photo, "max_cost_cents": 2, "wait_s": 0}
    first = cloud.generate(key, headers=headers, **body)
    filmed = cloud.film(key, headers={"Idempotency-Key": "film"}, quote_id=clip)
    with_prices(monkeypatch, factor=3)
    clock.sleep(600)
    again = cloud.generate(key, headers=headers, **body)
    assert (first.status, again.status, again.json) == (202, 202, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    filmed_again = cloud.film(key, headers={"Idempotency-Key": "film"}, quote_id=clip)
    assert (filmed_again.status, filmed_again.json) == (202, filmed.json)
    fresh = cloud.generate(key, headers={"Idempotency-Key": "twice"}, **body)
    assert refusal(fresh) == (422, "quote_expired", "quote_id")
    other = cloud.generate(key, headers=headers, quote_id=photo)
    assert refusal(other) == (422, "idempotency_key_reused", "Idempotency-Key")


@pytest.mark.usefixtures("painter")
def test_a_quote_does_not_wait_for_money(cloud: Cloud) -> None:
    from corent.wiring.operator import open_account

    poor = open_account(balance_cents=1)
    quoted = quote_id(cloud, poor.live_key, **PHOTO)
    answer = cloud.generate(poor.live_key, quote_id=quoted)
    assert (answer.status, answer.json["error"]["code"]) == (402, "insufficient_funds")
    assert answer.json["error"]["required_cents"] == 2


@pytest.mark.parametrize("provider", LIVE_PROVIDERS)
def test_neither_answer_nor_token_names_an_upstream(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, files: Files, provider: str
) -> None:
    upstream(provider, Conversation(files))
    seen = [
        ask(cloud, account.live_key, prompt="a fox", preference=preference, output_format=output_format)
        for preference in ("fast", "cheap", "balanced", "quality")
        for output_format in ("png", "jpeg")
    ]
    given = [each.json["quote_id"] for each in seen if each.status == 200]
    assert given
    assert find_forbidden("\n".join(each.text + str(each.headers) for each in seen)) == []
    # Nothing is wrapped in it either: a time, a price and the seal, which is all that has no meaning.
    for token in given:
        time_ms, price_micros, seal = token.removeprefix("quote_").split(".")
        assert (time_ms.isdigit(), price_micros.isdigit()) == (True, True)
        assert len(base64.urlsafe_b64decode(seal + "=")) == 32
