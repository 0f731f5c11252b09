"""fal.ai images: fast endpoints on the synchronous host, slow ones through the queue.

Sources: the fal-client 1.0.3 and @fal-ai/client 1.10.1 packages (requests as seen by a recording
server, generated types) and fal.ai/docs (model errors, request errors, queue), read 2026-11-22.

The queue's addresses leave out part of the endpoint's path and are used as given. COMPLETED only
says that the request is over: whether it worked is what the result's address answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corent.core.upstream import Failure, Generated, UpstreamError, Working
from corent.providers._http import SYSTEM_CLOCK, Wire, failure_of
from corent.providers._shape import (
    as_list,
    as_mapping,
    as_text,
    bad_reply,
    code_of,
    data_uri,
    elements,
    inline_data_uri,
    members,
    open_ticket,
    whole_number,
    write_ticket,
)

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import ImageRequest, InlineFile, RemoteFile
    from corent.providers._deadline import Deadline
    from corent.providers._http import Reply
    from corent.providers.credentials import Credentials

QUEUE_BASE_URL: Final = "https://queue.fal.run"
SYNC_BASE_URL: Final = "https://fal.run"
RESULT_HOSTS: Final = (".fal.media",)
POLL_AFTER_S: Final = 0.5
# A queued request that has not begun by then is dropped by fal: we have failed over long before.
START_WITHIN_S: Final = 60
IMAGES_MAX: Final = 4

FAILURE_BY_TYPE: Final = {
    "content_policy_violation": Failure.REFUSED,
    "request_timeout": Failure.UNAVAILABLE,
    "runner_disconnected": Failure.UNAVAILABLE,
    "internal_server_error": Failure.UNAVAILABLE,
    "generation_timeout": Failure.UNAVAILABLE,
    "downstream_service_error": Failure.UNAVAILABLE,
    "downstream_service_unavailable": Failure.UNAVAILABLE,
}
# fal says 401 to a wrong key; 403 is an account that may not buy, as a rule for want of money.
FAILURE_BY_STATUS: Final = {403: Failure.QUOTA}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What one of fal's endpoints takes.

    `answers_at_once` ones are asked on the synchronous host. `sized` ones take pixels, the others
    an aspect ratio. `edit` is the path that takes an input image.
    """

    answers_at_once: bool = False
    sized: bool = True
    takes_format: bool = True
    takes_negative_prompt: bool = False
    resolution: str | None = None
    edit: str | None = None


ENDPOINTS: Final = {
    "fal-ai/flux/schnell": Endpoint(answers_at_once=True),
    # Its image-to-image path keeps the input image's shape, whatever ratio was asked for: not offered.
    "fal-ai/flux/dev": Endpoint(),
    "fal-ai/flux-pro/v1.1": Endpoint(),
    "fal-ai/nano-banana-2": Endpoint(sized=False, resolution="1K", edit="fal-ai/nano-banana-2/edit"),
    "fal-ai/ideogram/v3": Endpoint(takes_format=False, takes_negative_prompt=True),
}


