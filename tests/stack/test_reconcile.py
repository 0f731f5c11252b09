"""`make reconcile` on the running stack: the books of all that these tests did, and of what they plant."""

import subprocess
import sys

from tests.stack.conftest import ROOT, Stack
from tests.stack.test_deposits import add_cents


def reconcile(stack: Stack) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local.reconcile"],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_books_of_the_whole_stack_add_up(stack: Stack) -> None:
    account = stack.open_account(balance_cents=100)
    ended = reconcile(stack)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = dict(line.split() for line in ended.stdout.splitlines() if len(line.split()) == 2)
    assert rows["sum"] == "0.0000"
    # The new account's dollar, and the hundred of play money in its test wallet.
    assert float(rows["promo"]) >= 101, account
    assert "DIFFERENCE" not in ended.stdout


def test_books_that_do_not_add_up_are_said_and_end_with_a_failure(stack: Stack) -> None:
    account = stack.open_account(balance_cents=100)
    add_cents(stack, account, 1)
    try:
        ended = reconcile(stack)
    finally:
        add_cents(stack, account, -1)
    assert ended.returncode == 1
    assert f"DIFFERENCE 2: {account.account_id}" in ended.stdout
