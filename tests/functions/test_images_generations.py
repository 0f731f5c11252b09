"""POST /v1/images/generations: OpenAI's words in and out, and one purchase a call."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corent.core.errors import InvalidRequestError
from corent.core.idempotency import fingerprint
from corent.core.tiers import AspectRatio
from corent.edge.bodies.generations import AnyStyle, GenerationsBody
from corent.edge.bodies.images import Style
from corent.edge.generations import EDGE_PX_MIN, PIXELS_MAX, RATIO_TOLERANCE, aspect_ratio_of
from corent.providers.catalog import offers
from corent.usecases import read_results
from corent.usecases.open_account import OpenedAccount
from corent.wiring import images
from tests.fakes import FakeClock
from tests.functions.conftest import Answer, Cloud
from tests.functions.openai_client import Wire, openai_client
from tests.functions.test_images_generate import DOWN
from tests.pictures import encoded, png

PATH = "/v1/images/generations"

type Offer = Callable[..., None]


class Maker:
    """An upstream that keeps what it was asked, and makes pictures until it is told otherwise."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.refusal: httpx.Response | None = None
        self.picture = png()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.asked.append(body)
        data = [{"b64_json": base64.b64encode(self.picture).decode()}] * body.get("n", 1)
        return self.refusal or httpx.Response(200, json={"created": 1, "data": data})


@pytest.fixture
def maker(upstream: Offer, monkeypatch: pytest.MonkeyPatch) -> Maker:
    made = Maker()
    # So that it is asked inside the wait, and asked again.
    quick = tuple(replace(offer, slow_latency_ms=1_000) for offer in offers())
    monkeypatch.setattr(images, "offers", lambda: quick)
    upstream("openai", made)
    return made


@pytest.fixture
def wire(cloud: Cloud) -> Wire:
    return Wire(cloud)


@pytest.fixture
def client(wire: Wire, account: OpenedAccount, monkeypatch: pytest.MonkeyPatch) -> openai.OpenAI:
    # Its own pauses between two tries are not what is tested.
    monkeypatch.setattr("openai._base_client.time.sleep", lambda _: None)
    return openai_client(wire, account.live_key)


def send(cloud: Cloud, key: str | None, *, headers: dict[str, str] | None = None, **body: Any) -> Answer:
    """A request with a prompt, for the fast tier, unless something else is said."""
    document = {"prompt": "a red fox", "model": "fast", **body}
    return cloud.call("images_generations", "POST", PATH, key=key, body=document, headers=headers)


def balance(cloud: Cloud, account: OpenedAccount) -> int:
    answer = cloud.call("account_balance", "GET", "/v1/account/balance", key=account.live_key)
    cents: int = answer.json["available_cents"]
    return cents


def job_of(cloud: Cloud, account: OpenedAccount, job_id: str) -> Any:
    request = {"key": account.live_key, "path": {"id": job_id}}
    return cloud.call("jobs_get", "GET", "/v1/jobs/{id}", **request).json


# ---- the answer ------------------------------------------------------------------------------------


def test_the_official_client_gets_an_image_with_only_its_key_and_address_changed(
    cloud: Cloud, account: OpenedAccount, client: openai.OpenAI, maker: Maker
) -> None:
    result = client.images.generate(prompt="a red fox", model="fast")
    assert result.data is not None
    (image,) = result.data
    assert image.url is not None
    assert image.b64_json is not None
    content = cloud.stored()[image.url.removeprefix("https://api.corent.example/")]
    assert base64.b64decode(image.b64_json) == content
    assert (result.size, result.output_format) == ("64x64", "png")
    assert result.usage is None
    job = job_of(cloud, account, result.id)  # type: ignore[attr-defined]
    assert job["meta"]["model"] == result.model == "corent-image-fast"  # type: ignore[attr-defined]
    assert job["images"][0]["url"] == image.url
    assert balance(cloud, account) == 4998


