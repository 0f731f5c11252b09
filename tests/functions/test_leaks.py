"""Nothing a caller sees names an upstream, and nothing a caller says ends up in a log."""

import io
import json
import logging
import struct
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from corent.core.upstream import Failure
from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.forbidden_words import find_forbidden
from tests.functions.conftest import CONTEXT, Answer, Cloud, load
from tests.functions.upstreams import BASE_URL, LIVE_PROVIDERS, Conversation, Files, serving_files
from tests.pictures import encoded, png, png_chunk
from tests.providers import (
    test_bedrock,
    test_bfl,
    test_fal,
    test_google_images,
    test_ideogram,
    test_openai_images,
    test_recraft,
    test_sandbox,
    test_self_hosted_images,
    test_stability,
)
from tests.providers.test_catalog import SHIPPED

WORDS = (
    "openai gpt-image-2 DALL-E google gemini imagen bfl.ai FLUX.1 fal.ai schnell sandbox-swift vLLM ComfyUI "
    "stability.ai stable-image-core SD3.5 ideogram recraftv4_1 together.ai Bedrock"
)

type Offer = Callable[..., None]
type Reply = httpx.Response | Exception
type Script = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    with serving_files() as served:
        yield served


# ---- what providers answer -----------------------------------------------------------------------


def rows(test: Any) -> list[Any]:
    """What that provider test is run with, less its expected failures."""
    (mark,) = [
        mark for mark in test.pytestmark if mark.name == "parametrize" and not isinstance(mark.args[0], str)
    ] or [mark for mark in test.pytestmark if mark.name == "parametrize"][:1]
    found = [getattr(row, "values", row) for row in mark.args[1]]
    return [row[0] if isinstance(row, tuple) and isinstance(row[-1], Failure) else row for row in found]


def talkative(reply: Reply) -> Reply:
    """The same answer with every provider's words in its headers and its body."""
    if isinstance(reply, Exception):
        return type(reply)(f"{reply} {WORDS}")
    headers = {**reply.headers, "server": "generativelanguage.googleapis.com", "x-fal-request-id": WORDS}
    headers.pop("content-length", None)
    try:
        document = json.loads(reply.content)
    except ValueError:
        return httpx.Response(reply.status_code, headers=headers, content=reply.content + WORDS.encode())
    if isinstance(document, dict):
        document = {**document, "note": WORDS, "x_model": "gpt-image-2"}
    return httpx.Response(reply.status_code, headers=headers, json=document)


def given(reply: Reply) -> httpx.Response:
    if isinstance(reply, Exception):
        raise reply
    return reply


def always(reply: Reply) -> Script:
    """The same answer to every submit."""
    told = talkative(reply)
    return lambda _: given(told)


def accepted_then(accepted: httpx.Response, *answers: Reply) -> Script:
    """Submits are accepted; look-ups are answered in turn, over and over."""
    told = [talkative(answer) for answer in answers]
    looked = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal looked
        if request.method == "POST":
            return given(talkative(accepted))
        looked += 1
        return given(told[(looked - 1) % len(told)])

    return answer


def submit_rows(*tests: Any) -> list[Script]:
    return [always(row) for test in tests for row in rows(test)]


