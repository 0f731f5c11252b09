"""The one account that the stand-in keeps: everything that happens to its objects goes through here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from local.stripe_stand_in import objects
from local.stripe_stand_in.delivery import Delivery
from local.stripe_stand_in.refusals import RefusedError, no_such
from local.stripe_stand_in.store import Record, Store

# The table of each kind of object, by the name that the object itself says.
TABLE_OF = {
    "checkout.session": "sessions",
    "customer": "customers",
    "payment_method": "payment_methods",
    "payment_intent": "payment_intents",
    "charge": "charges",
    "refund": "refunds",
    "dispute": "disputes",
    "event": "events",
}


@dataclass
class Account:
    """The objects, the events about them, and the address under which both are served."""

    store: Store
    delivery: Delivery
    base_url: str
    _request_id: str | None = None
    _idempotency_key: str | None = None
    _emitted: list[str] = field(default_factory=list)

    @contextmanager
    def acting(self, *, request_id: str | None = None, idempotency_key: str | None = None) -> Iterator[None]:
        """Hold the store for one action; its events are on their way when this ends, also by an error."""
        with self.store.changing():
            self._request_id, self._idempotency_key, self._emitted = request_id, idempotency_key, []
            try:
                yield
            finally:
                self.delivery.schedule(self._emitted)

    def find(self, kind: str, id_: str, *, param: str = "id", status: int = 404) -> Record:
        """Return an object. Raises RefusedError when there is none."""
        found = self.store.table(TABLE_OF[kind]).get(id_)
        if found is None:
            raise no_such(kind, id_, param=param, status=status)
        return found

    def add(self, record: Record) -> Record:
        """Keep a new object."""
        self.store.table(TABLE_OF[record["object"]])[record["id"]] = record
        return record

    def emit(self, type_: str, about: Record) -> None:
        """Make an event that shows the object as it is now."""
        event = objects.event(
            created=self.store.now_s(),
            type_=type_,
            about=self.store.copied(about),
            request_id=self._request_id,
            idempotency_key=self._idempotency_key,
        )
        self._emitted.append(self.add(event)["id"])

    def paid_charge(self, *, intent_id: str) -> Record:
        """Return the charge that paid an intent. Raises RefusedError when nothing did."""
        intent = self.find("payment_intent", intent_id, param="payment_intent")
        if intent["status"] != "succeeded":
            raise RefusedError(
                f"The payment_intent {intent_id} has no charge that succeeded.",
                code="payment_intent_unexpected_state",
                param="payment_intent",
            )
        return self.find("charge", intent["latest_charge"])
