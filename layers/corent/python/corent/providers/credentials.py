"""What an adapter needs to speak to its upstream for us."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """One provider's secret, as the operator stored it.

    `base_url` points an adapter at a stand-in or a proxy and is None for the provider itself.
    `sync_base_url` is for providers that answer at once on another host. An empty `api_key` is for
    servers that ask for none. Raises ValueError, without the value, for a key no header can carry.
    """

    api_key: str = field(repr=False)
    base_url: str | None = None
    sync_base_url: str | None = None

    def __post_init__(self) -> None:
        if not self.api_key.isascii() or not (self.api_key + "x").isprintable() or " " in self.api_key:
            raise ValueError("api_key must be printable ASCII without spaces")
