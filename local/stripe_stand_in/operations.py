"""What each address of the API takes and does; the table at the end is all that is served.

Parameters, defaults and limits: the parameter types of stripe-python 16.1.0, read 2026-11-25.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from local.stripe_stand_in import disputes, objects, payments, refunds
from local.stripe_stand_in.account import TABLE_OF, Account
from local.stripe_stand_in.expansion import expanded
from local.stripe_stand_in.listing import PAGING, page
from local.stripe_stand_in.parameters import (
    AMOUNT_MAX,
    TIME,
    Field,
    Shape,
    always,
    amount,
    check_amount,
    currency,
    group,
    integer,
    metadata,
    one_of,
    rows,
    text,
    url,
)
from local.stripe_stand_in.refusals import RefusedError, bad_parameter
from local.stripe_stand_in.store import Record

EXPIRES_MIN_S: Final = 30 * 60
EXPIRES_MAX_S: Final = 24 * 3600
# A client computes expires_at by its own clock and a moment earlier.
EXPIRES_LEEWAY_S: Final = 60
LINES_MAX: Final = 100
# What is too much for a charge is refused as such, by the total.
UNIT_AMOUNT_MAX: Final = 999_999_999_999
TYPES_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Request:
    """One request's account, path, parameters as read, and the paths to expand."""

    account: Account
    path: str
    id: str
    asked: dict[str, Any]
    expand: list[str]


@dataclass(frozen=True, slots=True)
class Operation:
    """One address: `shape` is what it takes, `kind` what it answers with, `act` does it, holding the store.

    `check` refuses what can be seen from the parameters and the time alone, before any work.
    """

    method: str
    path: str
    kind: str
    act: Callable[[Request], Record]
    shape: Shape
    is_list: bool = False
    check: Callable[[dict[str, Any], int], None] = lambda _asked, _now_s: None


def _check_session(asked: dict[str, Any], now_s: int) -> None:
    if not asked["line_items"]:
        raise bad_parameter("line_items is empty.", "line_items", code="parameter_invalid_empty")
    if len({line["price_data"]["currency"] for line in asked["line_items"]}) > 1:
        raise bad_parameter("All line_items must have one currency.", "line_items")
    check_amount(_total(asked), "line_items")
    if "customer" in asked and "customer_creation" in asked:
        raise bad_parameter("Either customer or customer_creation, not both.", "customer_creation")
    after_s = asked.get("expires_at", now_s + EXPIRES_MAX_S) - now_s
    if not EXPIRES_MIN_S - EXPIRES_LEEWAY_S <= after_s <= EXPIRES_MAX_S + EXPIRES_LEEWAY_S:
        raise bad_parameter("expires_at must be from 30 minutes to 24 hours from now.", "expires_at")


def _total(asked: dict[str, Any]) -> int:
    return sum(line["price_data"]["unit_amount"] * line.get("quantity", 1) for line in asked["line_items"])


def _create_session(request: Request) -> Record:
    asked, account = request.asked, request.account
    if "customer" in asked:
        account.find("customer", asked["customer"], param="customer", status=400)
    now_s = account.store.now_s()
    session = account.add(
        objects.session(
            base_url=account.base_url,
            created=now_s,
            expires_at=asked.get("expires_at", now_s + EXPIRES_MAX_S),
            amount_total=_total(asked),
            currency=asked["line_items"][0]["price_data"]["currency"],
            asked=asked,
        )
    )
    unseen = account.store.unseen(session["id"])
    unseen["payment_intent_data"] = asked.get("payment_intent_data", {})
    unseen["line_items"] = [
        objects.line_item(
            name=line["price_data"]["product_data"]["name"],
            description=line["price_data"]["product_data"].get("description"),
            unit_amount=line["price_data"]["unit_amount"],
            quantity=line.get("quantity", 1),
            currency=line["price_data"]["currency"],
        )
        for line in asked["line_items"]
    ]
    return session


def _expire_session(request: Request) -> Record:
    session = request.account.find("checkout.session", request.id, param="session")
    payments.expire(request.account, session)
    return session


def _create_customer(request: Request) -> Record:
    account = request.account
    return account.add(objects.customer(created=account.store.now_s(), asked=request.asked))


