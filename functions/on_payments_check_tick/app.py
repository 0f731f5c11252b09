"""Every half hour, and every day over a longer span, look for payments that no event told of.

Input {"span_s": …, "grace_s": …}; the answer is the report.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.checks import payments_report
from corent.wiring import payments


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    check = payments.check_payments()
    return payments_report(check(span_s=event["span_s"], grace_s=event["grace_s"]))
