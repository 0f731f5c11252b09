"""What the port promises of every adapter, whatever its upstream answers."""

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corent.core.tiers import Kind
from corent.core.upstream import (
    Failure,
    Generated,
    ImageUpstream,
    InlineFile,
    RemoteFile,
    UpstreamError,
    VideoUpstream,
    Working,
)
from corent.providers._http import make_client
from corent.providers.catalog import PROVIDERS
from corent.providers.credentials import Credentials
from tests.forbidden_words import find_forbidden
from tests.providers.doubles import INPUT_IMAGE, KEY, PNG_BASE64, Handler, asked, client, filmed
from tests.raw_server import RawServer, drips

HOST = "127.0.0.1"
BASE_URL = f"http://{HOST}:9"
TIMEOUT_S = 5
SHORT_TIMEOUT_S = 0.3
DRIPPING_BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{"
CALLBACK_URL = "https://us.example/callbacks/1"
CREDENTIALS = Credentials(api_key=KEY, base_url=BASE_URL)


@dataclass(frozen=True)
class Case:
    """One way of asking one adapter. `tickets` are some that it might have written.

    `sure_of_its_account` says that the upstream's own package or reference shows the question that its
    account is asked, so that an answer of another kind is none of its.
    """

    provider: str
    model: str
    tickets: tuple[str, ...] = ("",)
    kind: Kind = Kind.IMAGE
    sure_of_its_account: bool = False

    def submit(
        self, handler: Handler, *, count: int = 1, edited: bool = False, timeout_s: float = TIMEOUT_S
    ) -> Generated | Working:
        image = INPUT_IMAGE if edited else None
        if self.kind is Kind.VIDEO:
            film = filmed(image=image, callback_url=CALLBACK_URL)
            return self.videos(handler).submit(film, model=self.model, timeout_s=timeout_s)
        picture = asked(count=count, image=image)
        return self.images(handler).submit(picture, model=self.model, timeout_s=timeout_s)

    def check(self, handler: Handler, ticket: str, *, timeout_s: float = TIMEOUT_S) -> Generated | Working:
        adapter = self.videos(handler) if self.kind is Kind.VIDEO else self.images(handler)
        return adapter.check(ticket, timeout_s=timeout_s)

    def ask_account(self, handler: Handler, *, timeout_s: float = TIMEOUT_S) -> None:
        adapter = self.videos(handler) if self.kind is Kind.VIDEO else self.images(handler)
        adapter.ask_account(timeout_s=timeout_s)

    def really(self, http: httpx.Client, *, base_url: str) -> ImageUpstream | VideoUpstream:
        """The adapter with a client as in service, before a stand-in."""
        credentials = Credentials(api_key=KEY, base_url=base_url, sync_base_url=base_url)
        provider = PROVIDERS[self.provider]
        make = provider.make_videos if self.kind is Kind.VIDEO else provider.make_images
        return make(http, credentials)

    def images(self, handler: Handler) -> ImageUpstream:
        return PROVIDERS[self.provider].make_images(client(handler), CREDENTIALS)

    def videos(self, handler: Handler) -> VideoUpstream:
        return PROVIDERS[self.provider].make_videos(client(handler), CREDENTIALS)


FAL_ADDRESSES = {f"{name}_url": f"{BASE_URL}/{name}" for name in ("status", "response", "cancel")}
FAL_TICKET = json.dumps({**FAL_ADDRESSES, "count": 2})
BFL_TICKET = json.dumps({"polling_urls": [f"{BASE_URL}/1", f"{BASE_URL}/2"], "cost_micros": 3})
ID_TICKET = json.dumps({"id": "1"})
IMAGE_CASES = (
    Case("openai", "gpt-image-2:medium", sure_of_its_account=True),
    Case("selfhosted", "default"),
    Case("google", "gemini-3.1-flash-image", sure_of_its_account=True),
    Case("fal", "fal-ai/flux/schnell"),
    Case("fal", "fal-ai/nano-banana-2", tickets=(FAL_TICKET,)),
    Case("bfl", "flux-2-pro", tickets=(BFL_TICKET,)),
    Case("stability", "sd3.5-large"),
    Case("ideogram", "ideogram-3:turbo"),
    Case("ideogram", "ideogram-4-5:medium"),
    Case("recraft", "recraftv4_1", sure_of_its_account=True),
    Case("together", "black-forest-labs/FLUX.1-schnell"),
    Case("bedrock", "stability.stable-image-core-v1:1"),
    Case("sandbox", "sandbox-swift", tickets=("gen_1",)),
)
SURE = {"google", "runway"}
VIDEO_CASES = tuple(
    Case(provider, model, tickets=(ticket,), kind=Kind.VIDEO, sure_of_its_account=provider in SURE)
    for provider, model, ticket in (
        ("fal", "fal-ai/kling-video/v3/standard/text-to-video", json.dumps(FAL_ADDRESSES)),
        ("google", "gemini-omni-1.1-flash", ID_TICKET),
        ("runway", "gen4.5", ID_TICKET),
        ("replicate", "bytedance/seedance-1.5-pro", ID_TICKET),
        ("luma", "ray-3.2", ID_TICKET),
        ("together", "Wan-AI/wan2.7-t2v", ID_TICKET),
        ("xai", "grok-imagine-video-1.5", ID_TICKET),
        ("sandbox", "sandbox-swift", "gen_1"),
    )
)


def name_of(case: Case) -> str:
    return f"{case.provider} {case.kind} {case.model}"


every_case = pytest.mark.parametrize("case", [*IMAGE_CASES, *VIDEO_CASES], ids=name_of)
every_video_case = pytest.mark.parametrize("case", VIDEO_CASES, ids=name_of)

# Words the adapters look for, so that invented answers reach beyond the first check.
# fmt: off
MEMBERS = st.sampled_from(
    [
        "data", "b64_json", "url", "error", "code", "type", "param", "usage", "output_tokens",
        "input_tokens_details", "text_tokens", "image_tokens", "candidates", "promptFeedback",
        "blockReason", "finishReason", "content", "parts", "inlineData", "thought", "details",
        "retryDelay", "images", "has_nsfw_concepts", "status", "status_url", "response_url", "detail",
        "error_type", "polling_url", "cost", "result", "sample", "retry_after", "poll_after_ms", "id",
        "cancel_url", "video", "steps", "uri", "errors", "message", "progress", "output", "credits",
        "failureCode", "data_removed", "state", "failure_code", "request_id", "respect_moderation",
        "outputs", "video_url",
        "failureCode", "data_removed", "state", "failure_code", "image", "finish_reason", "name",
        "is_image_safe", "reject_reason", "finish_reasons", "seeds", "__type",
    ]
)
# fmt: on
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        [
            PNG_BASE64,
            f"data:image/png;base64,{PNG_BASE64}",
            f"{BASE_URL}/x",
            "https://v3.fal.media/a.png",
            "https://delivery-eu1.bfl.ai/a.png",
            "https://generativelanguage.googleapis.com/v1/files/f1",
            "https://replicate.delivery/a.mp4",
            "https://ideogram.ai/a.png",
            "https://img.recraft.ai/a.png",
            "https://a.cloudfront.net/a.mp4",
            "https://vidgen.x.ai/a.mp4",
            "https://api.together.ai/shrt/a",
            "http://169.254.169.254/",
            "COMPLETED",
            "IN_QUEUE",
            "Ready",
            "Pending",
            "Error",
            "Task not found",
            "Content Moderated",
            "STOP",
            "IMAGE_SAFETY",
            "moderation_blocked",
            "21s",
            "running",
            "done",
            "failed",
            "completed",
            "succeeded",
            "SUCCEEDED",
            "FAILED",
            "SAFETY.INPUT.TEXT",
            "model_output",
            "video",
            "SUCCESS",
            "CONTENT_FILTERED",
            "content_moderation",
            "insufficient_funds",
            "Filter reason: prompt",
            "ThrottlingException",
        ]
    ),
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=5),
    max_leaves=25,
)
STATUSES = st.sampled_from([200, 200, 200, 201, 202, 204, 301, 307, 400, 401, 402, 403, 404, 408, 409, 410])
STATUSES = STATUSES | st.sampled_from([413, 418, 422, 425, 429, 451, 499, 500, 502, 503, 504, 529, 599])
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "retry-after",
            "retry-after-ms",
            "x-fal-error-type",
            "x-amzn-errortype",
            "content-type",
            "content-encoding",
        ]
    ),
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    max_size=3,
)
BODIES = st.one_of(DOCUMENTS.map(lambda document: json.dumps(document).encode()), st.binary(max_size=60))
ANSWERS = st.builds(lambda status, headers, body: (status, headers, body), STATUSES, HEADERS, BODIES)


