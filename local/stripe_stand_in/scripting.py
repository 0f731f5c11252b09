"""What tests and people make happen: /_stub, without a key, from this machine only, in JSON."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.stripe_stand_in import checkout, disputes, payments, refunds
from local.stripe_stand_in.account import Account
from local.stripe_stand_in.delivery import Manner, NotHeldError, Order
from local.stripe_stand_in.parameters import AMOUNT_MAX, CURRENCIES
from local.stripe_stand_in.refusals import RefusedError
from local.stripe_stand_in.store import Record

DUPLICATES_MAX = 10

type Cents = Annotated[int, Field(ge=1, le=AMOUNT_MAX)]
type DisputeStatus = Literal[
    "needs_response",
    "under_review",
    "won",
    "lost",
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
]


class Said(BaseModel):
    """A body; a field that it does not have is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Paid(Said):
    """What names a payment: its session, or its intent."""

    session: str | None = None
    payment_intent: str | None = None


class RefundMade(Paid):
    """POST /_stub/refunds."""

    amount_cents: Cents
    status: Literal["succeeded", "pending", "failed"] = "succeeded"


class RefundMoved(Said):
    """POST /_stub/refunds/{id}."""

    status: Literal["succeeded", "failed"]


class DisputeMade(Paid):
    """POST /_stub/disputes."""

    amount_cents: Cents | None = None
    status: DisputeStatus = "needs_response"
    reason: str = "fraudulent"


class DisputeMoved(Said):
    """POST /_stub/disputes/{id}."""

    status: DisputeStatus


class SessionChanged(Said):
    """POST /_stub/sessions/{id}."""

    amount_total: Cents | None = None
    currency: str | None = None


class Pressed(Said):
    """POST /_stub/sessions/{id}/pay."""

    action: Literal["pay", "fail", "pay_later", "leave"] = "pay"


class Settled(Said):
    """POST /_stub/settle."""

    session: str
    succeeds: bool = True


class CardScripted(Said):
    """POST /_stub/cards."""

    customer: str
    behaviour: Literal["succeed", "decline", "authentication_required"]


class EventsManner(Said):
    """POST /_stub/events."""

    mode: Literal["deliver", "lose", "hold"] = "deliver"
    duplicates: Annotated[int, Field(ge=0, le=DUPLICATES_MAX)] = 0
    order: Order = "made"
    seed: int = 0


class EventsFlushed(Said):
    """POST /_stub/events/flush."""

    order: Order = "made"
    duplicates: Annotated[int, Field(ge=0, le=DUPLICATES_MAX)] = 0
    types: list[str] | None = None
    seed: int = 0


class Nothing(Said):
    """A body without fields."""