def test_the_answer_says_what_was_charged(cloud: Cloud, account: OpenedAccount, maker: Maker) -> None:
    answer = send(cloud, account.live_key, n=2)
    assert answer.status == 200
    assert set(answer.json) == {"created", "data", "output_format", "size", "id", "model", "cost_cents"}
    assert len(answer.json["data"]) == 2
    assert answer.json["cost_cents"] == 4
    assert answer.headers["X-Corent-Cost-Cents"] == "4"
    assert answer.headers["X-Corent-Balance-Cents"] == "4996"
    assert answer.headers["RateLimit-Limit"] == "60"
    job = job_of(cloud, account, answer.json["id"])
    assert job["completed_at"].startswith("20")


def test_who_wants_addresses_only_gets_no_content(cloud: Cloud, account: OpenedAccount, maker: Maker) -> None:
    answer = send(cloud, account.live_key, response_format="url")
    assert set(answer.json["data"][0]) == {"url"}


def test_content_that_does_not_fit_into_an_answer_is_left_to_its_address(
    cloud: Cloud, account: OpenedAccount, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = 2 * len(send(cloud, account.live_key).json["data"][0]["b64_json"]) * 3 // 4
    monkeypatch.setattr(read_results, "INLINE_BYTES_MAX", fits)
    assert all("b64_json" in each for each in send(cloud, account.live_key, n=2).json["data"])
    assert all(set(each) == {"url"} for each in send(cloud, account.live_key, n=3).json["data"])


def test_more_content_than_surely_fits_is_refused_before_it_is_bought(
    cloud: Cloud, account: OpenedAccount, maker: Maker
) -> None:
    answer = send(cloud, account.live_key, n=3, response_format="b64_json")
    assert (answer.status, answer.json["error"]["code"]) == (422, "invalid_n")
    assert "jpeg or webp" in answer.json["error"]["message"]
    assert maker.asked == []
    assert send(cloud, account.live_key, n=2, response_format="b64_json").status == 200


def test_the_largest_content_stays_below_what_a_function_may_answer() -> None:
    # 6 MB for the whole answer; base64 takes four characters for three bytes.
    assert read_results.INLINE_BYTES_MAX * 4 / 3 + 100_000 < 6 * 1024 * 1024


# ---- what is asked for -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "tier"),
    [
        ({}, "standard"),
        ({"model": None}, "standard"),
        ({"model": "auto"}, "standard"),
        ({"model": "balanced"}, "standard"),
        ({"model": "fast"}, "fast"),
        ({"model": "cheap"}, "economy"),
        ({"model": "quality"}, "studio"),
        ({"model": "corent-image-fast"}, "fast"),
        ({"model": "corent-image-studio", "quality": "auto"}, "studio"),
        ({"quality": "low"}, "economy"),
        ({"quality": "medium"}, "standard"),
        ({"quality": "standard"}, "standard"),
        ({"quality": "auto"}, "standard"),
        ({"quality": None}, "standard"),
        *(({"quality": word}, "studio") for word in ("high", "xhigh", "max", "hd")),
    ],
    ids=str,
)
def test_model_and_quality_decide_the_tier(
    cloud: Cloud, account: OpenedAccount, said: dict[str, Any], tier: str
) -> None:
    # A budget of nothing has every price refused and told.
    body = {"prompt": "a red fox", "max_cost_cents": 0, **said}
    answer = cloud.call("images_generations", "POST", PATH, key=account.live_key, body=body)
    prices = {"fast": 2, "economy": 1, "standard": 4, "studio": 12}
    assert answer.status == 402
    assert answer.json["error"]["required_cents"] == prices[tier]