SANDBOX_ACCEPTED = httpx.Response(202, json=test_sandbox.ACCEPTED)
FAL_STATUS = {"status_url": f"{BASE_URL}/s", "response_url": f"{BASE_URL}/r"}
GOOGLE_BLOCKED = [
    *(httpx.Response(200, json={"promptFeedback": {"blockReason": word}}) for word in ("SAFETY", "OTHER")),
    test_google_images.answer(test_google_images.candidate(reason="IMAGE_SAFETY")),
]
# Provider to its scripts: every row of its error tables, at the submit and where it is asked later.
FAILURES: dict[str, list[Script]] = {
    "openai": submit_rows(
        test_openai_images.test_says_failures_in_our_words,
        test_openai_images.test_an_answer_that_is_no_image_is_a_bad_reply,
    ),
    "selfhosted": submit_rows(test_self_hosted_images.test_says_failures_in_our_words),
    "google": [
        *submit_rows(
            test_google_images.test_says_failures_in_our_words,
            test_google_images.test_no_image_without_a_reason_is_unavailable,
            test_google_images.test_an_answer_of_another_shape_is_a_bad_reply,
        ),
        *map(always, GOOGLE_BLOCKED),
    ],
    "fal": [
        *map(
            always, [row[0] for row in test_fal.test_says_failed_submits_in_our_words.pytestmark[1].args[1]]
        ),
        *submit_rows(test_fal.test_an_answer_that_is_no_image_is_a_bad_reply),
        *(
            accepted_then(test_fal.queued(**FAL_STATUS), *answers)
            for answers, _ in test_fal.test_says_failed_look_ups_in_our_words.pytestmark[0].args[1]
        ),
    ],
    "bfl": [
        *submit_rows(test_bfl.test_says_failed_submits_in_our_words),
        *(
            accepted_then(test_bfl.accepted(polling_url=f"{BASE_URL}/v1/get_result?id=t1"), answer)
            for answer in rows(test_bfl.test_says_failed_look_ups_in_our_words)
        ),
    ],
    "stability": [
        *submit_rows(
            test_stability.test_says_failures_in_our_words,
            test_stability.test_an_answer_that_is_no_image_is_a_bad_reply,
        ),
        always(test_stability.FILTERED),
    ],
    "ideogram": [
        *submit_rows(
            test_ideogram.test_says_failures_in_our_words,
            test_ideogram.test_an_answer_that_is_no_image_is_a_bad_reply,
        ),
        always(test_ideogram.answer(test_ideogram.UNSAFE)),
    ],
    "recraft": submit_rows(
        test_recraft.test_says_failures_in_our_words,
        test_recraft.test_an_answer_that_is_no_image_is_a_bad_reply,
    ),
    "bedrock": [
        *submit_rows(
            test_bedrock.test_says_failures_in_our_words,
            test_bedrock.test_an_answer_that_is_no_image_is_a_bad_reply,
        ),
        always(test_bedrock.FILTERED),
    ],
    "sandbox": [
        *submit_rows(test_sandbox.test_says_a_submits_failures_in_our_words),
        *(
            accepted_then(SANDBOX_ACCEPTED, answer)
            for answer in rows(test_sandbox.test_says_a_looks_failures_in_our_words)
        ),
    ],
}
PROVIDERS = (*LIVE_PROVIDERS, "sandbox")
# What to order of those that are not in the fast tier, or make no png.
ORDERS = {
    "google": {"output_format": "jpeg", "preference": "balanced"},
    **{name: {"preference": "balanced"} for name in ("stability", "ideogram", "bedrock")},
}
# Where each provider is asked at once and where it is asked later, in the formats it makes.
SERVED = [
    ("openai", {"preference": "fast"}),
    ("selfhosted", {"preference": "fast"}),
    ("fal", {"preference": "fast"}),
    ("fal", {"preference": "balanced"}),
    ("google", {"preference": "balanced", "output_format": "jpeg"}),
    ("bfl", {"preference": "fast"}),
    ("stability", {"preference": "balanced"}),
    ("ideogram", {"preference": "balanced"}),
    ("recraft", {"preference": "fast"}),
    ("bedrock", {"preference": "balanced"}),
    ("sandbox", {"preference": "fast"}),
]


# ---- what a caller sees --------------------------------------------------------------------------


