"""Open accounts on the local stack; `python -m local.accounts CENTS` prints one as JSON (`make account`)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from local import aws
from local.deployment import Deployment
from local.place import ROOT, Place, StackError, from_environment

PACKAGE = ROOT / "layers" / "corent" / "python"
BALANCE_CENTS = 5_000
_OPEN = (
    "import dataclasses, json, sys; from corent.wiring import operator; "
    "print(json.dumps(dataclasses.asdict(operator.open_account(balance_cents=int(sys.argv[1])))))"
)


_GIVE = "import sys; from corent.wiring import operator; operator.give_owner(sys.argv[1], email=sys.argv[2])"


def open_account(*, balance_cents: int, environment: dict[str, str]) -> dict[str, str]:
    """Return a new account's id and keys; the environment names the tables, as it does for a function."""
    said = _as_operator(_OPEN, str(balance_cents), environment=environment)
    account: dict[str, str] = json.loads(said.splitlines()[-1])
    return account


def give_owner(account_id: str, *, email: str, environment: dict[str, str]) -> None:
    """Let whoever has that address sign in to the account. May be repeated."""
    _as_operator(_GIVE, account_id, email, environment=environment)


def _as_operator(code: str, *arguments: str, environment: dict[str, str]) -> str:
    """Run our own package as an operator does, and return what it says."""
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=os.environ | environment | {"PYTHONPATH": str(PACKAGE)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise StackError(f"The operator's tools failed:\n{ended.stderr.strip()}")
    return ended.stdout


def function_environment(place: Place, deployment: Deployment) -> dict[str, str]:
    """Return the variables a deployed function has, for our own code to run here as an operator's tool."""
    return {
        **aws.variables(place),
        "CORENT_STAGE": "local",
        **{f"CORENT_{name.upper()}_TABLE": table for name, table in deployment.tables.items()},
        "CORENT_RESULTS_BUCKET": deployment.outputs["ResultsBucketName"],
        "CORENT_PUBLIC_BASE_URL": place.base_url,
        "CORENT_RATE_SCALE": "1",
        "CORENT_ALLOW_LOOPBACK": "0",
    }


def first_account(place: Place, deployment: Deployment) -> dict[str, str]:
    """Return the stack's own account: that of the last start while its key opens the API, else a new one."""
    if place.account_json.exists():
        known: dict[str, str] = json.loads(place.account_json.read_text())
        reply = httpx.get(
            f"{place.base_url}/v1/account/balance",
            headers={"Authorization": f"Bearer {known['live_key']}"},
            timeout=60,
            trust_env=False,
        )
        if reply.status_code == httpx.codes.OK:
            return known
    account = open_account(balance_cents=BALANCE_CENTS, environment=function_environment(place, deployment))
    write_privately(place.account_json, json.dumps(account))
    return account


def write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner may read, in one step."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def main() -> None:
    """Open an account with the balance given in cents."""
    place = from_environment()
    if not place.running_json.exists():
        sys.exit("No local stack is running here: start one with `make run`.")
    running: dict[str, Any] = json.loads(place.running_json.read_text())
    try:
        account = open_account(balance_cents=int(sys.argv[1]), environment=running["operator_environment"])
    except StackError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(account, indent=2) + "\n")


if __name__ == "__main__":
    main()
