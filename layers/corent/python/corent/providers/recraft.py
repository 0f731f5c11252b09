"""Recraft images: POST /images/generations, in the shape of OpenAI's API with fields of its own.

Sources: the API description kept by tryAGI/Recraft (2026-08), read 2026-11-22; the vendor's pages on
sizes, prices and V4.1 Flash (recraft.ai/docs/api-reference: appendix, pricing, models), read 2026-11-28.

Answers at once and says in `credits` what it charged. A size may be written as a ratio, which each model
makes in its own pixels. The vendor says that a field a model does not know is refused or ignored, not
which model knows which: the catalog offers seeds and negative prompts only where they have been seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from corent.core.tiers import AspectRatio
from corent.core.upstream import Failure, Generated, InlineFile, UpstreamError
from corent.providers._http import SYSTEM_CLOCK, Wire, result_hosts, versioned
from corent.providers._openai_shape import bearer, entries
from corent.providers._shape import as_mapping, code_of, inline_file, no_tickets, whole_number

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import ImageRequest, RemoteFile
    from corent.providers._http import Reply
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://external.api.recraft.ai/v1"
HOSTS: Final = (".recraft.ai",)
RATIOS: Final = frozenset(AspectRatio) - {AspectRatio.CINEMA}
# The older model takes shorter prompts than we do.
PROMPT_MAX_CHARACTERS: Final = {"recraftv3": 1_000}
# A thousand units are a dollar.
MICROS_PER_UNIT: Final = 1_000
UNITS_MAX: Final = 1_000_000

# Its codes are not published: words in one tell what it is about, and the status the rest.
FAILURE_BY_WORD: Final = {
    "moderation": Failure.REFUSED,
    "nsfw": Failure.REFUSED,
    "credits": Failure.QUOTA,
    "balance": Failure.QUOTA,
}


class Recraft:
    """Answers at once."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._wire = Wire(
            http,
            base_url=versioned(credentials.base_url or BASE_URL, version="v1"),
            headers=bearer(credentials),
            clock=clock,
        )
        self._result_hosts = result_hosts(HOSTS, self._wire, base_url=credentials.base_url)

    def submit(self, request: ImageRequest, *, model: str, timeout_s: float) -> Generated:
        deadline = self._wire.start(timeout_s)
        too_long = len(request.prompt) > PROMPT_MAX_CHARACTERS.get(model, len(request.prompt))
        if too_long or request.image is not None or request.aspect_ratio not in RATIOS:
            raise UpstreamError(Failure.INVALID_INPUT, "not a request it takes")
        reply = self._wire.buy_json("/images/generations", _body(request, model=model), deadline=deadline)
        if not reply.ok:
            raise self._refused(reply)
        document = as_mapping(reply.document(), what="the answer")
        files = tuple(self._file(entry) for entry in entries(document, count=request.count))
        units = whole_number(document.get("credits"), maximum=UNITS_MAX)
        return Generated(files=files, cost_micros=None if units is None else units * MICROS_PER_UNIT)

    def check(self, ticket: str, *, timeout_s: float) -> NoReturn:
        del ticket, timeout_s
        raise no_tickets()

    def ask_account(self, *, timeout_s: float) -> None:
        self._wire.ask("/users/me", may_be_missing=False, deadline=self._wire.start(timeout_s))

    def _refused(self, reply: Reply) -> UpstreamError:
        code = code_of(reply.mapping().get("code"))
        known = (failure for word, failure in FAILURE_BY_WORD.items() if word in code.lower())
        return self._wire.refused(reply, failure=next(known, None), code=code)

    def _file(self, entry: dict[str, object]) -> InlineFile | RemoteFile:
        if entry.get("b64_json"):
            return inline_file(entry["b64_json"])
        return self._wire.remote_file(entry.get("url"), hosts=self._result_hosts)


def _body(request: ImageRequest, *, model: str) -> dict[str, object]:
    body: dict[str, object] = {
        "model": model,
        "prompt": request.prompt,
        "n": request.count,
        "size": request.aspect_ratio.value,
        "response_format": "b64_json",
        "image_format": request.output_format.value,
    }
    if request.negative_prompt is not None:
        body["negative_prompt"] = request.negative_prompt
    if request.seed is not None:
        body["random_seed"] = request.seed
    return body
