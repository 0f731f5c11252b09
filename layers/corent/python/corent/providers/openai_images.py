"""OpenAI images, and servers that speak the same: POST /images/generations and /images/edits.

Sources: the types of the openai package 3.51.0 (image_generate_params, image_edit_params,
images_response), read 2026-11-22; refusal and billing codes from third-party reports of 2026;
self-hosted servers from docs.vllm.ai (vLLM-Omni) and LocalAI, read 2026-11-22.

A model is written `name` or `name:quality` (`gpt-image-2:medium`): the price depends on both.
GPT image models answer base64 only, at once; they take no seed and no negative prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from corent.core.upstream import Failure, Generated, InlineFile, RemoteFile
from corent.providers._http import SYSTEM_CLOCK, Wire, versioned
from corent.providers._openai_shape import bearer, entries, failure_by_code, refused
from corent.providers._shape import (
    as_mapping,
    bad_reply,
    inline_file,
    members,
    no_tickets,
    whole_number,
)

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import ImageRequest
    from corent.providers._deadline import Deadline
    from corent.providers._http import Reply
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://api.openai.com/v1"
# The model's name for "whatever this server runs".
SELF_HOSTED_DEFAULT: Final = "default"

# USD per million tokens, which is micro-dollars per token: gpt-image-2 and 2.5, litellm 1.106.2, 2026-11.
MICROS_PER_TEXT_TOKEN_IN: Final = 5
MICROS_PER_IMAGE_TOKEN_IN: Final = 8
MICROS_PER_IMAGE_TOKEN_OUT: Final = 30
TOKENS_MAX: Final = 1_000_000


class OpenAIImages:
    """OpenAI itself. Answers at once."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._wire = Wire(
            http,
            base_url=versioned(credentials.base_url or BASE_URL, version="v1"),
            headers=bearer(credentials),
            clock=clock,
        )

    def submit(self, request: ImageRequest, *, model: str, timeout_s: float) -> Generated:
        deadline = self._wire.start(timeout_s)
        name, _, quality = model.partition(":")
        fields: dict[str, str | int] = {
            "model": name,
            "prompt": request.prompt,
            "n": request.count,
            "size": f"{request.width_px}x{request.height_px}",
            "output_format": request.output_format.value,
        }
        if quality:
            fields["quality"] = quality
        if request.image is None:
            reply = self._wire.buy_json("/images/generations", fields, deadline=deadline)
        else:
            kind = request.image.media_type.removeprefix("image/")
            reply = self._wire.buy_form(
                "/images/edits",
                {field: str(value) for field, value in fields.items()},
                files={"image": (f"image.{kind}", request.image.content, request.image.media_type)},
                deadline=deadline,
            )
        if not reply.ok:
            raise refused(self._wire, reply)
        document = as_mapping(reply.document(), what="the answer")
        files = tuple(inline_file(entry.get("b64_json")) for entry in entries(document, count=request.count))
        return Generated(files=files, cost_micros=_cost_micros(document))

    def check(self, ticket: str, *, timeout_s: float) -> NoReturn:
        del ticket, timeout_s
        raise no_tickets()

    def ask_account(self, *, timeout_s: float) -> None:
        self._wire.ask("/models", may_be_missing=False, deadline=self._wire.start(timeout_s))


class SelfHostedImages:
    """A server of the operator's own that speaks OpenAI's images API. Answers at once.

    Such servers differ in which optional fields they take. One that refuses `response_format` or
    `model` by name is asked again without it: a refusal makes nothing, so nothing is made twice.
    """

    _DROPPABLE: Final = ("response_format", "model")

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        """Raises ValueError without a base_url: there is no server everybody hosts."""
        if credentials.base_url is None:
            raise ValueError("a self-hosted server needs a base_url")
        self._headers = bearer(credentials)
        self._wire = Wire(
            http,
            base_url=versioned(credentials.base_url, version="v1"),
            headers=self._headers,
            clock=clock,
        )

    def submit(self, request: ImageRequest, *, model: str, timeout_s: float) -> Generated:
        body: dict[str, str | int] = {
            "model": model,
            "prompt": request.prompt,
            "n": request.count,
            "size": f"{request.width_px}x{request.height_px}",
            "response_format": "b64_json",
        }
        reply = self._buy(body, deadline=self._wire.start(timeout_s))
        document = as_mapping(reply.document(), what="the answer")
        return Generated(files=tuple(self._file(entry) for entry in entries(document, count=request.count)))

    def check(self, ticket: str, *, timeout_s: float) -> NoReturn:
        del ticket, timeout_s
        raise no_tickets()

    def ask_account(self, *, timeout_s: float) -> None:
        """Health, which vLLM tells beside its version and to anybody; where there is none, the models."""
        deadline = self._wire.start(timeout_s)
        if not self._wire.ask(self._wire.resolved("health"), may_be_missing=True, deadline=deadline):
            self._wire.ask("/models", may_be_missing=True, deadline=deadline)

    def _buy(self, body: dict[str, str | int], *, deadline: Deadline) -> Reply:
        while True:
            reply = self._wire.buy_json("/images/generations", body, deadline=deadline)
            if reply.ok:
                return reply
            unwanted = self._unwanted(reply, body=body)
            if unwanted is None:
                raise refused(self._wire, reply)
            # Each round removes one of two fields, so there are three rounds at most.
            body = {field: value for field, value in body.items() if field != unwanted}

    def _unwanted(self, reply: Reply, *, body: dict[str, str | int]) -> str | None:
        """The optional field this refusal names. A model chosen by the operator is never dropped."""
        if reply.status not in {400, 404, 422} or failure_by_code(reply) is Failure.REFUSED:
            return None
        text = reply.body.decode("utf-8", "replace").lower()
        for field in self._DROPPABLE:
            optional = field != "model" or body.get("model") == SELF_HOSTED_DEFAULT
            if field in body and optional and field in text:
                return field
        return None

    def _file(self, entry: dict[str, object]) -> InlineFile | RemoteFile:
        if entry.get("b64_json"):
            return inline_file(entry["b64_json"])
        if not entry.get("url"):
            raise bad_reply("an image without b64_json and url")
        url = self._wire.trusted(self._wire.resolved(entry["url"]))
        return self._wire.remote_file(url, hosts=(self._wire.host,), headers=tuple(self._headers.items()))


def _cost_micros(document: dict[str, object]) -> int | None:
    """What the tokens it counted cost us, or None when it counted none."""
    usage = members(document.get("usage"))
    inputs = members(usage.get("input_tokens_details"))
    text_in = whole_number(inputs.get("text_tokens"), maximum=TOKENS_MAX)
    image_in = whole_number(inputs.get("image_tokens"), maximum=TOKENS_MAX)
    image_out = whole_number(usage.get("output_tokens"), maximum=TOKENS_MAX)
    if text_in is None or image_in is None or image_out is None:
        return None
    return (
        text_in * MICROS_PER_TEXT_TOKEN_IN
        + image_in * MICROS_PER_IMAGE_TOKEN_IN
        + image_out * MICROS_PER_IMAGE_TOKEN_OUT
    )