def test_the_order_is_what_was_asked_for(cloud: Cloud, account: OpenedAccount, maker: Maker) -> None:
    maker.picture = encoded("webp", size=(96, 64))
    answer = send(
        cloud,
        account.live_key,
        prompt="a lighthouse",
        size="1536x1024",
        output_format="webp",
        style="natural",
        negative_prompt="people",
        metadata={"order": "17"},
        user="user-1",
        safety_identifier="abc",
    )
    assert answer.status == 200, answer.text
    (item,) = [
        each for each in cloud.client("dynamodb").scan(TableName="jobs")["Items"] if each["sk"]["S"] == "JOB"
    ]
    kept = json.dumps(item)
    assert "3:2" in kept
    assert "webp" in kept
    assert "people" in kept
    assert "user-1" not in kept
    assert "abc" not in kept
    assert job_of(cloud, account, item["pk"]["S"].removeprefix("J#"))["metadata"] == {"order": "17"}


@pytest.mark.parametrize(("style", "words"), [("vivid", "cinematic"), ("anime", "anime")])
def test_a_style_becomes_ours(
    cloud: Cloud, account: OpenedAccount, maker: Maker, style: str, words: str
) -> None:
    assert send(cloud, account.live_key, style=style).status == 200
    assert words in maker.asked[0]["prompt"].lower()


def test_every_style_of_ours_is_taken_here_too() -> None:
    ours, here = (set(get_args(style.__value__)) for style in (Style, AnyStyle))
    assert here == ours | {"vivid", "natural"}


def test_every_field_may_be_null(cloud: Cloud, account: OpenedAccount, maker: Maker) -> None:
    nulls = dict.fromkeys(set(GenerationsBody.model_fields) - {"prompt", "model"})
    assert send(cloud, account.live_key, **nulls).status == 200
    assert send(cloud, account.live_key, prompt=None).json["error"]["code"] == "invalid_prompt"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"prompt": ""}, "invalid_prompt"),
        ({"prompt": "x" * 4001}, "invalid_prompt"),
        ({"model": "gpt-image-2"}, "invalid_model"),
        ({"model": "corent-video-fast"}, "invalid_model"),
        ({"model": ""}, "invalid_model"),
        ({"model": 7}, "invalid_model"),
        ({"n": 0}, "invalid_n"),
        ({"n": 5}, "invalid_n"),
        ({"n": "1"}, "invalid_n"),
        ({"n": True}, "invalid_n"),
        ({"size": "1024"}, "invalid_size"),
        ({"size": "1024X1024"}, "invalid_size"),
        ({"size": "01024x1024"}, "invalid_size"),
        ({"size": "1024x1024 "}, "invalid_size"),
        ({"size": "0x0"}, "invalid_size"),
        ({"size": "255x255"}, "invalid_size"),
        ({"size": "3840x2160"}, "invalid_size"),
        ({"size": "1024x300"}, "invalid_size"),
        ({"size": "-1024x1024"}, "invalid_size"),
        ({"size": "１０２４x１０２４"}, "invalid_size"),
        ({"response_format": "base64"}, "invalid_response_format"),
        ({"output_format": "gif"}, "invalid_output_format"),
        ({"output_format": "svg"}, "invalid_output_format"),
        ({"output_compression": 50}, "invalid_output_compression"),
        ({"quality": "best"}, "invalid_quality"),
        ({"model": "fast", "quality": "high"}, "invalid_quality"),
        ({"style": "gloomy"}, "invalid_style"),
        ({"background": "transparent"}, "invalid_background"),
        ({"moderation": "low"}, "invalid_moderation"),
        ({"stream": True}, "invalid_stream"),
        ({"stream": 0}, "invalid_stream"),
        ({"partial_images": 1}, "invalid_partial_images"),
        ({"partial_images": False}, "invalid_partial_images"),
        ({"user": "u" * 513}, "invalid_user"),
        ({"seed": -1}, "invalid_seed"),
        ({"max_cost_cents": -1}, "invalid_max_cost_cents"),
    ],
    ids=str,
)
def test_what_cannot_be_made_is_refused_by_name_and_nothing_is_bought(
    cloud: Cloud, account: OpenedAccount, maker: Maker, change: dict[str, Any], code: str
) -> None:
    answer = send(cloud, account.live_key, **change)
    error = answer.json["error"]
    assert (answer.status, error["type"], error["code"]) == (422, "invalid_request_error", code)
    assert error["param"] == code.removeprefix("invalid_")
    assert maker.asked == []
    assert balance(cloud, account) == 5_000