class Scripting:
    """Serves the scripting of one account. Each method is called by whoever holds the store."""

    def __init__(self, account: Account, *, host: str) -> None:
        self._account = account
        self._host = host

    def routes(self) -> list[Route]:
        """Return the routes; each reads its body into the model that it names."""
        posts: dict[str, tuple[type[Said], Callable[[Any, str], Record]]] = {
            "/_stub/refunds": (RefundMade, self._make_refund),
            "/_stub/refunds/{id}": (RefundMoved, self._move_refund),
            "/_stub/disputes": (DisputeMade, self._make_dispute),
            "/_stub/disputes/{id}": (DisputeMoved, self._move_dispute),
            "/_stub/sessions/{id}": (SessionChanged, self._change_session),
            "/_stub/sessions/{id}/pay": (Pressed, self._press),
            "/_stub/settle": (Settled, self._settle),
            "/_stub/cards": (CardScripted, self._script_card),
            "/_stub/events": (EventsManner, self._set_manner),
            "/_stub/events/flush": (EventsFlushed, self._flush),
            "/_stub/events/{id}/resend": (Nothing, self._resend),
        }
        made = [
            Route(path, self._endpoint(body, act), methods=["POST"]) for path, (body, act) in posts.items()
        ]
        return [*made, Route("/_stub/deliveries", self._deliveries, methods=["GET"])]

    def _endpoint(self, body: type[Said], act: Callable[[Any, str], Record]) -> Any:
        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(self._answer, request, body, act, await request.body())

        return endpoint

    def _answer(
        self, request: Request, body: type[Said], act: Callable[[Any, str], Record], raw: bytes
    ) -> Response:
        if not self._is_from_here(request):
            return _refused(403, "Only this machine may script the stand-in.")
        try:
            said = body.model_validate_json(raw or b"{}")
        except ValidationError as error:
            found = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in found["loc"]) or "body"
            return _refused(400, f"{where}: {found['msg']}")
        payments.expire_due(self._account)
        try:
            with self._account.acting():
                answer = act(said, request.path_params.get("id", ""))
                return JSONResponse(answer)
        except RefusedError as refusal:
            return _refused(refusal.status, str(refusal))
        except NotHeldError as error:
            return _refused(400, f"types: no event {error} is held.")

    def _is_from_here(self, request: Request) -> bool:
        address = request.client.host if request.client else ""
        return address == self._host or ip_address(address).is_loopback

    async def _deliveries(self, request: Request) -> Response:
        if not self._is_from_here(request):
            return _refused(403, "Only this machine may script the stand-in.")
        with self._account.store.reading():
            return JSONResponse(self._account.delivery.shown())

    def _charge(self, said: Paid) -> Record:
        if (said.session is None) == (said.payment_intent is None):
            raise RefusedError("Either session or payment_intent must be given.")
        intent_id = said.payment_intent
        if said.session is not None:
            intent_id = self._session(said.session)["payment_intent"]
            if intent_id is None:
                raise RefusedError(f"Nothing was paid in the session {said.session}.")
        return self._account.paid_charge(intent_id=str(intent_id))

    def _session(self, id_: str) -> Record:
        return self._account.find("checkout.session", id_, param="session")

    def _make_refund(self, said: RefundMade, _id: str) -> Record:
        return refunds.create(
            self._account, charge=self._charge(said), amount=said.amount_cents, status=said.status
        )

    def _move_refund(self, said: RefundMoved, id_: str) -> Record:
        refund = self._account.find("refund", id_)
        refunds.move(self._account, refund, status=said.status)
        return refund

    def _make_dispute(self, said: DisputeMade, _id: str) -> Record:
        return disputes.create(
            self._account,
            charge=self._charge(said),
            amount=said.amount_cents,
            status=said.status,
            reason=said.reason,
        )

    def _move_dispute(self, said: DisputeMoved, id_: str) -> Record:
        dispute = self._account.find("dispute", id_)
        disputes.move(self._account, dispute, status=said.status)
        return dispute

    def _change_session(self, said: SessionChanged, id_: str) -> Record:
        session = self._session(id_)
        if said.currency is not None and said.currency not in CURRENCIES:
            raise RefusedError(f"currency: {said.currency} is none that the stand-in knows.")
        session |= said.model_dump(exclude_none=True)
        return session

    def _press(self, said: Pressed, id_: str) -> Record:
        session = self._session(id_)
        if not checkout.press(self._account, session, said.action):
            raise RefusedError(f"The session {id_} is {session['status']}.")
        return session

    def _settle(self, said: Settled, _id: str) -> Record:
        session = self._session(said.session)
        if not payments.settle(self._account, session, succeeds=said.succeeds):
            raise RefusedError(f"Nothing is to settle in the session {said.session}.")
        return session

    def _script_card(self, said: CardScripted, _id: str) -> Record:
        customer = self._account.find("customer", said.customer)
        self._account.store.unseen(customer["id"])["behaviour"] = said.behaviour
        return said.model_dump()

    def _set_manner(self, said: EventsManner, _id: str) -> Record:
        self._account.delivery.set_manner(Manner(**said.model_dump()))
        return said.model_dump()

    def _flush(self, said: EventsFlushed, _id: str) -> Record:
        manner = Manner(order=said.order, duplicates=said.duplicates, seed=said.seed)
        events = self._account.delivery.flush(manner, types=said.types)
        return {"events": events}

    def _resend(self, _said: Nothing, id_: str) -> Record:
        event = self._account.find("event", id_)
        self._account.delivery.resend(event["id"])
        return event


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"error": {"message": message}}, status_code=status)
