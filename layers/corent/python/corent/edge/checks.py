"""What looks at payments and books report: metrics that alarms watch, lines in the log, and answers."""

import dataclasses
from typing import Any

from aws_lambda_powertools.logging import Logger

from corent.edge.metrics import count
from corent.usecases.check_accounts import AccountsReport
from corent.usecases.check_payments import PaymentsReport
from corent.usecases.sync_payment import SyncReport

log = Logger(service="corent")


def accounts_report(report: AccountsReport) -> dict[str, Any]:
    """Say what the account check saw."""
    count("AccountsChecked", report.checked)
    count("ReconciliationDifferences", report.found)
    count("ReconciliationIncomplete", int(not report.complete))
    trial = report.trial
    answer = {
        "checked": report.checked,
        "moving": report.moving,
        "differences": report.differences,
        "trial_differences": report.trial_differences,
        "complete": report.complete,
        "trial": {
            "wallets": trial.wallets,
            "entries": trial.entries,
            "available_micros": trial.available_micros,
            "held_micros": trial.held_micros,
            "accounts_micros": dict(trial.accounts),
            "kinds_micros": dict(trial.kinds),
            "captured_micros": trial.captured_micros,
            "costs_micros": dict(trial.costs_micros),
            "margin_micros": trial.margin_micros,
        },
    }
    (log.error if report.found else log.info)("accounts checked", report=answer)
    return answer


def payments_report(report: PaymentsReport) -> dict[str, Any]:
    """Say what the payments check saw."""
    count("PaymentsChecked", report.checked)
    count("PaymentsFoundByCheck", len(report.found))
    count("PaymentsFailing", len(report.failed))
    count("ReconciliationIncomplete", int(not report.complete))
    count("ClawBackShortfalls", int(report.short_micros > 0))
    answer = dataclasses.asdict(report)
    (log.error if report.found or report.failed else log.info)("payments checked", report=answer)
    return answer


def synced(report: SyncReport) -> dict[str, Any]:
    """Say what one look at a payment did."""
    if report.short_micros > 0:
        log.error("less was left of a payment than is claimed back", payment_id=report.payment_id)
        count("ClawBackShortfalls", 1)
    return dataclasses.asdict(report)