@pytest.mark.parametrize(
    "field",
    ["complexity", "frame_count", "frame_duration_ms", "svg", "image", "mask", "webhook_url", "wait_s", "x"],
)
def test_a_field_that_is_not_known_is_refused_by_name(
    cloud: Cloud, account: OpenedAccount, field: str
) -> None:
    error = send(cloud, account.live_key, **{field: 1}).json["error"]
    assert (error["code"], error["param"]) == ("unknown_field", field)


@pytest.mark.parametrize("raw", ["", "{", "[]", "7", "null"])
def test_a_body_that_is_no_object_is_refused(cloud: Cloud, account: OpenedAccount, raw: str) -> None:
    answer = cloud.call("images_generations", "POST", PATH, key=account.live_key, raw=raw)
    assert answer.status in (400, 422)
    assert answer.json["error"]["code"] in ("malformed_json", "invalid_body", "missing_field")


# ---- sizes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        ("auto", "1:1"),
        ("1024x1024", "1:1"),
        ("512x512", "1:1"),
        ("256x256", "1:1"),
        ("1536x1024", "3:2"),
        ("1024x1536", "2:3"),
        ("1792x1024", "16:9"),
        ("1024x1792", "9:16"),
        ("1536x864", "16:9"),
        ("1280x720", "16:9"),
        ("1024x768", "4:3"),
        ("768x1024", "3:4"),
        ("1512x648", "21:9"),
    ],
)
def test_sizes_that_are_documented_have_their_ratio(size: str, ratio: str) -> None:
    assert aspect_ratio_of(size) == ratio


def ratio_or_none(width_px: int, height_px: int) -> AspectRatio | None:
    try:
        return aspect_ratio_of(f"{width_px}x{height_px}")
    except InvalidRequestError:
        return None


EDGES = st.integers(1, 4096)


@given(EDGES, EDGES)
def test_a_size_is_as_near_to_its_ratio_as_is_promised_or_refused(width_px: int, height_px: int) -> None:
    found = ratio_or_none(width_px, height_px)
    near = [
        ratio
        for ratio in AspectRatio
        for w, h in [ratio.split(":")]
        if abs((int(w) / int(h)) / (width_px / height_px) - 1) <= RATIO_TOLERANCE
    ]
    makeable = min(width_px, height_px) >= EDGE_PX_MIN and width_px * height_px <= PIXELS_MAX
    assert ([found] if found else []) == (near if makeable else [])


@given(EDGES, EDGES)
def test_a_size_on_its_side_has_the_ratio_on_its_side(width_px: int, height_px: int) -> None:
    found, turned = ratio_or_none(width_px, height_px), ratio_or_none(height_px, width_px)
    if AspectRatio.CINEMA not in (found, turned):  # It has no counterpart.
        assert (found is None) == (turned is None)
        assert found is None or turned == ":".join(reversed(found.split(":")))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
BODIES = st.dictionaries(st.text(max_size=4), JSON, max_size=5)


@given(BODIES, st.randoms(use_true_random=False))
def test_a_body_is_the_same_in_whatever_order_and_spacing_it_is_written(body: Any, random: Any) -> None:
    names = list(body)
    random.shuffle(names)
    written = json.dumps({name: body[name] for name in names}, indent=random.choice([None, 1, 4]))
    assert fingerprint("POST", PATH, json.loads(written)) == fingerprint("POST", PATH, body)


@given(BODIES, BODIES)
def test_bodies_that_differ_are_told_apart(one: Any, other: Any) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (fingerprint("POST", PATH, one) == fingerprint("POST", PATH, other)) == same


