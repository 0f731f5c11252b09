"""The key endpoints' request and answer, between the contract's words and ours."""

from typing import Any

from corent.accounts.keys import ApiKey, Mode, Scope
from corent.core.clock import rfc3339
from corent.core.money import MICROS_PER_CENT, cents_floor
from corent.edge.account import time_ms
from corent.edge.bodies.keys import KeyBody
from corent.usecases.manage_keys import NewKey


def new_key_of(body: KeyBody, *, also: tuple[Scope, ...] = ()) -> NewKey:
    """What key is wanted; `also` are scopes that no body can ask for.

    Raises InvalidRequestError for a time that is none.
    """
    expires_at_ms = time_ms(body.expires_at, param="expires_at")
    return NewKey(
        label=body.label,
        mode=Mode(body.mode),
        scopes=(*dict.fromkeys(Scope(scope) for scope in body.scopes), *also),
        limit_micros=body.limit_cents * MICROS_PER_CENT if body.limit_cents is not None else None,
        expires_at_s=expires_at_ms // 1000 if expires_at_ms is not None else None,
    )


def key_body(key: ApiKey) -> dict[str, Any]:
    """A key as it may be shown again: never its secret."""
    return {
        "id": key.id,
        "label": key.label,
        "mode": key.mode.value,
        "scopes": [scope.value for scope in key.scopes],
        "prefix": key.prefix,
        "last4": key.last4,
        "status": key.status.value,
        "limit_cents": cents_floor(key.limit_micros) if key.limit_micros is not None else None,
        "created_at": rfc3339(key.created_at_ms),
        "expires_at": rfc3339(key.expires_at_s * 1000) if key.expires_at_s is not None else None,
    }
