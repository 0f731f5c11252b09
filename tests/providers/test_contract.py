"""What the port promises of every adapter, whatever its upstream answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corent.core.upstream import Generated, ImageUpstream, InlineFile, RemoteFile, UpstreamError, Working
from corent.providers.catalog import PROVIDERS
from corent.providers.credentials import Credentials
from tests.forbidden_words import find_forbidden
from tests.providers.doubles import INPUT_IMAGE, KEY, PNG_BASE64, REQUEST, Handler, asked, client

HOST = "127.0.0.1"
BASE_URL = f"http://{HOST}:9"


@dataclass(frozen=True)
class Case:
    """One way of asking one adapter. `tickets` are some that it might have written."""

    provider: str
    model: str
    tickets: tuple[str, ...] = ("",)

    def adapter(self, handler: Handler) -> ImageUpstream:
        return PROVIDERS[self.provider].make_images(client(handler), Credentials(api_key=KEY, base_url=BASE_URL))


FAL_TICKET = json.dumps({"status_url": f"{BASE_URL}/s", "response_url": f"{BASE_URL}/r", "count": 2})
BFL_TICKET = json.dumps({"polling_urls": [f"{BASE_URL}/1", f"{BASE_URL}/2"], "cost_micros": 3})
CASES = (
    Case("openai", "gpt-image-2:medium"),
    Case("selfhosted", "default"),
    Case("google", "gemini-3.1-flash-image"),
    Case("fal", "fal-ai/flux/schnell"),
    Case("fal", "fal-ai/nano-banana-2", tickets=(FAL_TICKET,)),
    Case("bfl", "flux-2-pro", tickets=(BFL_TICKET,)),
    Case("sandbox", "sandbox-swift", tickets=("gen_1",)),
)
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.provider} {case.model}")

# Words the adapters look for, so that invented answers reach beyond the first check.
# fmt: off
MEMBERS = st.sampled_from(
    [
        "data", "b64_json", "url", "error", "code", "type", "param", "usage", "output_tokens",
        "input_tokens_details", "text_tokens", "image_tokens", "candidates", "promptFeedback",
        "blockReason", "finishReason", "content", "parts", "inlineData", "thought", "details",
        "retryDelay", "images", "has_nsfw_concepts", "status", "status_url", "response_url", "detail",
        "error_type", "polling_url", "cost", "result", "sample", "retry_after", "poll_after_ms", "id",
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
        ["retry-after", "retry-after-ms", "x-fal-error-type", "content-type", "content-encoding"]
    ),
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    max_size=3,
)
BODIES = st.one_of(DOCUMENTS.map(lambda document: json.dumps(document).encode()), st.binary(max_size=60))
ANSWERS = st.builds(lambda status, headers, body: (status, headers, body), STATUSES, HEADERS, BODIES)


def by_stream(status: int, headers: dict[str, str], body: bytes) -> httpx.Response:
    """As a server sends it: httpx itself unpacks and judges nothing yet."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def is_sound(outcome: Generated | Working) -> bool:
    if isinstance(outcome, Working):
        return bool(outcome.ticket) and outcome.poll_after_s >= 0
    return bool(outcome.files) and all(
        (isinstance(file, InlineFile) and file.content)
        or (isinstance(file, RemoteFile) and file.url and file.allowed_hosts)
        for file in outcome.files
    )


def ends_soundly(ask: Callable[[], Generated | Working]) -> bool:
    """Whether asking ends in an answer of the port's shape or in its one error. Others go up."""
    try:
        return is_sound(ask())
    except UpstreamError as error:
        return error.retry_after_s is None or 0 <= error.retry_after_s <= 3600


@every_case
@given(answers=st.lists(ANSWERS, min_size=1, max_size=4), count=st.integers(1, 3), edited=st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_answer_to_a_submit_breaks_an_adapter(
    case: Case, answers: list[tuple[int, dict[str, str], bytes]], *, count: int, edited: bool
) -> None:
    left = iter(answers * 4)
    adapter = case.adapter(lambda _: by_stream(*next(left)))
    request = asked(count=count, image=INPUT_IMAGE if edited else None)
    assert ends_soundly(lambda: adapter.submit(request, model=case.model, timeout_s=5))


@every_case
@given(answers=st.lists(ANSWERS, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_answer_to_a_look_up_breaks_an_adapter(
    case: Case, answers: list[tuple[int, dict[str, str], bytes]]
) -> None:
    left = iter(answers * 4)
    adapter = case.adapter(lambda _: by_stream(*next(left)))
    for ticket in case.tickets:
        assert ends_soundly(lambda: adapter.check(ticket, timeout_s=5))  # noqa: B023 - called at once


@every_case
@given(ticket=st.text(max_size=30) | DOCUMENTS.map(json.dumps))
@settings(max_examples=100, deadline=None)
def test_no_ticket_breaks_an_adapter(case: Case, ticket: str) -> None:
    adapter = case.adapter(lambda _: httpx.Response(200, json={}))
    assert ends_soundly(lambda: adapter.check(ticket, timeout_s=5))


@every_case
def test_every_status_without_a_body_is_an_error_of_the_port(case: Case) -> None:
    delivered = []
    for status in range(200, 600):
        adapter = case.adapter(lambda _, status=status: httpx.Response(status))  # type: ignore[misc]
        try:
            adapter.submit(REQUEST, model=case.model, timeout_s=5)
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

    adapter = case.adapter(fail)
    with pytest.raises(UpstreamError):
        adapter.submit(REQUEST, model=case.model, timeout_s=5)
    for ticket in case.tickets:
        with pytest.raises(UpstreamError):
            adapter.check(ticket, timeout_s=5)


@every_case
def test_the_key_is_sent_in_a_header_to_the_configured_host_and_nowhere_else(case: Case) -> None:
    seen: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(500)

    with pytest.raises(UpstreamError):
        case.adapter(keep).submit(REQUEST, model=case.model, timeout_s=5)
    (request,) = seen
    assert request.url.host == HOST
    assert KEY not in str(request.url)
    assert any(KEY in value for value in request.headers.values())
    assert KEY.encode() not in request.content


@every_case
def test_a_request_does_not_say_who_sends_it(case: Case) -> None:
    seen: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(500)

    with pytest.raises(UpstreamError):
        case.adapter(keep).submit(REQUEST, model=case.model, timeout_s=5)
    assert find_forbidden(seen[0].headers["user-agent"]) == []
