"""Run the checks of the books on the running stack and print the trial balance (`make reconcile`)."""

import sys
from typing import Any

from local.invoking import invoke
from local.place import StackError, from_environment

# All that Stripe keeps of what happened (its API reference of Events: 30 days).
SPAN_S = 30 * 86_400
MICROS_PER_DOLLAR = 1_000_000


def main() -> None:
    """Run both checks over everything; ends with status 1 when the books do not add up."""
    place = from_environment()
    try:
        payments = invoke(place, "PaymentsCheckFunctionName", {"span_s": SPAN_S, "grace_s": 0})
        accounts = invoke(place, "AccountsCheckFunctionName", {"wallets": "all"})
    except StackError as error:
        sys.exit(str(error))
    sys.stdout.write("\n".join([*_payments_lines(payments), "", *_accounts_lines(accounts)]) + "\n")
    if accounts["differences"] or accounts["trial_differences"] or payments["failed"]:
        sys.exit(1)


def _payments_lines(report: dict[str, Any]) -> list[str]:
    lines = [f"Payments: {report['checked']} looked at, {len(report['found'])} with something missing."]
    lines += [f"  {payment}: posted {', '.join(keys)}" for payment, keys in report["found"].items()]
    lines += [f"  {payment}: FAILED, {error}" for payment, error in report["failed"].items()]
    return lines


def _accounts_lines(report: dict[str, Any]) -> list[str]:
    trial = report["trial"]
    lines = [f"Accounts: {report['checked']} wallets with {trial['entries']} entries."]
    lines += [f"  DIFFERENCE {text}" for found in report["differences"].values() for text in found]
    lines += [f"  still moving: {wallet}" for wallet in report["moving"]]
    if not report["complete"]:
        lines.append("  OUT OF TIME: not all wallets were looked at.")
    lines += ["", "Trial balance, in dollars", *_amounts(trial["accounts_micros"])]
    lines.append(_amount("sum", sum(trial["accounts_micros"].values())))
    lines += [f"  DIFFERENCE {text}" for text in report["trial_differences"]]
    lines += ["", "By kind of entry", *_amounts(trial["kinds_micros"])]
    lines += ["", "Jobs settled in the last day", _amount("captured", trial["captured_micros"])]
    lines += [_amount(f"cost of {name}", -cost) for name, cost in sorted(trial["costs_micros"].items())]
    lines.append(_amount("margin", trial["margin_micros"]))
    return lines


def _amounts(micros: dict[str, int]) -> list[str]:
    return [_amount(name, amount) for name, amount in sorted(micros.items())]


def _amount(name: str, micros: int) -> str:
    """A row to four decimals: a hundredth of a cent, below which no price of ours goes."""
    sign = "-" if micros < 0 else ""
    dollars, rest = divmod(abs(micros), MICROS_PER_DOLLAR)
    return f"  {name:<40} {f'{sign}{dollars}.{rest // 100:04d}':>14}"


if __name__ == "__main__":
    main()