# ---- errors, as the official client raises them ----------------------------------------------------


def test_a_wrong_key_is_its_authentication_error(wire: Wire, client: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError) as raised:
        client.with_options(api_key="sk-wrong").images.generate(prompt="a fox")
    assert raised.value.code == "invalid_api_key"
    assert raised.value.type == "authentication_error"
    assert raised.value.request_id == wire.answers[-1].headers["X-Request-Id"]


def test_missing_money_is_a_status_error_402_that_is_not_repeated(
    wire: Wire, client: openai.OpenAI, maker: Maker
) -> None:
    with pytest.raises(openai.APIStatusError) as raised:
        client.images.generate(prompt="a fox", extra_body={"max_cost_cents": 0})
    assert (raised.value.status_code, raised.value.code) == (402, "max_cost_exceeded")
    assert len(wire.sent) == 1


def test_a_missing_scope_is_its_permission_error(
    wire: Wire, cloud: Cloud, account: OpenedAccount, client: openai.OpenAI
) -> None:
    body = {"label": "k", "scopes": ["read"]}
    key = cloud.call("keys_create", "POST", "/v1/account/keys", key=account.live_key, body=body).json["key"]
    with pytest.raises(openai.PermissionDeniedError) as raised:
        client.with_options(api_key=key).images.generate(prompt="a fox")
    assert raised.value.code == "missing_scope"


def test_a_bad_field_is_its_unprocessable_entity_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError) as raised:
        client.images.generate(prompt="a fox", size="1x1")
    assert (raised.value.code, raised.value.param) == ("invalid_size", "size")


def test_refused_content_is_its_unprocessable_entity_error_and_costs_nothing(
    cloud: Cloud, account: OpenedAccount, client: openai.OpenAI, maker: Maker
) -> None:
    maker.refusal = httpx.Response(400, json={"error": {"code": "moderation_blocked", "message": "no"}})
    with pytest.raises(openai.UnprocessableEntityError) as raised:
        client.images.generate(prompt="a fox", model="fast")
    assert raised.value.type == "content_policy_error"
    assert balance(cloud, account) == 5_000


def test_a_tier_that_is_down_is_its_internal_server_error_after_every_try(
    cloud: Cloud, account: OpenedAccount, wire: Wire, client: openai.OpenAI, maker: Maker
) -> None:
    maker.refusal = DOWN
    with pytest.raises(openai.InternalServerError) as raised:
        client.images.generate(prompt="a fox", model="fast")
    assert raised.value.code == "tier_unavailable"
    assert [request.headers["x-stainless-retry-count"] for request in wire.sent] == ["0", "1", "2"]
    assert balance(cloud, account) == 5_000


def test_too_many_requests_are_its_rate_limit_error(
    clock: FakeClock, client: openai.OpenAI, maker: Maker
) -> None:
    once = client.with_options(max_retries=0)
    for _ in range(20):
        once.images.generate(prompt="a fox", model="fast")
    with pytest.raises(openai.RateLimitError) as raised:
        once.images.generate(prompt="a fox", model="fast")
    assert raised.value.code == "rate_limited"
    assert raised.value.response.headers["Retry-After"] == "1"


def test_an_unknown_model_is_its_not_found_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        client.models.retrieve("gpt-image-2")
    assert raised.value.code == "not_found"


# ---- repeats ---------------------------------------------------------------------------------------


def test_a_lost_answer_is_repeated_by_the_client_and_bought_once(
    cloud: Cloud, account: OpenedAccount, wire: Wire, client: openai.OpenAI, maker: Maker
) -> None:
    wire.lost = 2
    result = client.images.generate(prompt="a fox", model="fast")
    assert len(wire.sent) == 3
    assert {answer.json["id"] for answer in wire.answers} == {result.id}  # type: ignore[attr-defined]
    assert [answer.headers.get("Idempotency-Replayed") for answer in wire.answers] == [None, "true", "true"]
    assert len(maker.asked) == 1
    assert balance(cloud, account) == 4_998


