"""fal.ai images: fast endpoints on the synchronous host, slow ones through the queue (`_fal`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corent.core.upstream import Failure, Generated, UpstreamError, Working
from corent.providers._fal import QUEUE_BASE_URL, RESULT_HOSTS, Queue, key_headers, refused
from corent.providers._http import SYSTEM_CLOCK, Wire
from corent.providers._shape import (
    as_list,
    as_mapping,
    as_text,
    bad_reply,
    data_uri,
    elements,
    inline_data_uri,
    open_ticket,
    whole_number,
    write_ticket,
)

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import ImageRequest, InlineFile, RemoteFile
    from corent.providers.credentials import Credentials

SYNC_BASE_URL: Final = "https://fal.run"
POLL_AFTER_S: Final = 0.5
# A queued request that has not begun by then is dropped by fal: we have failed over long before.
START_WITHIN_S: Final = 60
IMAGES_MAX: Final = 4


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
        headers = key_headers(credentials)
        # A stand-in for the queue alone must never send purchases to the real synchronous host.
        sync_base_url = credentials.sync_base_url or credentials.base_url or SYNC_BASE_URL
        self._wire = Wire(http, base_url=credentials.base_url or QUEUE_BASE_URL, headers=headers, clock=clock)
        self._queue = Queue(self._wire)
        self._sync = Wire(http, base_url=sync_base_url, headers=headers, clock=clock)
        self._result_hosts: tuple[str, ...] = RESULT_HOSTS
        if credentials.base_url or credentials.sync_base_url:
            self._result_hosts = (*RESULT_HOSTS, *sorted({self._wire.host, self._sync.host}))

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
        deadline = self._wire.start(timeout_s)
        opened = open_ticket(ticket)
        count = whole_number(opened.get("count"), maximum=IMAGES_MAX)
        if not count:
            raise UpstreamError(Failure.EXPIRED, "a ticket that is not ours")
        document = self._queue.result(opened, deadline=deadline)
        if document is None:
            return Working(ticket=ticket, poll_after_s=POLL_AFTER_S)
        return self._generated(document, wire=self._wire, count=count)

    def ask_account(self, *, timeout_s: float) -> None:
        self._queue.ask_account(timeout_s=timeout_s)

    def _run(self, path: str, body: dict[str, object], *, count: int, timeout_s: float) -> Generated:
        reply = self._sync.buy_json(
            path,
            {**body, "sync_mode": True},
            deadline=self._sync.start(timeout_s),
            headers={"X-Fal-Request-Timeout": str(max(math.ceil(timeout_s), 1)), "x-fal-no-retry": "1"},
        )
        if not reply.ok:
            raise refused(self._sync, reply)
        return self._generated(as_mapping(reply.document(), what="the answer"), wire=self._sync, count=count)

    def _enqueue(self, path: str, body: dict[str, object], *, count: int, timeout_s: float) -> Working:
        addresses = self._queue.submit(
            path, body, start_within_s=START_WITHIN_S, deadline=self._wire.start(timeout_s)
        )
        return Working(ticket=write_ticket({**addresses, "count": count}), poll_after_s=POLL_AFTER_S)

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
