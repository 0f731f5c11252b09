"""Money comes in on the running stack: by a click in a real browser, by events, and without them."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from tests.browser.driver import browser, visit
from tests.invariants import violations
from tests.stack.books import read_books
from tests.stack.conftest import Account, Stack
from tests.waiting import until


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def payer(stack: Stack) -> Account:
    """A fresh account without money."""
    return stack.open_account(balance_cents=0)


def deposit(stack: Stack, account: Account, cents: int = 1_000) -> dict[str, str]:
    with stack.client(key=account.live_key) as client:
        answer = client.post("/v1/account/deposit", json={"amount_cents": cents})
    assert answer.status_code == 200, answer.text
    made: dict[str, str] = answer.json()
    return made


def balance_cents(stack: Stack, account: Account) -> int:
    with stack.client(key=account.live_key) as client:
        cents: int = client.get("/v1/account/balance").json()["balance_cents"]
    return cents


def kinds(stack: Stack, account: Account) -> list[str]:
    """The kinds of the account's entries, newest first."""
    with stack.client(key=account.live_key) as client:
        return [entry["kind"] for entry in client.get("/v1/account/ledger").json()["entries"]]


def script(stack: Stack, path: str, **said: Any) -> dict[str, Any]:
    """Make something happen at the processor."""
    answer = httpx.post(f"{stack.stripe_stub_url}/_stub/{path}", json=said, timeout=30, trust_env=False)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def all_events_handled(stack: Stack) -> None:
    """Wait until every event is delivered, and its payment looked at."""

    def quiet() -> bool:
        reply = httpx.get(f"{stack.stripe_stub_url}/_stub/deliveries", timeout=30, trust_env=False)
        queue = stack.aws("sqs").get_queue_attributes(
            QueueUrl=stack.physical_id("PaymentsQueue"),
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return reply.json()["pending"] == 0 and set(queue["Attributes"].values()) == {"0"}

    until(quiet, what="every event to be handled")


def check(stack: Stack, function: str, **said: Any) -> dict[str, Any]:
    """Run one of the checks of the books, as its schedule does."""
    answer = stack.aws("lambda").invoke(FunctionName=stack.physical_id(function), Payload=json.dumps(said))
    assert "FunctionError" not in answer
    report: dict[str, Any] = json.loads(answer["Payload"].read())
    return report


def test_a_click_on_the_pay_page_raises_the_balance_once(
    stack: Stack, payer: Account, chromium: Browser
) -> None:
    made = deposit(stack, payer)
    with visit(chromium) as seen:
        seen.page.goto(made["checkout_url"])
        seen.page.get_by_role("button", name="Pay $10.00").click()
        seen.page.wait_for_url(f"{stack.base_url}/dashboard/billing/returned")
        assert seen.page.get_by_role("heading").inner_text() == "Back from the payment page"
        assert (seen.hosts, seen.problems) == ({"127.0.0.1"}, [])
    until(lambda: balance_cents(stack, payer) == 1_000, what="the deposit to be credited")
    all_events_handled(stack)
    assert kinds(stack, payer) == ["deposit"]
    assert balance_cents(stack, payer) == 1_000
    assert violations(**read_books(stack, payer)) == []


def test_closing_the_pay_page_credits_nothing(stack: Stack, payer: Account, chromium: Browser) -> None:
    made = deposit(stack, payer)
    with visit(chromium) as seen:
        seen.page.goto(made["checkout_url"])
        seen.page.close()
    all_events_handled(stack)
    assert kinds(stack, payer) == []


def test_a_double_click_pays_once(stack: Stack, payer: Account, chromium: Browser) -> None:
    made = deposit(stack, payer)
    with visit(chromium) as seen:
        seen.page.goto(made["checkout_url"])
        seen.page.get_by_role("button", name="Pay $10.00").dblclick()
        seen.page.wait_for_url(f"{stack.base_url}/**")
    until(lambda: balance_cents(stack, payer) > 0, what="the deposit to be credited")
    all_events_handled(stack)
    assert (balance_cents(stack, payer), kinds(stack, payer)) == (1_000, ["deposit"])


def test_events_out_of_order_and_several_times_end_in_the_same_entries(stack: Stack, payer: Account) -> None:
    script(stack, "events", mode="hold")
    try:
        session = deposit(stack, payer)["session_id"]
        script(stack, f"sessions/{session}/pay", action="pay_later")
        script(stack, "settle", session=session, succeeds=True)
        script(stack, "refunds", session=session, amount_cents=300)
        dispute = script(stack, "disputes", session=session, amount_cents=700)
        script(stack, f"disputes/{dispute['id']}", status="won")
        script(stack, "events/flush", order="reversed", duplicates=2)
    finally:
        script(stack, "events", mode="deliver")
    all_events_handled(stack)
    assert sorted(kinds(stack, payer)) == ["deposit", "dispute", "refund", "reinstate"]
    assert balance_cents(stack, payer) == 700
    assert violations(**read_books(stack, payer)) == []


def test_a_dispute_on_a_spent_balance_leaves_less_than_nothing_and_running_jobs_settle(
    stack: Stack, payer: Account
) -> None:
    session = deposit(stack, payer, 500)["session_id"]
    script(stack, f"sessions/{session}/pay", action="pay")
    until(lambda: balance_cents(stack, payer) == 500, what="the deposit to be credited")
    with stack.client(key=payer.live_key) as client:
        bought = [
            client.post("/v1/videos/generate", json={"prompt": "a fox", "preference": "quality"}).json()
            for _ in range(3)
        ]
        script(stack, "disputes", session=session)
        until(lambda: "dispute" in kinds(stack, payer), what="the dispute to be posted")
        refused = client.post("/v1/images/generate", json={"prompt": "a fox"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "account_frozen")

        def settled() -> bool:
            states = [client.get(f"/v1/jobs/{job['id']}").json()["status"] for job in bought]
            return states == ["completed"] * 3

        until(settled, what="the videos to end")
    # 500 came in and were claimed back; three videos of 150 were delivered all the same.
    assert balance_cents(stack, payer) == -450
    assert violations(**read_books(stack, payer)) == []


def test_a_deposit_whose_event_was_lost_is_found_by_the_payments_check(stack: Stack, payer: Account) -> None:
    script(stack, "events", mode="lose")
    try:
        session = deposit(stack, payer)["session_id"]
        script(stack, f"sessions/{session}/pay", action="pay")
    finally:
        script(stack, "events", mode="deliver")
    assert kinds(stack, payer) == []
    report = check(stack, "OnPaymentsCheckTickFunction", span_s=10_800, grace_s=-5)
    assert [f"deposit#{session}"] in report["found"].values()
    assert balance_cents(stack, payer) == 1_000
    assert check(stack, "OnPaymentsCheckTickFunction", span_s=10_800, grace_s=-5)["found"] == {}


def test_a_planted_cent_is_found_by_the_account_check_and_freezes_the_account(
    stack: Stack, payer: Account
) -> None:
    session = deposit(stack, payer)["session_id"]
    script(stack, f"sessions/{session}/pay", action="pay")
    until(lambda: balance_cents(stack, payer) == 1_000, what="the deposit to be credited")
    assert payer.account_id not in check(stack, "OnAccountsCheckTickFunction", wallets="moved")["differences"]
    add_cents(stack, payer, 1)
    try:
        report = check(stack, "OnAccountsCheckTickFunction", wallets="moved")
        assert list(report["differences"]) == [payer.account_id]
        with stack.client(key=payer.live_key) as client:
            refused = client.post("/v1/images/generate", json={"prompt": "a fox"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "account_frozen")
    finally:
        add_cents(stack, payer, -1)


def add_cents(stack: Stack, account: Account, cents: int) -> None:
    """Change a stored balance behind the ledger's back."""
    stack.aws("dynamodb").update_item(
        TableName=stack.tables["balances"],
        Key={"pk": {"S": f"A#{account.account_id}"}, "sk": {"S": "BAL"}},
        UpdateExpression="SET available = available + :c, credits = credits + :c",
        ExpressionAttributeValues={":c": {"N": str(cents * 10_000)}},
    )
