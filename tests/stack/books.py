"""The books of one account as the running stack stores them, for the invariants."""

from typing import Any

from corent.adapters.dynamo.balances import DynamoBalances
from corent.adapters.dynamo.batches import DynamoBatches, batch_of
from corent.adapters.dynamo.job_items import job_of
from corent.adapters.dynamo.jobs import DynamoJobs
from corent.jobs.batch import Batch
from corent.jobs.job import Job
from tests.stack.conftest import Account, Stack


def read_books(stack: Stack, account: Account) -> dict[str, Any]:
    """Balances, entries, jobs and batches of both wallets of the account; the arguments of `violations`."""
    client = stack.aws("dynamodb")
    table = stack.tables["jobs"]
    names = {f"{name}_table": stack.tables[name] for name in ("balances", "jobs", "keys")}
    ledger = DynamoBalances(client, **names)
    wallets = (account.account_id, f"{account.account_id}.test")
    entries = []
    jobs: list[tuple[Job, str]] = []
    for wallet in wallets:
        before = None
        while True:
            page, before = ledger.list_entries(wallet, limit=100, before=before)
            entries += page
            if before is None:
                break
        listed = DynamoJobs(client, table=table).list_by_wallet(wallet, limit=1000, before=None)
        for job in listed.jobs:
            key = {"pk": {"S": f"J#{job.id}"}, "sk": {"S": "JOB"}}
            item = client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
            jobs.append((job_of(item), item["money"]["S"]))
    batches = [batch for batch in _batches(client, table) if batch.wallet_id in wallets]
    for batch in batches:
        staged = [job for job in DynamoBatches(client, table=table).read_jobs(batch) if job.staged]
        jobs += [(job, "held") for job in staged]
    return {
        "balances": [balance for wallet in wallets if (balance := ledger.read_balance(wallet))],
        "entries": entries,
        "jobs": jobs,
        "batches": batches,
    }


def _batches(client: Any, table: str) -> list[Batch]:
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [batch_of(item) for page in pages for item in page["Items"] if item["sk"] == {"S": "BATCH"}]
