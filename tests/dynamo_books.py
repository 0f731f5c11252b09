"""The books as real tables hold them, for the invariants."""

from collections.abc import Iterator
from typing import Any

from corent.adapters.dynamo.batches import batch_of
from corent.adapters.dynamo.job_items import job_of
from corent.adapters.dynamo.ledger_items import balance_of, entry_of, payment_of

type Item = dict[str, Any]


def items(client: Any, table: str) -> Iterator[Item]:
    """Every item of a table."""
    scan: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    while True:
        answer = client.scan(**scan)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        scan["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def books_in(
    client: Any, *, balances: str = "balances", jobs: str = "jobs", wallets: tuple[str, ...] | None = None
) -> dict[str, Any]:
    """Balances, entries, payments, jobs and batches, of those wallets or of all; what `violations` takes."""
    money = list(items(client, balances))
    work = list(items(client, jobs))

    def sort_of(stored: list[Item], prefix: str, sort_key: str) -> list[Item]:
        return [
            item
            for item in stored
            if item["pk"]["S"].startswith(prefix) and item["sk"]["S"].startswith(sort_key)
        ]

    def mine(wallet_id: str) -> bool:
        return wallets is None or wallet_id in wallets

    batches = [batch for item in sort_of(work, "B#", "BATCH") if mine((batch := batch_of(item)).wallet_id)]
    bought = {batch.id for batch in batches}
    found = []
    for item in sort_of(work, "J#", "JOB"):
        job = job_of(item)
        if job.staged and job.batch_id in bought:
            found.append((job, "held"))
        elif not job.staged and mine(job.wallet_id):
            found.append((job, item["money"]["S"]))
    return {
        "balances": [
            each for item in sort_of(money, "A#", "BAL") if mine((each := balance_of(item)).wallet_id)
        ],
        "entries": [each for item in sort_of(money, "A#", "E#") if mine((each := entry_of(item)).wallet_id)],
        "payments": [
            each for item in sort_of(money, "PI#", "PI") if mine((each := payment_of(item)).wallet_id)
        ],
        "jobs": found,
        "batches": batches,
    }
