"""How the API says no, in the shape of Stripe's errors.

Shape and codes: stripe-python 16.1.0 (`_error.py`, `_api_requestor.py`) and docs.stripe.com/error-codes, read
2026-11-25. The sentences are the stand-in's own.
"""

from typing import Any, Final

INVALID: Final = "invalid_request_error"
CARD: Final = "card_error"
IDEMPOTENCY: Final = "idempotency_error"


class RefusedError(Exception):
    """The API's answer instead of an object."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type_: str = INVALID,
        code: str | None = None,
        param: str | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"type": type_, "message": message}
        if code:
            self.error |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code}"}
        if param:
            self.error["param"] = param
        self.error |= more or {}


def bad_key() -> RefusedError:
    """Return the answer to a request without the secret key."""
    return RefusedError("This is not the secret key of the stand-in.", status=401)


def no_route(method: str, path: str) -> RefusedError:
    """Return the answer to an address that nobody serves."""
    return RefusedError(f"The stand-in serves no {method} {path}.", status=404)


def no_such(kind: str, id_: str, *, param: str, status: int = 404) -> RefusedError:
    """Return the answer to an id that does not exist."""
    return RefusedError(f"No such {kind}: '{id_}'", status=status, code="resource_missing", param=param)


def bad_parameter(message: str, param: str, *, code: str | None = None) -> RefusedError:
    """Return the answer to a parameter that cannot be taken."""
    return RefusedError(message, code=code, param=param)


def other_request() -> RefusedError:
    """Return the answer to an Idempotency-Key that was used for another request."""
    return RefusedError(
        "This Idempotency-Key was used with another address or other parameters.",
        type_=IDEMPOTENCY,
    )
