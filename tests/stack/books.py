"""The books of one account as the running stack stores them, for the invariants."""

from typing import Any

from corent.adapters.dynamo.balances import DynamoBalances
from corent.adapters.dynamo.jobs import DynamoJobs, job_of
from tests.stack.conftest import Account, Stack


def read_books(stack: Stack, account: Account) -> dict[str, Any]:
    """Balances, entries and jobs of both wallets of the account; the arguments of `violations`."""
    client = stack.aws("dynamodb")
    names = {f"{name}_table": stack.tables[name] for name in ("balances", "jobs", "keys")}
    ledger = DynamoBalances(client, **names)
    wallets = (account.account_id, f"{account.account_id}.test")
    entries = []
    jobs = []
    for wallet in wallets:
        before = None
        while True:
            page, before = ledger.list_entries(wallet, limit=100, before=before)
            entries += page
            if before is None:
                break
        listed = DynamoJobs(client, table=stack.tables["jobs"]).list_by_wallet(
            wallet, limit=1000, before=None
        )
        for job in listed.jobs:
            key = {"pk": {"S": f"J#{job.id}"}, "sk": {"S": "JOB"}}
            item = client.get_item(TableName=stack.tables["jobs"], Key=key, ConsistentRead=True)["Item"]
            jobs.append((job_of(item), item["money"]["S"]))
    return {
        "balances": [balance for wallet in wallets if (balance := ledger.read_balance(wallet))],
        "entries": entries,
        "jobs": jobs,
    }