def by_stream(status: int, headers: dict[str, str], body: bytes) -> httpx.Response:
    """As a server sends it: httpx itself unpacks and judges nothing yet."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def is_sound(case: Case, outcome: Generated | Working) -> bool:
    if isinstance(outcome, Working):
        progress_percent = outcome.progress_percent
        return (
            bool(outcome.ticket)
            and outcome.poll_after_s >= 0
            and (progress_percent is None or 0 <= progress_percent <= 100)
        )
    if case.kind is Kind.VIDEO and len(outcome.files) != 1:
        return False
    return bool(outcome.files) and all(
        (isinstance(file, InlineFile) and file.content)
        or (isinstance(file, RemoteFile) and file.url and file.allowed_hosts)
        for file in outcome.files
    )


def ends_soundly(case: Case, ask: Callable[[], Generated | Working]) -> bool:
    """Whether asking ends in an answer of the port's shape or in its one error. Others go up."""
    try:
        return is_sound(case, ask())
    except UpstreamError as error:
        return error.retry_after_s is None or 0 <= error.retry_after_s <= 3600


def submit_failure(case: Case, handler: Handler) -> Failure:
    with pytest.raises(UpstreamError) as caught:
        case.submit(handler)
    return caught.value.failure


@every_case
@given(answers=st.lists(ANSWERS, min_size=1, max_size=4), count=st.integers(1, 3), edited=st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_answer_to_a_submit_breaks_an_adapter(
    case: Case, answers: list[tuple[int, dict[str, str], bytes]], *, count: int, edited: bool
) -> None:
    left = iter(answers * 4)
    assert ends_soundly(
        case, lambda: case.submit(lambda _: by_stream(*next(left)), count=count, edited=edited)
    )


@every_case
@given(answers=st.lists(ANSWERS, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_answer_to_a_look_up_breaks_an_adapter(
    case: Case, answers: list[tuple[int, dict[str, str], bytes]]
) -> None:
    left = iter(answers * 4)
    for ticket in case.tickets:
        assert ends_soundly(
            case,
            lambda: case.check(lambda _: by_stream(*next(left)), ticket),  # noqa: B023 - called at once
        )


@every_case
@given(ticket=st.text(max_size=30) | DOCUMENTS.map(json.dumps))
@settings(max_examples=100, deadline=None)
def test_no_ticket_breaks_an_adapter(case: Case, ticket: str) -> None:
    assert ends_soundly(case, lambda: case.check(lambda _: httpx.Response(200, json={}), ticket))


@every_case
def test_every_status_without_a_body_is_an_error_of_the_port(case: Case) -> None:
    delivered = []
    for status in range(200, 600):
        try:
            case.submit(lambda _, status=status: httpx.Response(status))  # type: ignore[misc]
        except UpstreamError:
            continue
        delivered.append(status)
    assert delivered == []


@every_case
@pytest.mark.parametrize(
    "fault",
    [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x"), httpx.ProxyError("x")],
    ids=repr,
)
def test_every_fault_of_the_network_is_an_error_of_the_port(case: Case, fault: Exception) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise fault

    with pytest.raises(UpstreamError):
        case.submit(fail)
    for ticket in case.tickets:
        with pytest.raises(UpstreamError):
            case.check(fail, ticket)


@every_case
def test_the_key_is_sent_in_a_header_to_the_configured_host_and_nowhere_else(case: Case) -> None:
    (request,) = requests_of(lambda handler: case.submit(handler))
    assert request.url.host == HOST
    assert KEY not in str(request.url)
    assert any(KEY in value for value in request.headers.values())
    assert KEY.encode() not in request.content


@every_case
def test_a_request_does_not_say_who_sends_it(case: Case) -> None:
    (request,) = requests_of(lambda handler: case.submit(handler))
    assert find_forbidden(request.headers["user-agent"]) == []


@every_case
def test_every_request_ends_within_the_time_it_is_given(case: Case) -> None:
    asks: list[Callable[[Handler], object]] = [lambda handler: case.submit(handler)]
    asks += [lambda handler, ticket=ticket: case.check(handler, ticket) for ticket in case.tickets if ticket]  # type: ignore[misc]
    for ask in asks:
        for request in requests_of(ask):
            assert max(request.extensions["timeout"].values()) <= TIMEOUT_S


@every_case
def test_nothing_is_sent_when_no_time_is_left(case: Case) -> None:
    assert requests_of(lambda handler: case.submit(handler, timeout_s=0)) == []
    for ticket in case.tickets:
        assert requests_of(lambda handler: case.check(handler, ticket, timeout_s=0)) == []  # noqa: B023 - called at once


@every_case
@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX-Drip: ", DRIPPING_BODY], ids=["head", "body"])
def test_a_submit_leaves_a_server_that_drips_at_the_deadline(case: Case, start: bytes) -> None:
    request: Any = filmed() if case.kind is Kind.VIDEO else asked(count=2)

    def ask(adapter: ImageUpstream | VideoUpstream, *, base_url: str) -> object:
        del base_url
        return adapter.submit(request, model=case.model, timeout_s=SHORT_TIMEOUT_S)

    assert_ends_in_time(case, ask, start=start)


@every_case
def test_a_look_up_leaves_a_server_that_drips_at_the_deadline(case: Case) -> None:
    for ticket in filter(None, case.tickets):

        def ask(adapter: ImageUpstream | VideoUpstream, *, base_url: str, ticket: str = ticket) -> object:
            return adapter.check(ticket.replace(BASE_URL, base_url), timeout_s=SHORT_TIMEOUT_S)

        assert_ends_in_time(case, ask, start=DRIPPING_BODY)


def assert_ends_in_time(case: Case, ask: Callable[..., object], *, start: bytes) -> None:
    """Ask the adapter as it is in service, over real sockets."""
    with RawServer(drips(start, every_s=0.02), together=True) as server, make_client() as http:
        base_url = f"http://{HOST}:{server.port}"
        adapter = case.really(http, base_url=base_url)
        began_s = time.monotonic()
        with pytest.raises(UpstreamError) as caught:
            ask(adapter, base_url=base_url)
        took_s = time.monotonic() - began_s
    assert caught.value.failure is Failure.UNKNOWN
    assert took_s < SHORT_TIMEOUT_S + 0.5


def requests_of(ask: Callable[[Handler], object]) -> list[httpx.Request]:
    """What is sent to an upstream that is down."""
    seen: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(500)

    with pytest.raises(UpstreamError):
        ask(keep)
    return seen


def raising(fault: Exception) -> Handler:
    def fail(_: httpx.Request) -> httpx.Response:
        raise fault

    return fail


# ---- Health: what an account is asked every minute ---------------------------------------------------

UNUSABLE = {Failure.AUTH, Failure.QUOTA, Failure.RATE_LIMITED, Failure.UNAVAILABLE}


def account_error(case: Case, handler: Handler) -> UpstreamError | None:
    """What asking the account raises, None when it can be used."""
    try:
        case.ask_account(handler)
    except UpstreamError as error:
        return error
    return None


def account_failure(case: Case, handler: Handler) -> Failure | None:
    error = account_error(case, handler)
    return error and error.failure


@every_case
@pytest.mark.parametrize("body", [{}, {"data": [], "id": "a1"}])
def test_an_account_that_is_answered_can_be_used(case: Case, body: dict[str, object]) -> None:
    assert account_failure(case, lambda _: httpx.Response(200, json=body)) is None


@every_case
@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (401, Failure.AUTH),
        (402, Failure.QUOTA),
        (403, Failure.AUTH),
        (408, Failure.UNAVAILABLE),
        (429, Failure.RATE_LIMITED),
        (500, Failure.UNAVAILABLE),
        (502, Failure.UNAVAILABLE),
        (503, Failure.UNAVAILABLE),
        (504, Failure.UNAVAILABLE),
        (599, Failure.UNAVAILABLE),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b"{}"])
def test_a_refused_account_cannot_be_used(case: Case, status: int, failure: Failure, body: bytes) -> None:
    assert account_failure(case, lambda _: httpx.Response(status, content=body)) is failure


@every_case
@pytest.mark.parametrize("status", [204, 301, 307, 400, 404, 405, 410, 422])
def test_an_answer_to_no_question_of_ours_is_a_bad_reply_only_where_we_are_sure(
    case: Case, status: int
) -> None:
    expected = Failure.BAD_REPLY if case.sure_of_its_account else None
    assert account_failure(case, lambda _: httpx.Response(status)) is expected


@every_case
def test_a_page_instead_of_an_answer_is_a_bad_reply_only_where_we_are_sure(case: Case) -> None:
    expected = Failure.BAD_REPLY if case.sure_of_its_account else None
    assert account_failure(case, lambda _: httpx.Response(200, text="<html>")) is expected


GOOGLES = pytest.mark.parametrize(
    "case", [case for case in (*IMAGE_CASES, *VIDEO_CASES) if case.provider == "google"], ids=name_of
)


@GOOGLES
@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ({"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}, Failure.AUTH),
        ({"status": "FAILED_PRECONDITION"}, Failure.QUOTA),
        ({"status": "INVALID_ARGUMENT"}, Failure.BAD_REPLY),
    ],
)
def test_an_account_that_is_refused_in_words_cannot_be_used(
    case: Case, error: dict[str, object], failure: Failure
) -> None:
    assert account_failure(case, lambda _: httpx.Response(400, json={"error": error})) is failure


@every_case
def test_an_account_keeps_the_wait_it_is_asked_for(case: Case) -> None:
    error = account_error(case, lambda _: httpx.Response(429, headers={"retry-after": "7"}))
    assert error is not None
    assert error.retry_after_s == 7


@every_case
@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("x"),
        httpx.ConnectTimeout("x"),
        httpx.ReadTimeout("x"),
        httpx.RemoteProtocolError("x"),
        httpx.ProxyError("x"),
    ],
    ids=repr,
)
def test_an_account_behind_a_fault_of_the_network_is_unavailable(case: Case, fault: Exception) -> None:
    assert account_failure(case, raising(fault)) is Failure.UNAVAILABLE