def test_a_loop_over_one_prompt_buys_each_time_whichever_answers_are_lost(
    cloud: Cloud, account: OpenedAccount, wire: Wire, client: openai.OpenAI, maker: Maker
) -> None:
    urls = set()
    for lost in (0, 1, 0, 2, 1):
        wire.lost = lost
        data = client.images.generate(prompt="a fox", model="fast").data
        assert data is not None
        urls.add(data[0].url)
    assert len(urls) == len(maker.asked) == 5
    assert balance(cloud, account) == 4_990


def test_the_repeat_after_a_429_is_a_call_of_its_own(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock, wire: Wire, client: openai.OpenAI, maker: Maker
) -> None:
    ids = set()
    # The 21st is over the limit; the client comes again when it may, and means a new image by that.
    wire.before = lambda: clock.sleep(1.0) if wire.answers and wire.answers[-1].status == 429 else None
    for _ in range(22):
        ids.add(client.images.generate(prompt="a fox", model="fast").id)  # type: ignore[attr-defined]
    assert 429 in {answer.status for answer in wire.answers}
    assert len(ids) == len(maker.asked) == 22
    assert balance(cloud, account) == 5_000 - 2 * 22


def test_a_tier_that_comes_back_is_bought_by_the_repeat(
    cloud: Cloud, account: OpenedAccount, wire: Wire, client: openai.OpenAI, maker: Maker
) -> None:
    maker.refusal = DOWN

    def recover() -> None:
        if wire.answers:
            maker.refusal = None

    wire.before = recover
    client.images.generate(prompt="a fox", model="fast")
    assert [answer.status for answer in wire.answers] == [503, 200]
    assert balance(cloud, account) == 4_998


def test_a_callers_own_idempotency_key_makes_two_calls_one(
    cloud: Cloud, account: OpenedAccount, wire: Wire, client: openai.OpenAI, maker: Maker
) -> None:
    own = {"Idempotency-Key": "order-17"}
    first = client.images.generate(prompt="a fox", model="fast", extra_headers=own)
    again = client.images.generate(prompt="a fox", model="fast", extra_headers=own)
    assert again == first
    assert wire.answers[-1].headers["Idempotency-Replayed"] == "true"
    assert balance(cloud, account) == 4_998
    with pytest.raises(openai.UnprocessableEntityError) as raised:
        client.images.generate(prompt="a cat", model="fast", extra_headers=own)
    assert raised.value.code == "idempotency_key_reused"


