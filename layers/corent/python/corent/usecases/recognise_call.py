"""Recognise a client's own repeat of a call, so that it is answered and not bought a second time."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import TemporarilyUnavailableError
from corent.core.repeats import PAUSE_MS_MAX, Call, Recognised, Series, SeriesStore, Try, expect, recognise

# Equal requests at the same moment get in one another's way; twenty may come at once, and one wins each time.
WRITES_MAX: Final = 40
PAUSE_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Known:
    """The call a request belongs to, and the series it stands in."""

    wallet_id: str
    series: str
    call: Call

    @property
    def is_repeat(self) -> bool:
        """Whether another try of it was seen before."""
        return len(self.call.tries) > 1

    @property
    def idempotency_key(self) -> str:
        """What makes its tries one purchase. No caller's own key can look like it: it is not printable."""
        return f"\0call\0{self.call.id}"


class RecogniseCall:
    """Keeps, for each series of equal requests, which calls they were tries of."""

    def __init__(self, *, series: SeriesStore, clock: Clock, random: Callable[[], float]) -> None:
        self._series = series
        self._clock = clock
        self._random = random

    def __call__(self, attempt: Try, *, wallet_id: str, key_sha256: str, fingerprint: str) -> Known:
        """The call of a request, noted for its repeats before anything is bought.

        Equal requests are those of one API key with one fingerprint. Raises TemporarilyUnavailableError.
        """
        return self._note(
            attempt, wallet_id, _name(key_sha256, fingerprint), lambda recognised: recognised.calls
        )

    def turned_away(self, attempt: Try, *, wallet_id: str, key_sha256: str, fingerprint: str) -> None:
        """Note a try that was told to come again before it could be dealt with: its call bought nothing yet.

        Else its repeat would be taken for one of an equal call before it, and get that call's images.
        """
        self._note(
            attempt,
            wallet_id,
            _name(key_sha256, fingerprint),
            lambda recognised: expect(recognised.calls, recognised.call.id),
        )

    def expect(self, known: Known) -> None:
        """Note that the client was told to come again: its next try is this call's. May be repeated."""
        self._change(known.wallet_id, known.series, lambda calls: expect(calls, known.call.id))

    def _note(
        self,
        attempt: Try,
        wallet_id: str,
        name: str,
        then: Callable[[Recognised], tuple[Call, ...]],
    ) -> Known:
        found: list[Call] = []

        def with_try(calls: tuple[Call, ...]) -> tuple[Call, ...]:
            recognised = recognise(calls, attempt)
            found[:] = [recognised.call]
            return then(recognised)

        self._change(wallet_id, name, with_try)
        return Known(wallet_id=wallet_id, series=name, call=found[0])

    def _change(
        self, wallet_id: str, name: str, change: Callable[[tuple[Call, ...]], tuple[Call, ...]]
    ) -> None:
        for _ in range(WRITES_MAX):
            series = self._series.read(wallet_id, name)
            changed = Series(calls=change(series.calls), version=series.version)
            expires_at_s = (self._clock.now_ms() + PAUSE_MS_MAX) // 1000
            if self._series.write(wallet_id, name, changed, expires_at_s=expires_at_s):
                return
            self._clock.sleep(PAUSE_S * self._random())
        raise TemporarilyUnavailableError(
            "Too many equal requests at once. It may be tried again.", retry_after_s=1
        )


def _name(key_sha256: str, fingerprint: str) -> str:
    """The series of one key's equal requests."""
    return hashlib.sha256(f"{key_sha256} {fingerprint}".encode()).hexdigest()
