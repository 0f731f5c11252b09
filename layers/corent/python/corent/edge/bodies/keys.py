"""Bodies of the key endpoints."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from corent.edge.bodies import TIME, Body, Reply

type GrantableScope = Literal["generate", "read", "billing"]
DEFAULT_SCOPES: tuple[GrantableScope, ...] = ("generate", "read", "billing")


class KeyBody(Body):
    """`POST /v1/account/keys`."""

    label: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    mode: Literal["live", "test"] = "live"
    scopes: Annotated[list[GrantableScope], Field(min_length=1, max_length=3)] = Field(
        default_factory=lambda: list(DEFAULT_SCOPES)
    )
    limit_cents: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    expires_at: Annotated[str, StringConstraints(pattern=TIME)] | None = None


class KeyReply(Reply):
    id: str
    label: str
    mode: Literal["live", "test"]
    scopes: list[str]
    prefix: str
    last4: str
    status: Literal["active", "revoked"]
    limit_cents: int | None
    created_at: str
    expires_at: str | None


class NewKeyReply(KeyReply):
    """A new key, with its secret: shown this once."""

    key: str


class KeysReply(Reply):
    keys: list[KeyReply]


class RevokedReply(Reply):
    """The key no longer works."""

    id: str
    status: Literal["revoked"]
