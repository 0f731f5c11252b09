"""Delivering a webhook once more."""

from functools import cache

from corent.core.clock import SystemClock
from corent.usecases.authenticate import Caller
from corent.usecases.read_jobs import JobView
from corent.usecases.redeliver_webhook import RedeliverWebhook
from corent.wiring.money import outboxes, read_jobs
from corent.wiring.webhooks import later


def redeliver_webhook(job_id: str, *, caller: Caller) -> JobView:
    """The job with its delivery pending again. Raises NotFoundError."""
    job = read_jobs().get(job_id, caller=caller)
    return JobView(job=job, delivery=_redeliver()(job.id))


@cache
def _redeliver() -> RedeliverWebhook:
    return RedeliverWebhook(outboxes=outboxes(), later=later(), clock=SystemClock())
