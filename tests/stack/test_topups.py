"""On the running stack: a low balance is told by a signed message, and a saved card tops it up, once."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

from standardwebhooks.webhooks import Webhook

from tests.invariants import violations
from tests.stack.books import read_books
from tests.stack.conftest import Account, Stack
from tests.stack.test_deposits import all_events_handled, balance_cents, kinds, script
from tests.stack.webhook_receiver import Message, Receiver, receiving
from tests.waiting import until

SECRET = "a secret of this very account"
RULES = {"threshold_cents": 500, "amount_cents": 2_000, "monthly_cap_cents": 4_000}


def save_card(stack: Stack, account: Account) -> str:
    """Deposit 5 $ with a card that may be charged again; the session."""
    with stack.client(key=account.live_key) as client:
        made = client.post("/v1/account/deposit", json={"amount_cents": 500, "save_card": True}).json()
    script(stack, f"sessions/{made['session_id']}/pay", action="pay")
    until(lambda: balance_cents(stack, account) == 500, what="the deposit to be credited")
    session: str = made["session_id"]
    return session


def told(receiver: Receiver) -> list[str]:
    return [json.loads(message.body)["type"] for message in receiver.messages]


def is_signed(message: Message) -> bool:
    verifier = Webhook(base64.b64encode(SECRET.encode()).decode())
    return verifier.verify(message.body.decode(), message.headers)["id"] == message.headers["webhook-id"]


def test_many_purchases_at_once_below_a_threshold_are_told_once_and_topped_up_once(stack: Stack) -> None:
    account = stack.open_account(balance_cents=0)
    save_card(stack, account)
    with receiving() as receiver, stack.client(key=account.live_key) as client:
        alert = {"low_balance_cents": 500, "webhook_url": receiver.url, "webhook_secret": SECRET}
        assert client.put("/v1/account/alerts", json=alert).status_code == 200
        assert client.put("/v1/account/auto-topup", json=RULES).status_code == 200

        def buy(number: int) -> int:
            body = {"prompt": f"a fox, number {number}", "preference": "fast"}
            return client.post("/v1/images/generate", json=body).status_code

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(buy, range(8))) == {200}
        until(lambda: kinds(stack, account).count("deposit") == 2, what="the top-up")
        until(lambda: told(receiver) == ["balance.low"], what="the notice")
        all_events_handled(stack)
        assert balance_cents(stack, account) == 500 - 8 * 2 + 2_000
        assert client.get("/v1/account/auto-topup").json()["spent_this_month_cents"] == 2_000
        (message,) = receiver.messages
    assert is_signed(message)
    assert violations(**read_books(stack, account)) == []


def test_a_declined_top_up_is_told_and_turned_off(stack: Stack) -> None:
    account = stack.open_account(balance_cents=0)
    save_card(stack, account)
    with receiving() as receiver, stack.client(key=account.live_key) as client:
        alert = {"low_balance_cents": 1, "webhook_url": receiver.url}
        assert client.put("/v1/account/alerts", json=alert).status_code == 200
        customer = _customer(stack, account)
        script(stack, "cards", customer=customer, behaviour="decline")
        assert client.put("/v1/account/auto-topup", json={**RULES, "threshold_cents": 600}).status_code == 200
        until(lambda: told(receiver) == ["auto_topup.disabled"], what="the notice")
        topup = client.get("/v1/account/auto-topup").json()
    assert (topup["enabled"], topup["disabled_reason"]) == (False, "card_declined")
    assert balance_cents(stack, account) == 500


def _customer(stack: Stack, account: Account) -> str:
    """The customer that the account's saved card belongs to."""
    item = stack.aws("dynamodb").get_item(
        TableName=stack.tables["balances"],
        Key={"pk": {"S": f"A#{account.account_id}"}, "sk": {"S": "CARD"}},
    )["Item"]
    customer: str = item["customer"]["S"]
    return customer
