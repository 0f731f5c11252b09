"""The sandbox's images and videos: POST /v1/generations, then GET it until it is done.

Source: the sandbox is Corent's own (functions/sandbox_upstream), so its interface is what that says.
Results are presigned addresses in the bucket beside it, which expire after an hour.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from corent.core.upstream import Failure, Generated, UpstreamError, Working
from corent.providers._http import SYSTEM_CLOCK, Wire, versioned
from corent.providers._shape import as_list, as_mapping, as_text, bad_reply, code_of, members, whole_number

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import ImageRequest, VideoRequest
    from corent.providers.credentials import Credentials

POLL_AFTER_MAX_MS: Final = 60_000
# A gateway's own address says the region, and so where the bucket beside it answers.
_GATEWAY: Final = re.compile(
    r"[a-z0-9]+\.execute-api\.(?P<region>[a-z0-9-]+)\.(?P<domain>amazonaws\.com(?:\.cn)?)"
)


class _Sandbox:
    """What images and videos share: accepted at once, asked for later."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        """Raises ValueError without a `base_url`: every stack has a sandbox of its own."""
        if credentials.base_url is None:
            raise ValueError("the sandbox's secret must hold base_url")
        self._wire = Wire(
            http,
            base_url=versioned(credentials.base_url, version="v1"),
            headers={"Authorization": f"Bearer {credentials.api_key}"},
            clock=clock,
        )
        self._result_hosts = _result_hosts(self._wire.host)

    def ask_account(self, *, timeout_s: float) -> None:
        self._wire.ask(_path("gen_none"), may_be_missing=True, deadline=self._wire.start(timeout_s))

    def _buy(self, body: dict[str, object], *, timeout_s: float) -> Working:
        deadline = self._wire.start(timeout_s)
        reply = self._wire.buy_json("/generations", body, deadline=deadline)
        if not reply.ok:
            code = code_of(members(reply.mapping().get("error")).get("code"))
            raise self._wire.refused(reply, failure=_FAILURE_BY_CODE.get(code), code=code)
        document = as_mapping(reply.document(), what="the answer")
        return _working(document, ticket=as_text(document.get("id"), what="id"))

    def _look(self, ticket: str, *, member: str, timeout_s: float) -> Generated | Working:
        """Look at a generation whose files are listed under `member` once it is done."""
        deadline = self._wire.start(timeout_s)
        reply = self._wire.look_up(_path(ticket), deadline=deadline)
        if not reply.ok:
            raise self._wire.not_told(reply)
        document = as_mapping(reply.document(), what="the answer")
        status = document.get("status")
        if status == "running":
            return _working(document, ticket=ticket)
        if status == "failed":
            raise _failed(document)
        if status == "cancelled":
            raise UpstreamError(Failure.EXPIRED, "the generation was cancelled")
        if status != "done":
            raise bad_reply("status is none of running, done, failed, cancelled")
        listed = as_list(document.get(member), what=member)
        if not listed:
            raise bad_reply(f"done without {member}")
        addresses = [as_mapping(file, what=f"{member}[]").get("url") for file in listed]
        files = tuple(self._wire.remote_file(address, hosts=self._result_hosts) for address in addresses)
        return Generated(files=files)


class SandboxImages(_Sandbox):
    """Images, one to four a generation."""

    def submit(self, request: ImageRequest, *, model: str, timeout_s: float) -> Working:
        body = {**_body(request, model=model), "n": request.count, "format": request.output_format.value}
        return self._buy(body, timeout_s=timeout_s)

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        return self._look(ticket, member="images", timeout_s=timeout_s)


class SandboxVideos(_Sandbox):
    """Videos, one a generation."""

    def submit(self, request: VideoRequest, *, model: str, timeout_s: float) -> Working:
        body = {**_body(request, model=model), "kind": "video", "duration_s": request.duration_s}
        return self._buy(body, timeout_s=timeout_s)

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        outcome = self._look(ticket, member="videos", timeout_s=timeout_s)
        if isinstance(outcome, Generated) and len(outcome.files) != 1:
            raise bad_reply(f"{len(outcome.files)} videos of 1")
        return outcome

    def cancel(self, ticket: str, *, timeout_s: float) -> None:
        deadline = self._wire.start(timeout_s)
        self._wire.cancel("POST", f"{_path(ticket)}/cancel", deadline=deadline)


_FAILURE_BY_CODE: Final = {
    "unauthorized": Failure.AUTH,
    "invalid_request": Failure.INVALID_INPUT,
    "content_refused": Failure.REFUSED,
    "rate_limited": Failure.RATE_LIMITED,
    "failed": Failure.UNAVAILABLE,
    "unavailable": Failure.UNAVAILABLE,
}


def _failed(document: dict[str, object]) -> UpstreamError:
    """A generation that ended without files."""
    code = code_of(members(document.get("error")).get("code"))
    failure = Failure.REFUSED if code == "content_refused" else Failure.UNAVAILABLE
    return UpstreamError(failure, f"the generation failed {code}".rstrip())


def _working(document: dict[str, object], *, ticket: str) -> Working:
    poll_after_ms = whole_number(document.get("poll_after_ms"), maximum=POLL_AFTER_MAX_MS)
    if poll_after_ms is None:
        raise bad_reply("poll_after_ms is not a number of milliseconds")
    return Working(
        ticket=ticket,
        poll_after_s=poll_after_ms / 1000,
        progress_percent=whole_number(document.get("progress_percent"), maximum=99),
    )


def _path(ticket: str) -> str:
    return f"/generations/{quote(ticket, safe='')}"


def _body(request: ImageRequest | VideoRequest, *, model: str) -> dict[str, object]:
    """The fields that images and videos have in common."""
    image = request.image
    body: dict[str, object] = {
        "model": model,
        "prompt": request.prompt,
        "width": request.width_px,
        "height": request.height_px,
        "seed": request.seed,
        "negative_prompt": request.negative_prompt,
        "image": image
        and {
            "media_type": image.media_type,
            "data_base64": base64.b64encode(image.content).decode("ascii"),
        },
        "reference": request.reference,
        "attempt": request.attempt,
    }
    if request.callback_url is not None:
        body["callback_url"] = request.callback_url
    return body


def _result_hosts(host: str) -> tuple[str, ...]:
    """The sandbox's own host, and on AWS the buckets of its region."""
    gateway = _GATEWAY.fullmatch(host)
    if gateway is None:
        return (host,)
    region, domain = gateway["region"], gateway["domain"]
    # Buckets in us-east-1 also answer without the region in their name.
    return (host, f".s3.{region}.{domain}", f".s3.{domain}")
