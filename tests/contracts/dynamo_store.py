"""The real store as the contract wants it: one object that is both a LedgerStore and a JobStore.

`batch_store` beside it.
"""

from typing import Any

from corent.adapters.dynamo.balances import DynamoBalances
from corent.adapters.dynamo.batches import DynamoBatches
from corent.adapters.dynamo.jobs import DynamoJobs


class DynamoStore:
    """Over tables named `balances`, `jobs` and `keys`."""

    def __init__(self, client: Any) -> None:
        tables = {f"{name}_table": name for name in ("balances", "jobs", "keys")}
        self._balances = DynamoBalances(client, **tables)
        self._jobs = DynamoJobs(client, table="jobs")
        self.batch_store = DynamoBatches(client, table="jobs")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name, None) or getattr(self._balances, name)