class Reader:
    """A caller who keeps everything they were ever answered."""

    def __init__(self, cloud: Cloud, key: str) -> None:
        self._cloud = cloud
        self._key = key
        self.seen: list[Answer] = []

    def generate(self, clock: FakeClock, **body: Any) -> Answer:
        """Buy, let work that was handed on come to its end, and ask why it went as it did."""
        answer = self._cloud.generate(self._key, **body)
        self.seen.append(answer)
        ulid = answer.headers["X-Request-Id"].removeprefix("req_")
        if answer.status == 202:
            self._cloud.carry(f"job_{ulid}", clock=clock)
        self._read("routing_explain", "/v1/routing/explain", query={"request_id": f"req_{ulid}"})
        clock.sleep(1)  # Leaves the rate limits behind.
        return answer

    def read_lists(self) -> None:
        """Read the jobs, the money and the status in every way there is."""
        self._read("jobs_list", "/v1/jobs", query={"limit": "100"})
        for job in self.seen[-1].json["jobs"][:5]:
            self._read("jobs_get", "/v1/jobs/{id}", path={"id": job["id"]})
        self._read("account_usage", "/v1/account/usage", query={"limit": "100"})
        self._read("account_usage", "/v1/account/usage", headers={"Accept": "text/csv"})
        self._read("account_ledger", "/v1/account/ledger", query={"limit": "100"})
        self._read("account_ledger", "/v1/account/ledger", headers={"Accept": "text/csv"})
        self._read("account_balance", "/v1/account/balance")
        self._read("keys_list", "/v1/account/keys")
        self._read("status_get", "/v1/status")

    def _read(self, function: str, resource: str, **request: Any) -> None:
        self.seen.append(self._cloud.call(function, "GET", resource, key=self._key, **request))

    def forbidden(self) -> list[str]:
        said = [answer.text for answer in self.seen]
        said += [f"{name}: {value}" for answer in self.seen for name, value in answer.headers.items()]
        return find_forbidden("\n".join(said))


def fold_all(cloud: Cloud) -> None:
    """Every job's stored item passes through the stream into health."""
    items = cloud.client("dynamodb").scan(TableName="jobs")["Items"]
    records = [
        {"dynamodb": {"NewImage": item, "SequenceNumber": str(n)}, "eventName": "MODIFY"}
        for n, item in enumerate(items)
    ]
    load("on_job_settled").handler({"Records": records}, CONTEXT)


def result_texts(cloud: Cloud) -> str:
    """Names and bytes of every stored result, each byte one character."""
    return "\n".join(name + content.decode("latin-1") for name, content in cloud.stored().items())


def planted(image_format: str) -> bytes:
    """A picture in whose metadata every place names its maker."""
    text = WORDS.encode()
    if image_format == "png":
        return png(
            extra=png_chunk(b"tEXt", b"Software\0" + text)
            + png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x>" + text + b"</x>")
            + png_chunk(b"eXIf", b"II*\0" + text)
            + png_chunk(b"caBX", text)
        )
    if image_format == "jpeg":
        plain = encoded("jpeg")
        segments = [
            (0xFE, text),
            (0xE1, b"Exif\0\0" + text),
            (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + text),
        ]
        segments += [(0xEB, b"JP\0\0jumb" + text), (0xED, b"Photoshop 3.0\0" + text)]
        added = b"".join(
            b"\xff" + bytes([kind]) + struct.pack(">H", len(body) + 2) + body for kind, body in segments
        )
        return plain[:2] + added + plain[2:] + text
    return encoded("webp", exif=b"Exif\0\0" + text, xmp=b"<x>" + text + b"</x>")


@pytest.mark.parametrize(("provider", "order"), SERVED, ids=lambda value: str(value))
def test_a_delivered_image_names_no_upstream(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    files: Files,
    clock: FakeClock,
    provider: str,
    order: dict[str, Any],
) -> None:
    image_format = str(order.get("output_format", "png"))
    upstream(provider, Conversation(files, planted(image_format)))
    reader = Reader(cloud, account.live_key)
    assert reader.generate(clock, **order).status in (200, 202)
    assert len(cloud.stored()) == 1
    fold_all(cloud)
    reader.read_lists()
    assert reader.forbidden() == []
    assert find_forbidden(result_texts(cloud)) == []


@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp"])
def test_a_stored_file_carries_no_word_of_its_makers(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, files: Files, image_format: str
) -> None:
    content = planted(image_format)
    assert len(find_forbidden(content.decode("latin-1"))) > 10
    upstream("openai", Conversation(files, content))
    assert cloud.generate(account.live_key, output_format=image_format).status == 200
    assert find_forbidden(result_texts(cloud)) == []


