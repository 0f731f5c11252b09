"""Black Forest Labs (BFL) images: POST /v1/{model}, then GET the polling address until it is ready.

Sources: BFL's API description as kept by tryAGI/BlackForestLabs (2026-05), docs.bfl.ai (errors,
quick start) and the black-forest-labs/skills repository (2026-02), read 2026-11-22.

One image a submit, so n images are n submits under one ticket. The polling address may be on a
regional host and is used as given; results are signed addresses that expire after 10 minutes.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from corent.core.upstream import Failure, Generated, UpstreamError, Working
from corent.providers._http import (
    SYSTEM_CLOCK,
    Wire,
    result_hosts,
    versioned,
)
from corent.providers._shape import (
    as_mapping,
    as_text,
    code_of,
    elements,
    members,
    open_ticket,
    whole_number,
    write_ticket,
)

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import ImageRequest, RemoteFile
    from corent.providers._deadline import Deadline
    from corent.providers._http import Reply
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://api.bfl.ai"
HOSTS: Final = (".bfl.ai",)
POLL_AFTER_S: Final = 0.5
# One credit is one cent.
MICROS_PER_CREDIT: Final = 10_000
CREDITS_MAX: Final = 10_000

REFUSED_STATUSES: Final = frozenset({"Request Moderated", "Content Moderated"})
# Models of the first generation: other limits on the sides, another name for the input image.
FIRST_GENERATION: Final = "flux-pro-1.1"


class BFL:
    """Accepts at once and is asked later."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._wire = Wire(
            http,
            base_url=versioned(credentials.base_url or BASE_URL, version="v1"),
            headers={"x-key": credentials.api_key},
            clock=clock,
        )
        self._result_hosts = result_hosts(HOSTS, self._wire, base_url=credentials.base_url)

    def submit(self, request: ImageRequest, *, model: str, timeout_s: float) -> Working:
        deadline = self._wire.start(timeout_s)
        body = _body(request, model=model)
        addresses: list[str] = []
        credits: float | None = 0.0
        for index in range(request.count):
            # The same seed n times would be the same image n times.
            seeded = body if request.seed is None else {**body, "seed": request.seed + index}
            document = self._submit(seeded, model=model, deadline=deadline)
            addresses.append(self._wire.trusted(document.get("polling_url"), hosts=HOSTS))
            credits = _sum(credits, document.get("cost"))
        cost_micros = None if credits is None else round(credits * MICROS_PER_CREDIT)
        ticket = write_ticket({"polling_urls": addresses, "cost_micros": cost_micros})
        return Working(ticket=ticket, poll_after_s=POLL_AFTER_S)

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        deadline = self._wire.start(timeout_s)
        opened = open_ticket(ticket)
        addresses = [
            self._wire.trusted(address, hosts=HOSTS) for address in elements(opened.get("polling_urls"))
        ]
        if not addresses:
            raise UpstreamError(Failure.EXPIRED, "a ticket that is not ours")
        files = []
        for address in addresses:
            file = self._poll(address, deadline=deadline)
            if file is None:
                return Working(ticket=ticket, poll_after_s=POLL_AFTER_S)
            files.append(file)
        cost_micros = whole_number(opened.get("cost_micros"), maximum=CREDITS_MAX * MICROS_PER_CREDIT)
        return Generated(files=tuple(files), cost_micros=cost_micros)

    def ask_account(self, *, timeout_s: float) -> None:
        """BFL's sites show the credits left; that this is how to ask for them was not seen."""
        self._wire.ask("/credits", may_be_missing=True, deadline=self._wire.start(timeout_s))

    def _submit(self, body: dict[str, object], *, model: str, deadline: Deadline) -> dict[str, object]:
        reply = self._wire.buy_json(f"/{model}", body, deadline=deadline)
        if not reply.ok:
            raise self._refused(reply)
        return as_mapping(reply.document(), what="the answer")

    def _refused(self, reply: Reply) -> UpstreamError:
        """BFL gives its wait in a header or, by its own examples, in the body."""
        document = reply.mapping()
        wait_s = whole_number(document.get("retry_after"), maximum=3600)
        return self._wire.refused(reply, code=code_of(document.get("error")), wait_s=wait_s)

    def _poll(self, address: str, *, deadline: Deadline) -> RemoteFile | None:
        """The finished image, or None while there is none."""
        reply = self._wire.look_up(address, deadline=deadline)
        if not reply.ok and reply.mapping().get("status") != "Task not found":
            raise self._wire.not_told(reply)
        document = as_mapping(reply.document(), what="the answer")
        status = as_text(document.get("status"), what="status")
        if status in REFUSED_STATUSES:
            raise UpstreamError(Failure.REFUSED, "moderated")
        if status == "Task not found":
            raise UpstreamError(Failure.EXPIRED, "task not found")
        if status == "Error":
            raise UpstreamError(Failure.UNAVAILABLE, "the task failed inside")
        if status != "Ready":
            return None
        sample = members(document.get("result")).get("sample")
        return self._wire.remote_file(sample, hosts=self._result_hosts)


def _body(request: ImageRequest, *, model: str) -> dict[str, object]:
    first_generation = model == FIRST_GENERATION
    width_px, height_px = (
        _fitted(request, step_px=32, smallest_px=256, largest_px=1440)
        if first_generation
        else _fitted(request, step_px=16, smallest_px=64, largest_px=2048)
    )
    body: dict[str, object] = {
        "prompt": request.prompt,
        "width": width_px,
        "height": height_px,
        "output_format": request.output_format.value,
    }
    if request.image is not None:
        field = "image_prompt" if first_generation else "input_image"
        body[field] = base64.b64encode(request.image.content).decode("ascii")
    return body


def _fitted(request: ImageRequest, *, step_px: int, smallest_px: int, largest_px: int) -> tuple[int, int]:
    """The asked sides, shrunk together until they fit, then each to the nearest step."""
    shrink = min(1.0, largest_px / max(request.width_px, request.height_px))
    width_px, height_px = (
        min(max(round(side_px * shrink / step_px) * step_px, smallest_px), largest_px)
        for side_px in (request.width_px, request.height_px)
    )
    return width_px, height_px


def _sum(total: float | None, cost: object) -> float | None:
    """Credits so far, or None once an answer did not say what it costs."""
    if (
        total is None
        or isinstance(cost, bool)
        or not isinstance(cost, int | float)
        or not 0 <= cost <= CREDITS_MAX
    ):
        return None
    return total + cost
