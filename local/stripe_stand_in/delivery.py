"""Bring events to the configured address, in the background, and again when that fails.

What does not end in a 2xx is tried again with growing waits, at Stripe for up to three days
(docs.stripe.com/webhooks/process-undelivered-events, read 2026-11-25). The signature is that of stripe-python
16.1.0 (`_webhook.py`): HMAC-SHA256 of `<time>.<body>` under the whole secret, with this attempt's time.
"""

import hashlib
import heapq
import hmac
import json
import random
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import httpx

from local.stripe_stand_in.store import Record, Store

RETRY_WAITS_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
TIMEOUT_S: Final = 20.0
# Events stay on this machine, in plain HTTP: reading the certificates of the world's issuers takes longer.
NO_ISSUERS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

type Mode = Literal["deliver", "lose", "hold"]
type Order = Literal["made", "reversed", "shuffled"]


@dataclass(frozen=True, slots=True)
class Manner:
    """How events are delivered from now on."""

    mode: Mode = "deliver"
    duplicates: int = 0
    order: Order = "made"
    seed: int = 0


class NotHeldError(Exception):
    """No event of this type is held."""


class Delivery:
    """One thread that delivers one event after the other; an event that failed waits its turn anew."""

    def __init__(
        self, store: Store, *, url: str | None, secret: str, retry_waits_s: Sequence[float] = RETRY_WAITS_S
    ) -> None:
        self._store = store
        self._url = url
        self._secret = secret
        self._waits_s = tuple(retry_waits_s)
        self._manner = Manner()
        self._random = random.Random(0)  # noqa: S311  It shuffles, nothing more.
        self._due: list[tuple[float, int, str]] = []
        self._count = 0
        self._woken = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, args=(url,), name="stripe-events", daemon=True)

    def start(self) -> None:
        """Begin; what an earlier run left undelivered goes first."""
        if self._url is None:
            return
        with self._store.reading():
            left = [id_ for id_, each in self._deliveries.items() if each["state"] == "pending"]
        for id_ in left:
            self._put(id_, wait_s=0)
        self._thread.start()

    def close(self) -> None:
        """End the thread after the attempt under way."""
        with self._woken:
            self._closing = True
            self._woken.notify()
        if self._thread.is_alive():
            self._thread.join()

    def set_manner(self, manner: Manner) -> None:
        """Say how further events are delivered."""
        with self._store.reading():
            self._manner = manner
            self._random = random.Random(manner.seed)  # noqa: S311  It shuffles, nothing more.

    def schedule(self, event_ids: Sequence[str]) -> None:
        """Deliver the events that one action made, in the manner in force. The caller holds the store."""
        manner = self._manner
        if manner.mode == "deliver":
            self._deliver(self._arranged(event_ids, manner))
            return
        for id_ in event_ids:
            self._record(id_, state="held" if manner.mode == "hold" else "lost")

    def flush(self, manner: Manner, *, types: Sequence[str] | None) -> list[str]:
        """Deliver what is held and return the ids of its events in order of delivery.

        With `types` only those, in that order. Raises NotHeldError when one of them is not held. The caller
        holds the store.
        """
        held = [id_ for id_, each in self._deliveries.items() if each["state"] == "held"]
        if types is None:
            chosen = list(held)
        else:
            chosen = []
            for type_ in types:
                of_type = [
                    id_ for id_ in held if self._deliveries[id_]["type"] == type_ and id_ not in chosen
                ]
                if not of_type:
                    raise NotHeldError(type_)
                chosen.append(of_type[0])
        if manner.order == "shuffled":
            self._random = random.Random(manner.seed)  # noqa: S311  It shuffles, nothing more.
        events = self._arranged([self._deliveries[id_]["event"] for id_ in chosen], manner)
        for id_ in chosen:
            self._deliveries[id_]["state"] = "released"
        self._deliver(events)
        return events

    def resend(self, event_id: str) -> None:
        """Deliver an event (again), whatever became of it. The caller holds the store."""
        self._deliver([event_id])

    def _arranged(self, event_ids: Sequence[str], manner: Manner) -> list[str]:
        repeated = [id_ for id_ in event_ids for _ in range(manner.duplicates + 1)]
        if manner.order == "reversed":
            repeated.reverse()
        elif manner.order == "shuffled":
            self._random.shuffle(repeated)
        return repeated

    @property
    def _deliveries(self) -> dict[str, Record]:
        return self._store.table("deliveries")

    def _record(self, event_id: str, *, state: str) -> str:
        id_ = str(len(self._deliveries) + 1)
        event = self._store.table("events")[event_id]
        self._deliveries[id_] = {"event": event_id, "type": event["type"], "state": state, "attempts": []}
        return id_

    def _deliver(self, event_ids: Sequence[str]) -> None:
        for event_id in event_ids:
            if self._url is None:
                self._record(event_id, state="lost")
            else:
                self._put(self._record(event_id, state="pending"), wait_s=0)

    def _put(self, id_: str, *, wait_s: float) -> None:
        with self._woken:
            self._count += 1
            heapq.heappush(self._due, (time.monotonic() + wait_s, self._count, id_))
            self._woken.notify()

    def _next(self) -> str | None:
        """Wait for the delivery that is due first; None when it is time to end."""
        with self._woken:
            while not self._closing:
                wait_s = self._wait_s()
                if wait_s is not None and wait_s <= 0:
                    return heapq.heappop(self._due)[2]
                self._woken.wait(wait_s)
        return None

    def _wait_s(self) -> float | None:
        """Return how long nothing is due, None for ever."""
        return self._due[0][0] - time.monotonic() if self._due else None

    def _is_idle(self) -> bool:
        with self._woken:
            wait_s = self._wait_s()
            return self._closing or wait_s is None or wait_s > 0

    def _run(self, url: str) -> None:
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=NO_ISSUERS) as client:
            while id_ := self._next():
                self._attempt(client, url, id_)
                # Once for all that were due together. One that is forgotten comes again, as events may.
                if self._is_idle():
                    self._store.write()

    def _attempt(self, client: httpx.Client, url: str, id_: str) -> None:
        with self._store.reading():
            delivery = self._deliveries[id_]
            body = json.dumps(self._store.table("events")[delivery["event"]], indent=2).encode()
            at_s = self._store.now_s()
        status, error = self._post(client, url, body, at_s=at_s)
        with self._store.noting():
            attempts = delivery["attempts"]
            attempts.append({"at": at_s, "status": status, "error": error})
            if status is not None and 200 <= status < 300:
                delivery["state"] = "delivered"
                self._store.table("events")[delivery["event"]]["pending_webhooks"] = 0
            elif len(attempts) <= len(self._waits_s):
                self._put(id_, wait_s=self._waits_s[len(attempts) - 1])
            else:
                delivery["state"] = "given_up"

    def _post(
        self, client: httpx.Client, url: str, body: bytes, *, at_s: int
    ) -> tuple[int | None, str | None]:
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Stripe/1.0 (stand-in)",
            "stripe-signature": signature(body, secret=self._secret, at_s=at_s),
        }
        try:
            reply = client.post(url, content=body, headers=headers)
        except httpx.HTTPError as error:
            return None, f"{type(error).__name__}: {error}"
        return reply.status_code, None

    def shown(self) -> dict[str, Any]:
        """Return every delivery with its attempts. The caller holds the store."""
        rows = [{"id": id_, **each} for id_, each in self._deliveries.items()]
        return {"pending": sum(row["state"] == "pending" for row in rows), "data": rows}


def signature(body: bytes, *, secret: str, at_s: int) -> str:
    """Return the Stripe-Signature header of a body."""
    mac = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256)
    return f"t={at_s},v1={mac.hexdigest()}"