@every_case
@given(answers=st.lists(ANSWERS, min_size=1, max_size=2))
@settings(max_examples=100, deadline=None)
def test_no_answer_about_an_account_breaks_an_adapter(
    case: Case, answers: list[tuple[int, dict[str, str], bytes]]
) -> None:
    left = iter(answers * 2)
    error = account_error(case, lambda _: by_stream(*next(left)))
    if error is not None:
        assert error.failure in UNUSABLE | {Failure.BAD_REPLY}
        assert error.retry_after_s is None or 0 <= error.retry_after_s <= 3600


@every_case
def test_an_account_is_asked_of_the_configured_host_with_the_key_in_a_header(case: Case) -> None:
    seen: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(404)

    account_error(case, keep)
    assert 1 <= len(seen) <= 2
    for request in seen:
        assert (request.method, request.url.host, request.content) == ("GET", HOST, b"")
        assert KEY not in str(request.url)
        assert any(KEY in value for value in request.headers.values())
        assert find_forbidden(request.headers["user-agent"]) == []
        assert max(request.extensions["timeout"].values()) <= TIMEOUT_S


@pytest.mark.parametrize(
    ("provider", "addresses"),
    [
        ("openai", [f"{BASE_URL}/v1/models"]),
        ("selfhosted", [f"{BASE_URL}/health", f"{BASE_URL}/v1/models"]),
        ("google", [f"{BASE_URL}/v1/models?pageSize=1"]),
        ("runway", [f"{BASE_URL}/v1/organization"]),
    ],
)
def test_an_account_is_asked_what_its_reference_shows(provider: str, addresses: list[str]) -> None:
    for case in (case for case in (*IMAGE_CASES, *VIDEO_CASES) if case.provider == provider):
        asked_at: list[str] = []

        def keep(request: httpx.Request, asked_at: list[str] = asked_at) -> httpx.Response:
            asked_at.append(str(request.url))
            return httpx.Response(404)

        account_error(case, keep)
        assert asked_at == addresses