def _create_intent(request: Request) -> Record:
    asked, account = request.asked, request.account
    account.find("customer", asked["customer"], param="customer", status=400)
    method = account.find("payment_method", asked["payment_method"], param="payment_method", status=400)
    if method["customer"] != asked["customer"]:
        raise RefusedError("This payment_method is not saved on this customer.", param="payment_method")
    intent = account.add(
        objects.payment_intent(
            created=account.store.now_s(),
            amount=asked["amount"],
            currency=asked["currency"],
            customer=asked["customer"],
            metadata=asked.get("metadata", {}),
            description=asked.get("description"),
        )
    )
    account.emit("payment_intent.created", intent)
    payments.charge_saved_card(account, intent=intent, method=method)
    return intent


def _check_refund(asked: dict[str, Any], _now_s: int) -> None:
    if ("charge" in asked) == ("payment_intent" in asked):
        raise bad_parameter("Either charge or payment_intent must be given.", "charge")


def _create_refund(request: Request) -> Record:
    asked, account = request.asked, request.account
    if "charge" in asked:
        charge = account.find("charge", asked["charge"], param="charge")
    else:
        charge = account.paid_charge(intent_id=asked["payment_intent"])
    if disputes.forbids_refund(account, charge):
        raise RefusedError(
            "The charge is disputed: its money is not there to refund.", code="charge_disputed"
        )
    return refunds.create(
        account,
        charge=charge,
        amount=asked.get("amount"),
        reason=asked.get("reason"),
        metadata=asked.get("metadata"),
    )


def _retrieve(kind: str, *, param: str = "id") -> Callable[[Request], Record]:
    def retrieve(request: Request) -> Record:
        return request.account.find(kind, request.id, param=param)

    return retrieve


def _list(kind: str, *, references: tuple[str, ...] = ()) -> Callable[[Request], Record]:
    """Return the act of a list; each of the references is a filter by the id that an object names."""

    def list_(request: Request) -> Record:
        account, asked = request.account, request.asked
        for name in references:
            if name in asked:
                account.find(name, asked[name], param=name)
        kept = [
            each
            for each in account.store.table(TABLE_OF[kind]).values()
            if all(each[name] == asked[name] for name in references if name in asked)
        ]
        return page(account, kept, asked=asked, url=request.path, expand=request.expand)

    return list_


def _list_methods(request: Request) -> Record:
    account, asked = request.account, request.asked
    customer = account.find("customer", request.id, param="customer")
    kept = [
        each
        for each in account.store.table("payment_methods").values()
        if each["customer"] == customer["id"] and asked.get("type", each["type"]) == each["type"]
    ]
    return page(account, kept, asked=asked, url=request.path, expand=request.expand)


def _check_types(asked: dict[str, Any], _now_s: int) -> None:
    if "type" in asked and "types" in asked:
        raise bad_parameter("Either type or types, not both.", "type")


def _list_events(request: Request) -> Record:
    account, asked = request.account, request.asked

    def wanted() -> Iterator[Record]:
        for each in account.store.table("events").values():
            if "types" in asked and each["type"] not in asked["types"]:
                continue
            if _is_of(each["type"], asked.get("type", "*")):
                yield each

    return page(account, wanted(), asked=asked, url=request.path, expand=request.expand)


def _is_of(type_: str, wanted: str) -> bool:
    if wanted.endswith("*"):
        return type_.startswith(wanted.removesuffix("*"))
    return type_ == wanted


def shown(request: Request, record: Record, operation: Operation) -> Record:
    """Return what the request is answered with."""
    if operation.is_list:
        return record
    return expanded(request.account, record, request.expand)