@pytest.mark.parametrize("said", ["-1", "one", "", "1.5", "99999", "１", "0x1"])
def test_a_number_that_means_nothing_makes_a_request_like_any_other(
    cloud: Cloud, account: OpenedAccount, maker: Maker, said: str
) -> None:
    headers = {"x-stainless-retry-count": said}
    answers = [send(cloud, account.live_key, headers=headers) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert len({answer.json["id"] for answer in answers}) == 2


def test_equal_requests_of_two_keys_are_two_calls(cloud: Cloud, account: OpenedAccount, maker: Maker) -> None:
    body = {"label": "k", "scopes": ["generate"]}
    other = cloud.call("keys_create", "POST", "/v1/account/keys", key=account.live_key, body=body).json["key"]
    first = send(cloud, account.live_key, headers={"x-stainless-retry-count": "0"})
    repeat = send(cloud, other, headers={"x-stainless-retry-count": "1"})
    assert repeat.json["id"] != first.json["id"]


def test_a_first_try_that_met_a_cold_start_is_not_bought_beside_its_repeat(
    cloud: Cloud, account: OpenedAccount, maker: Maker
) -> None:
    """By the gateway's clock it came before its repeat, which was dealt with first."""
    ids = []
    for number, arrived_ms in (("1", 1_795_341_600_900), ("0", 1_795_341_600_000)):
        headers = {"x-stainless-retry-count": number}
        body = {"prompt": "a fox", "model": "fast"}
        event = cloud.event("POST", PATH, key=account.live_key, body=body, headers=headers)
        event["requestContext"]["requestTimeEpoch"] = arrived_ms
        ids.append(json.loads(cloud.invoke("images_generations", event)["body"])["id"])
    assert ids[0] == ids[1]
    assert balance(cloud, account) == 4_998


# ---- not ready in time -----------------------------------------------------------------------------


@pytest.fixture
def slow(upstream: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who answers only when they are done, and may need longer than anybody waits here."""
    slowly = tuple(replace(offer, slow_latency_ms=200_000) for offer in offers())
    monkeypatch.setattr(images, "offers", lambda: slowly)
    upstream("openai", Maker())


@pytest.mark.usefixtures("slow")
def test_an_image_that_is_not_ready_is_409_and_its_job_is_named(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    began_ms = clock.now_ms()
    answer = send(cloud, account.live_key)
    error = answer.json["error"]
    assert (answer.status, error["code"], error["retryable"]) == (409, "request_in_progress", True)
    assert clock.now_ms() - began_ms <= 26_000
    assert answer.headers["Retry-After"] == "1"
    (job_id,) = cloud.started
    assert job_id in error["message"]
    assert error["request_id"] == job_id.replace("job_", "req_")
    assert answer.headers["X-Corent-Hold-Cents"] == "2"
    assert answer.headers["X-Corent-Cost-Cents"] == "0"


@pytest.mark.usefixtures("slow")
def test_the_client_comes_again_by_itself_and_gets_the_image_of_that_job(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock, wire: Wire, client: openai.OpenAI
) -> None:
    def carry() -> None:
        for job_id in cloud.started:
            cloud.carry(job_id, clock=clock)

    wire.before = carry
    result = client.images.generate(prompt="a fox", model="fast")
    assert [answer.status for answer in wire.answers] == [409, 200]
    assert cloud.started == [result.id]  # type: ignore[attr-defined]
    assert wire.answers[-1].headers["X-Corent-Cost-Cents"] == "2"
    assert balance(cloud, account) == 4_998


@pytest.mark.usefixtures("slow")
def test_a_client_that_gives_up_has_bought_one_job_that_goes_on(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock, wire: Wire, client: openai.OpenAI
) -> None:
    with pytest.raises(openai.ConflictError) as raised:
        client.images.generate(prompt="a fox", model="fast")
    assert raised.value.code == "request_in_progress"
    assert len(wire.sent) == 3
    (job_id,) = cloud.started
    assert job_id in raised.value.message
    cloud.carry(job_id, clock=clock)
    assert job_of(cloud, account, job_id)["status"] == "completed"
    assert balance(cloud, account) == 4_998


@pytest.mark.usefixtures("slow")
def test_a_job_that_its_owner_cancelled_is_409_to_the_repeat(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    send(cloud, account.live_key, headers={"x-stainless-retry-count": "0"})
    path = {"id": cloud.started[0]}
    cloud.call("jobs_cancel", "POST", "/v1/jobs/{id}/cancel", key=account.live_key, path=path)
    answer = send(cloud, account.live_key, headers={"x-stainless-retry-count": "1"})
    assert (answer.status, answer.json["error"]["code"]) == (409, "job_cancelled")
    assert answer.json["error"]["retryable"] is False
    assert balance(cloud, account) == 5_000


def test_a_picture_of_the_asked_format_comes_as_content(
    cloud: Cloud, account: OpenedAccount, upstream: Offer
) -> None:
    maker = Maker()
    maker.picture = encoded("webp")
    upstream("openai", maker)
    answer = send(cloud, account.live_key, output_format="webp")
    assert answer.json["output_format"] == "webp"
    assert base64.b64decode(answer.json["data"][0]["b64_json"])[8:12] == b"WEBP"
