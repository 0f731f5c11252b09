"""Together AI videos: POST /v2/videos, then GET the video until it is over.

Sources: the together package 3.1.1 (types, and its requests as seen by a recording server), read 2026-11-22;
the models' fields from docs.together.ai (Wan 2.7 quickstart, video generation parameters, stored copies of
2026), read 2026-11-28. That results begin as short addresses on its own host is as third parties have them.

Every model has fields of its own: one is known here once its page was read. It takes no webhook and no
cancellation. The unit of the cost it tells is not published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corent.core.tiers import AspectRatio, Resolution
from corent.core.upstream import Failure, Generated, UpstreamError, Working
from corent.providers._http import (
    SYSTEM_CLOCK,
    Wire,
    failure_of_submit,
    result_hosts,
)
from corent.providers._shape import as_mapping, as_text, code_of, id_path, id_ticket, members

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import VideoRequest
    from corent.providers._http import Reply
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://api.together.ai"
# Where its short addresses lead to is not published: its own domains, and common stores.
RESULT_HOSTS: Final = (
    ".together.ai",
    ".together.xyz",
    ".amazonaws.com",
    ".r2.cloudflarestorage.com",
    "storage.googleapis.com",
)
POLL_AFTER_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Model:
    """What one model takes. `resolutions` are its own words for ours."""

    resolutions: dict[Resolution, str]
    ratios: frozenset[AspectRatio]
    prompt_max_characters: int
    negative_prompt_max_characters: int


MODELS: Final = {
    # Its image-to-video sibling is a model by itself: whether that keeps a ratio was not seen.
    "Wan-AI/wan2.7-t2v": Model(
        resolutions={Resolution.HD: "720P", Resolution.FULL_HD: "1080P"},
        ratios=frozenset({AspectRatio.WIDE, AspectRatio.TALL, AspectRatio.SQUARE}),
        prompt_max_characters=5000,
        negative_prompt_max_characters=500,
    ),
}
# Failures are told in words of the maker's own: only a refusal has to be known from the others.
REFUSED_CODES: Final = ("moderat", "nsfw", "safety", "sensitive", "policy")


class TogetherVideos:
    """Accepts at once and is asked later."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        # The images of the same account are on /v1: a base that says so leads here as well.
        base_url = (credentials.base_url or BASE_URL).rstrip("/").removesuffix("/v1").removesuffix("/v2")
        self._wire = Wire(
            http,
            base_url=base_url,
            headers={"Authorization": f"Bearer {credentials.api_key}"},
            clock=clock,
        )
        self._result_hosts = result_hosts(RESULT_HOSTS, self._wire, base_url=credentials.base_url)

    def submit(self, request: VideoRequest, *, model: str, timeout_s: float) -> Generated | Working:
        body = _body(request, model=model)
        reply = self._wire.buy_json("/v2/videos", body, deadline=self._wire.start(timeout_s))
        if not reply.ok:
            raise self._refused(reply)
        document = as_mapping(reply.document(), what="the answer")
        return self._outcome(document, ticket=id_ticket(document.get("id")))

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        reply = self._wire.look_up(f"/v2/videos/{id_path(ticket)}", deadline=self._wire.start(timeout_s))
        if not reply.ok:
            raise self._wire.not_told(reply)
        return self._outcome(as_mapping(reply.document(), what="the answer"), ticket=ticket)

    def cancel(self, ticket: str, *, timeout_s: float) -> None:
        """Nothing: Together takes no such wish."""
        del ticket, timeout_s

    def ask_account(self, *, timeout_s: float) -> None:
        self._wire.ask("/v1/models", may_be_missing=True, deadline=self._wire.start(timeout_s))

    def _refused(self, reply: Reply) -> UpstreamError:
        error = members(reply.mapping().get("error"))
        failure = Failure.REFUSED if _says_refused(error) else failure_of_submit(reply.status)
        return self._wire.refused(reply, failure=failure, code=_code(error))

    def _outcome(self, document: dict[str, object], *, ticket: str) -> Generated | Working:
        status = as_text(document.get("status"), what="status")
        if status == "failed":
            error = members(document.get("error"))
            failure = Failure.REFUSED if _says_refused(error) else Failure.UNAVAILABLE
            raise UpstreamError(failure, f"failed {_code(error)}".rstrip())
        if status != "completed":
            return Working(ticket=ticket, poll_after_s=POLL_AFTER_S)
        url = members(document.get("outputs")).get("video_url")
        return Generated(files=(self._wire.remote_file(url, hosts=self._result_hosts),))


def _code(error: dict[str, object]) -> str:
    return code_of(error.get("code")) or code_of(error.get("type"))


def _says_refused(error: dict[str, object]) -> bool:
    """Whether the error's code says so: its message may repeat a prompt that holds the same words."""
    return any(word in _code(error).lower() for word in REFUSED_CODES)


def _body(request: VideoRequest, *, model: str) -> dict[str, object]:
    """Raises INVALID_INPUT for what the model does not take."""
    takes = MODELS.get(model)
    if (
        takes is None
        or request.image is not None
        or request.resolution not in takes.resolutions
        or request.aspect_ratio not in takes.ratios
    ):
        raise UpstreamError(Failure.INVALID_INPUT, "a model that does not take this request")
    negative_prompt = request.negative_prompt or ""
    if (
        len(request.prompt) > takes.prompt_max_characters
        or len(negative_prompt) > takes.negative_prompt_max_characters
    ):
        raise UpstreamError(Failure.INVALID_INPUT, "a prompt longer than this model takes")
    body: dict[str, object] = {
        "model": model,
        "prompt": request.prompt,
        "resolution": takes.resolutions[request.resolution],
        "ratio": request.aspect_ratio.value,
        "seconds": str(request.duration_s),
    }
    if request.seed is not None:
        body["seed"] = request.seed
    if negative_prompt:
        body["negative_prompt"] = negative_prompt
    return body