class Fal:
    """Answers at once or accepts and is asked later, by endpoint."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        headers = {"Authorization": f"Key {credentials.api_key}"}
        # A stand-in for the queue alone must never send purchases to the real synchronous host.
        sync_base_url = credentials.sync_base_url or credentials.base_url or SYNC_BASE_URL
        self._queue = Wire(
            http, base_url=credentials.base_url or QUEUE_BASE_URL, headers=headers, clock=clock
        )
        self._sync = Wire(http, base_url=sync_base_url, headers=headers, clock=clock)
        self._result_hosts: tuple[str, ...] = RESULT_HOSTS
        if credentials.base_url or credentials.sync_base_url:
            self._result_hosts = (*RESULT_HOSTS, *sorted({self._queue.host, self._sync.host}))

    def submit(self, request: ImageRequest, *, model: str, timeout_s: float) -> Generated | Working:
        endpoint = ENDPOINTS.get(model)
        if endpoint is None or (request.image is not None and endpoint.edit is None):
            raise UpstreamError(Failure.INVALID_INPUT, "an endpoint that does not take this request")
        path = model if request.image is None else endpoint.edit
        body = _body(request, endpoint=endpoint)
        if endpoint.answers_at_once:
            return self._run(f"/{path}", body, count=request.count, timeout_s=timeout_s)
        return self._enqueue(f"/{path}", body, count=request.count, timeout_s=timeout_s)

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        deadline = self._queue.start(timeout_s)
        opened = open_ticket(ticket)
        count = whole_number(opened.get("count"), maximum=IMAGES_MAX)
        if not count:
            raise UpstreamError(Failure.EXPIRED, "a ticket that is not ours")
        status_url = self._queue.trusted(opened.get("status_url"))
        response_url = self._queue.trusted(opened.get("response_url"))
        reply = self._queue.look_up(status_url, deadline=deadline)
        if not reply.ok:
            raise self._queue.not_told(reply)
        document = as_mapping(reply.document(), what="the status")
        # A word we do not know is a state we do not know: still working, until the deadline.
        if as_text(document.get("status"), what="status") != "COMPLETED":
            return Working(ticket=ticket, poll_after_s=POLL_AFTER_S)
        return self._outcome(response_url, status=document, count=count, deadline=deadline)

    def _run(self, path: str, body: dict[str, object], *, count: int, timeout_s: float) -> Generated:
        reply = self._sync.buy_json(
            path,
            {**body, "sync_mode": True},
            deadline=self._sync.start(timeout_s),
            headers={"X-Fal-Request-Timeout": str(max(math.ceil(timeout_s), 1)), "x-fal-no-retry": "1"},
        )
        if not reply.ok:
            raise _refused(self._sync, reply)
        return self._generated(as_mapping(reply.document(), what="the answer"), wire=self._sync, count=count)

    def _enqueue(self, path: str, body: dict[str, object], *, count: int, timeout_s: float) -> Working:
        reply = self._queue.buy_json(
            path,
            body,
            deadline=self._queue.start(timeout_s),
            headers={"X-Fal-Request-Timeout": str(START_WITHIN_S), "x-fal-no-retry": "1"},
        )
        if not reply.ok:
            raise _refused(self._queue, reply)
        document = as_mapping(reply.document(), what="the answer")
        ticket = write_ticket(
            {
                "status_url": self._queue.trusted(document.get("status_url")),
                "response_url": self._queue.trusted(document.get("response_url")),
                "count": count,
            }
        )
        return Working(ticket=ticket, poll_after_s=POLL_AFTER_S)

    def _outcome(
        self, response_url: str, *, status: dict[str, object], count: int, deadline: Deadline
    ) -> Generated:
        """What a request that is over came to."""
        reply = self._queue.look_up(response_url, deadline=deadline)
        if reply.ok:
            return self._generated(
                as_mapping(reply.document(), what="the result"), wire=self._queue, count=count
            )
        said_why = bool(status.get("error") or status.get("error_type") or _types(reply))
        if not said_why:
            raise self._queue.not_told(reply)
        error = _refused(self._queue, reply, hint=code_of(status.get("error_type")))
        if error.failure is Failure.RATE_LIMITED:
            # Met by the model itself. Asking again would not change it: this request is over.
            raise UpstreamError(Failure.UNAVAILABLE, error.detail)
        raise error

    def _generated(self, document: dict[str, object], *, wire: Wire, count: int) -> Generated:
        if any(flag is True for flag in elements(document.get("has_nsfw_concepts"))):
            # fal delivers a black image here and bills it as a success.
            raise UpstreamError(Failure.REFUSED, "has_nsfw_concepts")
        images = as_list(document.get("images"), what="images")
        if len(images) < count:
            raise bad_reply(f"{len(images)} images of {count}")
        return Generated(files=tuple(self._file(image, wire=wire) for image in images[:count]))

    def _file(self, image: object, *, wire: Wire) -> InlineFile | RemoteFile:
        url = as_text(as_mapping(image, what="images[]").get("url"), what="url")
        if url.startswith("data:"):
            return inline_data_uri(url)
        return wire.remote_file(url, hosts=self._result_hosts)


def _body(request: ImageRequest, *, endpoint: Endpoint) -> dict[str, object]:
    body: dict[str, object] = {"prompt": request.prompt, "num_images": request.count}
    if endpoint.sized:
        body["image_size"] = {"width": request.width_px, "height": request.height_px}
    else:
        body["aspect_ratio"] = request.aspect_ratio.value
    if endpoint.takes_format:
        body["output_format"] = request.output_format.value
    if endpoint.resolution:
        body["resolution"] = endpoint.resolution
    if request.seed is not None:
        body["seed"] = request.seed
    if request.negative_prompt and endpoint.takes_negative_prompt:
        body["negative_prompt"] = request.negative_prompt
    if request.image is not None:
        body["image_urls"] = [data_uri(request.image.content, media_type=request.image.media_type)]
    return body


def _types(reply: Reply) -> list[str]:
    """The error types a reply names: the model's own, then the queue's in the body or a header."""
    document = reply.mapping()
    named = [code_of(members(entry).get("type")) for entry in elements(document.get("detail"))]
    named.append(code_of(document.get("error_type")))
    named.append(code_of(reply.headers.get("x-fal-error-type")))
    return [name for name in named if name]


def _refused(wire: Wire, reply: Reply, *, hint: str = "") -> UpstreamError:
    """The error of a request that failed, by its types before its status."""
    types = [*_types(reply), hint] if hint else _types(reply)
    failure = next((FAILURE_BY_TYPE[name] for name in types if name in FAILURE_BY_TYPE), None)
    if failure is None:
        failure = FAILURE_BY_STATUS.get(reply.status) or failure_of(reply.status)
    return wire.refused(reply, failure=failure, code=" ".join(types[:1]))
