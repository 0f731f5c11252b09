"""Notices: account-level events, owed to the address that the account's owner gave."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from corent.core.clock import rfc3339


class NoticeType(StrEnum):
    """What happened, as the event's `type` says it."""

    BALANCE_LOW = "balance.low"
    AUTO_TOPUP_DISABLED = "auto_topup.disabled"


@dataclass(frozen=True, slots=True)
class Alert:
    """Where a wallet's owner wants to be told, and below which balance.

    `sealed_secret` was sealed for the wallet. `last_event_id` is the last thing that was told.
    """

    wallet_id: str
    low_micros: int
    url: str = field(repr=False)
    sealed_secret: str | None = field(repr=False)
    last_event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One event, with the address it is owed to as that was when it happened. `data` has whole cents."""

    id: str
    wallet_id: str
    type: NoticeType
    at_ms: int
    data: dict[str, Any]
    url: str = field(repr=False)
    sealed_secret: str | None = field(repr=False)

    @property
    def body(self) -> bytes:
        """The very bytes that are signed and sent: the same for every try."""
        document = {
            "id": self.id,
            "type": self.type.value,
            "created_at": rfc3339(self.at_ms),
            "data": self.data,
        }
        return json.dumps(document, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
