"""The real store as the contracts want it: one object that is all of the ledger's stores and a JobStore.

`batch_store` beside it.
"""

from typing import Any

from corent.adapters.dynamo.audits import DynamoAudits
from corent.adapters.dynamo.balances import DynamoBalances
from corent.adapters.dynamo.batches import DynamoBatches
from corent.adapters.dynamo.jobs import DynamoJobs
from corent.adapters.dynamo.payments import DynamoPayments


class DynamoStore:
    """Over tables named `balances`, `jobs` and `keys`."""

    def __init__(self, client: Any) -> None:
        tables = {f"{name}_table": name for name in ("balances", "jobs", "keys")}
        self._balances = DynamoBalances(client, **tables)
        self._jobs = DynamoJobs(client, table="jobs")
        self._payments = DynamoPayments(client, table="balances")
        self._audits = DynamoAudits(client, balances_table="balances", jobs_table="jobs")
        self.batch_store = DynamoBatches(client, table="jobs")

    def __getattr__(self, name: str) -> Any:
        stores = (self._jobs, self._balances, self._payments, self._audits)
        return next(getattr(store, name) for store in stores if hasattr(store, name))
