"""Every hour check the books of wallets that moved; every day those of all, and the trial balance.

Input {"wallets": "moved" | "all"}; the answer is the report.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.checks import accounts_report
from corent.wiring import checks


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    check = checks.check_accounts()
    return accounts_report(check.all() if event["wallets"] == "all" else check.moved())
