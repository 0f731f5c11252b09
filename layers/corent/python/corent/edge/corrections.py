"""An operator's correction: its input checked, its answer, and the line in the log that says who did what."""

from typing import Any

from aws_lambda_powertools.logging import Logger
from pydantic import TypeAdapter

from corent.edge.bodies.corrections import Act, Adjust, Goodwill
from corent.usecases.correct_ledger import Correction, CorrectLedger

log = Logger(service="corent")
_ACT: TypeAdapter[Act] = TypeAdapter(Act)


def correct(event: dict[str, Any], ledger: CorrectLedger) -> dict[str, Any]:
    """Do what is asked and say what was posted. Raises ValidationError, or what stands against it."""
    act = _ACT.validate_python(event)
    by = Correction(operator=act.operator, ticket=act.ticket)
    log.info("correction", **act.model_dump())
    if isinstance(act, Goodwill):
        posting = ledger.goodwill(
            by, account_id=act.account_id, job_id=act.job_id, amount_cents=act.amount_cents
        )
    elif isinstance(act, Adjust):
        posting = ledger.adjust(
            by,
            account_id=act.account_id,
            amount_cents=act.amount_cents,
            counterpart=act.counterpart,
            into_wallet=act.direction == "into_wallet",
        )
    else:
        ledger.unfreeze(by, account_id=act.account_id)
        return {"account_id": act.account_id, "status": "active"}
    return {"entry": posting.key, "amount_micros": posting.amount_micros, "is_new": posting.is_new}