def test_every_maker_of_images_on_offer_is_tried() -> None:
    assert set(FAILURES) == {row["upstream"] for row in SHIPPED["images"]} == set(PROVIDERS)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_failure_names_the_upstream_it_came_from(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    clock: FakeClock,
    provider: str,
) -> None:
    scripts = iter(FAILURES[provider])
    script: list[Script] = []
    upstream(provider, lambda request: script[0](request))
    order = ORDERS.get(provider, {})
    reader = Reader(cloud, account.live_key)
    failed = 0
    for each in scripts:
        script[:] = [each]
        failed += reader.generate(clock, **order).status != 200
    assert failed == len(FAILURES[provider]) >= 8
    assert cloud.stored() == {}
    fold_all(cloud)
    reader.read_lists()
    assert reader.forbidden() == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_batch_names_no_upstream_of_its_jobs(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock, provider: str
) -> None:
    scripts = FAILURES[provider][:4]
    script: list[Script] = []
    upstream(provider, lambda request: script[0](request))
    order = {"prompt": "a fox", "preference": "fast", **ORDERS.get(provider, {})}
    said = []
    for each in scripts:
        script[:] = [each]
        body = {"requests": [order] * 2, "webhook_url": "https://hooks.example/in"}
        bought = cloud.call("images_batch", "POST", "/v1/images/batch", key=account.live_key, body=body)
        assert cloud.carry_batch(bought.json["id"], clock=clock).error is None
        request = {"key": account.live_key, "path": {"id": bought.json["id"]}}
        read = cloud.call("batches_get", "GET", "/v1/batches/{id}", **request)
        assert read.json["counts"]["failed"] == 2
        said += [bought.text, read.text, str(read.headers)]
    assert find_forbidden("\n".join(said)) == []


def test_the_published_contract_names_no_upstream(cloud: Cloud) -> None:
    answer = cloud.call("openapi_get", "GET", "/openapi.json")
    assert answer.json["openapi"].startswith("3.1")
    assert find_forbidden(answer.text + str(answer.headers)) == []


@pytest.mark.parametrize("provider", ["openai", "bfl", "sandbox"])
def test_no_answer_in_openais_shape_names_an_upstream(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, files: Files, clock: FakeClock, provider: str
) -> None:
    script: list[Script] = []
    upstream(provider, lambda request: script[0](request))
    said = []
    for number, each in enumerate((*FAILURES[provider][:6], Conversation(files, planted("png")))):
        script[:] = [each]
        # Each is a call of its own.
        body = {"prompt": f"fox {number}", "model": "fast", "response_format": "url"}
        path = "/v1/images/generations"
        answer = cloud.call("images_generations", "POST", path, key=account.live_key, body=body)
        said += [answer.text, str(answer.headers)]
        clock.sleep(60)  # Leaves rests and rate limits behind.
    assert '"data"' in said[-2]
    assert find_forbidden("\n".join(said)) == []
    assert find_forbidden(result_texts(cloud)) == []


# ---- logs ----------------------------------------------------------------------------------------

CANARY = "canary"
CANARIES = {
    "prompt": f"{CANARY} in a prompt",
    "negative_prompt": f"{CANARY} in a negative prompt",
    "metadata": {f"{CANARY}_name": f"{CANARY} in metadata"},
}
CANARY_KEY = {"Idempotency-Key": f"{CANARY}-idempotency"}


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the functions' logger writes."""
    stream = io.StringIO()
    for handler in logging.getLogger("corent").handlers:
        monkeypatch.setattr(handler, "stream", stream)
    return stream


def logged(log: io.StringIO) -> str:
    """The log, which is not empty."""
    text = log.getvalue()
    assert '"message":"answered"' in text
    return text


def test_a_success_logs_nothing_the_caller_said(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
) -> None:
    monkeypatch.setenv("CORENT_ALLOW_LOOPBACK", "1")
    upstream("bfl", Conversation(files))
    image_url = files.put("input.png", png()) + f"?token={CANARY}-query"
    answer = cloud.generate(
        account.live_key, headers=CANARY_KEY, image_url=image_url, preference="quality", **CANARIES
    )
    assert answer.status == 200
    text = logged(log)
    assert CANARY not in text
    assert account.live_key not in text


