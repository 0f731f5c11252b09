"""What an adapter needs to speak to its upstream for us."""

import re
from dataclasses import dataclass, field
from typing import Final

_REGION: Final = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Credentials:
    """One provider's secret, as the operator stored it.

    `base_url` points an adapter at a stand-in or a proxy and is None for the provider itself.
    `sync_base_url` is for providers that answer at once on another host. An empty `api_key` is for
    servers that ask for none. `region` is for upstreams that answer in several. Raises ValueError,
    without the value, for a key no header can carry and for a region no host name can.
    """

    api_key: str = field(repr=False)
    base_url: str | None = None
    sync_base_url: str | None = None
    region: str | None = None

    def __post_init__(self) -> None:
        if not self.api_key.isascii() or not (self.api_key + "x").isprintable() or " " in self.api_key:
            raise ValueError("api_key must be printable ASCII without spaces")
        if self.region is not None and not _REGION.fullmatch(self.region):
            raise ValueError("region must be lower-case letters, digits and dashes")
