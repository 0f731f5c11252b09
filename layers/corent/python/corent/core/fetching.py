"""The port for fetching an address Corent did not choose."""

from dataclasses import dataclass
from typing import Protocol


class FetchRefusedError(Exception):
    """The address may not be called, or its answer broke a limit. The text is for operators only."""


class FetchFailedError(Exception):
    """The address was called and did not answer with a file. The text is for operators only."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """`timeout_s` bounds the whole fetch. `redirects_max` hops, each judged anew."""

    bytes_max: int
    timeout_s: float
    redirects_max: int


class Fetch(Protocol):
    """The one way out to a foreign address."""

    def __call__(
        self,
        url: str,
        *,
        limits: FetchLimits,
        allowed_hosts: tuple[str, ...] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> bytes:
        """The body of a 200 answer. May be repeated.

        `allowed_hosts` narrows whom to call: exact names, or suffixes beginning with a dot; None allows
        every public host. Raises FetchRefusedError before a socket opens or once a limit is broken, and
        FetchFailedError for every other way of not getting a file.
        """
        ...
