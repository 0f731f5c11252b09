"""What fal's images and videos share: the queue, and how fal says what failed.

Sources: the fal-client 1.0.3 and @fal-ai/client 1.10.1 packages (requests as seen by a recording
server, generated types) and fal.ai/docs (model errors, request errors, queue), read 2026-11-22.

The queue's addresses leave out part of the endpoint's path and are used as given. COMPLETED only
says that the request is over: whether it worked is what the result's address answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corent.core.upstream import Failure, UpstreamError
from corent.providers._http import failure_of
from corent.providers._shape import as_mapping, as_text, code_of, elements, members

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from corent.providers._deadline import Deadline
    from corent.providers._http import Reply, Wire
    from corent.providers.credentials import Credentials

QUEUE_BASE_URL: Final = "https://queue.fal.run"
RESULT_HOSTS: Final = (".fal.media",)

FAILURE_BY_TYPE: Final = {
    "content_policy_violation": Failure.REFUSED,
    "request_timeout": Failure.UNAVAILABLE,
    "runner_disconnected": Failure.UNAVAILABLE,
    "internal_server_error": Failure.UNAVAILABLE,
    "generation_timeout": Failure.UNAVAILABLE,
    "downstream_service_error": Failure.UNAVAILABLE,
    "downstream_service_unavailable": Failure.UNAVAILABLE,
}
_NO_REQUEST: Final = "/fal-ai/flux/requests/00000000-0000-0000-0000-000000000000/status"
# fal says 401 to a wrong key; 403 is an account that may not buy, as a rule for want of money.
FAILURE_BY_STATUS: Final = {403: Failure.QUOTA}


def key_headers(credentials: Credentials) -> dict[str, str]:
    return {"Authorization": f"Key {credentials.api_key}"}


class Queue:
    """Accepts at once, and is asked later at addresses of its own."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def submit(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        start_within_s: int,
        deadline: Deadline,
        by_status: Callable[[int], Failure] = failure_of,
    ) -> dict[str, object]:
        """Buy, and answer the addresses at which to ask: `status_url`, `response_url` and `cancel_url`.

        A request that has not begun after `start_within_s` is dropped by fal. `by_status` says what a
        refusal without a reason means. `cancel_url` is None where fal named none.
        """
        headers = {"X-Fal-Request-Timeout": str(start_within_s), "x-fal-no-retry": "1"}
        reply = self._wire.buy_json(path, body, deadline=deadline, headers=headers)
        if not reply.ok:
            raise refused(self._wire, reply, by_status=by_status)
        document = as_mapping(reply.document(), what="the answer")
        return {
            "status_url": self._wire.trusted(document.get("status_url")),
            "response_url": self._wire.trusted(document.get("response_url")),
            "cancel_url": self._cancel_url(document),
        }

    def result(self, addresses: Mapping[str, object], *, deadline: Deadline) -> dict[str, object] | None:
        """What a request came to, None while it is not over. Raises what it failed with."""
        status_url = self._wire.trusted(addresses.get("status_url"))
        response_url = self._wire.trusted(addresses.get("response_url"))
        reply = self._wire.look_up(status_url, deadline=deadline)
        if not reply.ok:
            raise self._wire.not_told(reply)
        document = as_mapping(reply.document(), what="the status")
        # A word we do not know is a state we do not know: still working, until the deadline.
        if as_text(document.get("status"), what="status") != "COMPLETED":
            return None
        return self._outcome(response_url, status=document, deadline=deadline)

    def cancel(self, addresses: Mapping[str, object], *, deadline: Deadline) -> None:
        """Ask that a request be dropped, where fal said how."""
        if addresses.get("cancel_url") is not None:
            self._wire.cancel("PUT", self._wire.trusted(addresses["cancel_url"]), deadline=deadline)

    def ask_account(self, *, timeout_s: float) -> None:
        """Look at a request that cannot exist: fal is not known to list anything."""
        self._wire.ask(_NO_REQUEST, may_be_missing=True, deadline=self._wire.start(timeout_s))

    def _cancel_url(self, document: dict[str, object]) -> str | None:
        """Nobody's purchase fails for want of a way to stop it."""
        try:
            return self._wire.trusted(document.get("cancel_url"))
        except UpstreamError:
            return None

    def _outcome(
        self, response_url: str, *, status: dict[str, object], deadline: Deadline
    ) -> dict[str, object]:
        reply = self._wire.look_up(response_url, deadline=deadline)
        if reply.ok:
            return as_mapping(reply.document(), what="the result")
        said_why = bool(status.get("error") or status.get("error_type") or _types(reply))
        if not said_why:
            raise self._wire.not_told(reply)
        error = refused(self._wire, reply, hint=code_of(status.get("error_type")))
        if error.failure is Failure.RATE_LIMITED:
            # Met by the model itself. Asking again would not change it: this request is over.
            raise UpstreamError(Failure.UNAVAILABLE, error.detail)
        raise error


def refused(
    wire: Wire, reply: Reply, *, by_status: Callable[[int], Failure] = failure_of, hint: str = ""
) -> UpstreamError:
    """The error of a request that failed, by its types before its status."""
    types = [*_types(reply), hint] if hint else _types(reply)
    failure = next((FAILURE_BY_TYPE[name] for name in types if name in FAILURE_BY_TYPE), None)
    if failure is None:
        failure = FAILURE_BY_STATUS.get(reply.status) or by_status(reply.status)
    return wire.refused(reply, failure=failure, code=" ".join(types[:1]))


def _types(reply: Reply) -> list[str]:
    """The error types a reply names: the model's own, then the queue's in the body or a header."""
    document = reply.mapping()
    named = [code_of(members(entry).get("type")) for entry in elements(document.get("detail"))]
    named.append(code_of(document.get("error_type")))
    named.append(code_of(reply.headers.get("x-fal-error-type")))
    if reply.headers.get("x-fal-request-timeout-type") == "user":
        # Our own limit on how long it may wait for its turn.
        named.append("request_timeout")
    return [name for name in named if name]