_SESSION: Final[Shape] = {
    "mode": Field(one_of("payment"), required=True),
    "success_url": Field(url, required=True),
    "cancel_url": Field(url),
    "client_reference_id": Field(text),
    "customer": Field(text),
    "customer_creation": Field(one_of("always", "if_required")),
    "expires_at": Field(TIME),
    "metadata": Field(metadata),
    "payment_intent_data": Field(
        group({"metadata": Field(metadata), "setup_future_usage": Field(one_of("off_session"))})
    ),
    "line_items": Field(
        rows(
            group(
                {
                    "quantity": Field(integer(1, 999_999)),
                    "price_data": Field(
                        group(
                            {
                                "currency": Field(currency, required=True),
                                "unit_amount": Field(integer(0, UNIT_AMOUNT_MAX), required=True),
                                "product_data": Field(
                                    group({"name": Field(text, required=True), "description": Field(text)}),
                                    required=True,
                                ),
                            }
                        ),
                        required=True,
                    ),
                }
            ),
            at_most=LINES_MAX,
        ),
        required=True,
    ),
}
_CUSTOMER: Final[Shape] = {
    **dict.fromkeys(("description", "email", "name"), Field(text)),
    "metadata": Field(metadata),
}
_INTENT: Final[Shape] = {
    "amount": Field(amount, required=True),
    "currency": Field(currency, required=True),
    "customer": Field(text, required=True),
    "payment_method": Field(text, required=True),
    "confirm": Field(always, required=True),
    "off_session": Field(always, required=True),
    "description": Field(text),
    "metadata": Field(metadata),
}
_REFUND: Final[Shape] = {
    "amount": Field(integer(1, AMOUNT_MAX)),
    "charge": Field(text),
    "payment_intent": Field(text),
    "reason": Field(one_of("duplicate", "fraudulent", "requested_by_customer")),
    "metadata": Field(metadata),
}
_OF_A_PAYMENT: Final[Shape] = {**PAGING, "charge": Field(text), "payment_intent": Field(text)}
_METHODS: Final[Shape] = {
    "limit": PAGING["limit"],
    "starting_after": PAGING["starting_after"],
    "type": Field(one_of("card", "us_bank_account")),
}
_EVENTS: Final[Shape] = {**PAGING, "type": Field(text), "types": Field(rows(text, at_most=TYPES_MAX))}

_get_session = _retrieve("checkout.session", param="session")
_get_intent = _retrieve("payment_intent", param="intent")
_of_a_payment = ("charge", "payment_intent")

OPERATIONS: Final = (
    Operation(
        *("POST", "/v1/checkout/sessions", "checkout.session", _create_session, _SESSION),
        check=_check_session,
    ),
    Operation(
        *("GET", "/v1/checkout/sessions", "checkout.session"),
        _list("checkout.session", references=("payment_intent",)),
        {**PAGING, "payment_intent": Field(text)},
        is_list=True,
    ),
    Operation("GET", "/v1/checkout/sessions/{id}", "checkout.session", _get_session, {}),
    Operation("POST", "/v1/checkout/sessions/{id}/expire", "checkout.session", _expire_session, {}),
    Operation("POST", "/v1/customers", "customer", _create_customer, _CUSTOMER),
    Operation("GET", "/v1/customers/{id}", "customer", _retrieve("customer"), {}),
    Operation(
        *("GET", "/v1/customers/{id}/payment_methods", "payment_method", _list_methods, _METHODS),
        is_list=True,
    ),
    Operation("GET", "/v1/payment_methods/{id}", "payment_method", _retrieve("payment_method"), {}),
    Operation("POST", "/v1/payment_intents", "payment_intent", _create_intent, _INTENT),
    Operation(
        *("GET", "/v1/payment_intents", "payment_intent"),
        _list("payment_intent", references=("customer",)),
        {**PAGING, "customer": Field(text)},
        is_list=True,
    ),
    Operation("GET", "/v1/payment_intents/{id}", "payment_intent", _get_intent, {}),
    Operation("GET", "/v1/charges/{id}", "charge", _retrieve("charge"), {}),
    Operation("POST", "/v1/refunds", "refund", _create_refund, _REFUND, check=_check_refund),
    Operation(
        *("GET", "/v1/refunds", "refund", _list("refund", references=_of_a_payment), _OF_A_PAYMENT),
        is_list=True,
    ),
    Operation("GET", "/v1/refunds/{id}", "refund", _retrieve("refund"), {}),
    Operation(
        *("GET", "/v1/disputes", "dispute", _list("dispute", references=_of_a_payment), _OF_A_PAYMENT),
        is_list=True,
    ),
    Operation("GET", "/v1/disputes/{id}", "dispute", _retrieve("dispute"), {}),
    Operation("GET", "/v1/events", "event", _list_events, _EVENTS, is_list=True, check=_check_types),
    Operation("GET", "/v1/events/{id}", "event", _retrieve("event"), {}),
)