@every_case
def test_no_account_is_asked_when_no_time_is_left(case: Case) -> None:
    assert requests_of(lambda handler: case.ask_account(handler, timeout_s=0)) == []
    with pytest.raises(UpstreamError) as caught:
        case.ask_account(lambda _: httpx.Response(200, json={}), timeout_s=0)
    assert caught.value.failure is Failure.UNAVAILABLE


# ---- Videos: what is bought once must not be bought twice --------------------------------------------


@every_video_case
@pytest.mark.parametrize("fault", [httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")], ids=repr)
def test_a_lost_answer_leaves_unknown_whether_a_video_is_being_made(case: Case, fault: Exception) -> None:
    assert submit_failure(case, raising(fault)) is Failure.UNKNOWN


@pytest.mark.parametrize(
    "case",
    # Where the same purchase may be repeated under its reference, nothing can be bought twice.
    [case for case in VIDEO_CASES if not PROVIDERS[case.provider].idempotent_submits],
    ids=name_of,
)
def test_a_gateway_that_gave_up_leaves_unknown_whether_a_video_is_being_made(case: Case) -> None:
    assert submit_failure(case, lambda _: httpx.Response(504, text="<html>")) is Failure.UNKNOWN


@every_video_case
@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"id": null}', b"\xff"])
def test_an_acceptance_that_cannot_be_read_is_a_bad_reply(case: Case, status: int, body: bytes) -> None:
    assert submit_failure(case, lambda _: httpx.Response(status, content=body)) is Failure.BAD_REPLY


@every_video_case
@given(answer=ANSWERS)
@settings(max_examples=100, deadline=None)
def test_no_answer_to_a_wish_to_stop_breaks_an_adapter(
    case: Case, answer: tuple[int, dict[str, str], bytes]
) -> None:
    for ticket in case.tickets:
        with contextlib.suppress(UpstreamError):
            case.videos(lambda _: by_stream(*answer)).cancel(ticket, timeout_s=TIMEOUT_S)


@every_video_case
@given(ticket=st.text(max_size=30) | DOCUMENTS.map(json.dumps))
@settings(max_examples=100, deadline=None)
def test_no_ticket_breaks_a_wish_to_stop(case: Case, ticket: str) -> None:
    with contextlib.suppress(UpstreamError):
        case.videos(lambda _: httpx.Response(200, json={})).cancel(ticket, timeout_s=TIMEOUT_S)


@every_video_case
def test_a_wish_to_stop_goes_to_the_configured_host_alone(case: Case) -> None:
    seen: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    for ticket in case.tickets:
        case.videos(keep).cancel(ticket, timeout_s=TIMEOUT_S)
    assert {request.url.host for request in seen} <= {HOST}