@pytest.mark.parametrize("number", ["0", CANARY])
def test_a_request_in_openais_shape_logs_nothing_the_caller_said(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock, log: io.StringIO, number: str
) -> None:
    upstream("openai", lambda _: httpx.Response(503, text=CANARY))
    body = {**CANARIES, "model": "fast", "user": CANARY, "safety_identifier": CANARY}
    headers = {"x-stainless-retry-count": number}
    for changed in (body, {**body, "model": CANARY}, {**body, "size": CANARY}, {**body, CANARY: 1}):
        path = "/v1/images/generations"
        cloud.call("images_generations", "POST", path, key=account.live_key, body=changed, headers=headers)
    assert CANARY not in logged(log)


@pytest.mark.parametrize(
    "change",
    [
        {"image_url": f"https://127.0.0.1/{CANARY}?token={CANARY}"},
        {"image_url": f"http://{CANARY}.example/a.png"},
        {f"{CANARY}_field": 1},
        {"style": CANARY},
        {"aspect_ratio": CANARY},
        {"seed": CANARY},
        {"metadata": {CANARY: 7}},
    ],
)
def test_a_refused_request_logs_nothing_the_caller_said(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    log: io.StringIO,
    change: dict[str, Any],
) -> None:
    upstream("openai", lambda _: httpx.Response(503))
    answer = cloud.generate(account.live_key, headers=CANARY_KEY, **{**CANARIES, **change})
    assert answer.status == 422
    assert CANARY not in logged(log)


@pytest.mark.parametrize(
    "reply", [httpx.Response(503), httpx.Response(400, json={"error": {"code": "moderation_blocked"}})]
)
def test_a_failed_job_logs_nothing_the_caller_said(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    clock: FakeClock,
    log: io.StringIO,
    reply: httpx.Response,
) -> None:
    upstream("openai", lambda _: reply)
    answer = cloud.generate(account.live_key, headers=CANARY_KEY, **CANARIES)
    job_id = answer.headers["X-Request-Id"].replace("req_", "job_")
    assert cloud.carry(job_id, clock=clock).error is None
    job = cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=account.live_key, path={"id": job_id})
    assert job.json["status"] == "failed"
    assert CANARY not in logged(log)


def test_a_job_carried_on_logs_nothing_the_caller_said(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    clock: FakeClock,
    log: io.StringIO,
) -> None:
    upstream("openai", lambda _: httpx.Response(503, text=CANARY))
    answer = cloud.generate(account.live_key, headers=CANARY_KEY, wait_s=0, **CANARIES)
    cloud.carry(answer.json["id"], clock=clock)
    load("on_sweep_tick").handler({}, CONTEXT)
    fold_all(cloud)
    assert CANARY not in logged(log)


def test_an_unforeseen_error_logs_its_place_and_nothing_the_caller_said(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
) -> None:
    from corent.usecases import draft_job

    upstream("openai", lambda _: httpx.Response(503))

    def broken(request: Any, **_: Any) -> Any:
        try:
            raise KeyError(CANARIES["prompt"])
        except KeyError as error:
            raise RuntimeError(f"cannot route {CANARIES} {account.live_key}") from error

    monkeypatch.setattr(draft_job, "rank", broken)
    answer = cloud.generate(account.live_key, headers=CANARY_KEY, **CANARIES)
    assert (answer.status, answer.json["error"]["code"]) == (500, "internal")
    text = logged(log)
    assert CANARY not in text
    assert account.live_key not in text
    assert "RuntimeError" in text
    assert "place_order.py" in text


@pytest.mark.parametrize(
    "authorization", [f"Bearer {CANARY}", f"Basic {CANARY}", CANARY, f"Bearer co_live_{CANARY}"]
)
def test_a_failed_authentication_logs_nothing_of_the_key(
    cloud: Cloud, log: io.StringIO, authorization: str
) -> None:
    answer = cloud.call(
        "account_balance", "GET", "/v1/account/balance", headers={"Authorization": authorization}
    )
    assert answer.status == 401
    assert CANARY not in logged(log)


def test_a_new_keys_secret_is_not_logged(cloud: Cloud, account: OpenedAccount, log: io.StringIO) -> None:
    made = cloud.call(
        "keys_create", "POST", "/v1/account/keys", key=account.live_key, body={"label": f"{CANARY} label"}
    )
    assert made.status == 201
    text = logged(log)
    assert made.json["key"] not in text
    assert CANARY not in text
