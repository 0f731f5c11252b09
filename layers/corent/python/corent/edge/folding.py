"""What ended, reported: metrics by tier, and by offer for operators; a line in the log.

The stream of jobs tells of each attempt and each job once as it ends. No caller waits for this.
"""

from collections import Counter
from collections.abc import Sequence

from aws_lambda_powertools.logging import Logger

from corent.core.money import MICROS_PER_CENT
from corent.edge.metrics import emit
from corent.usecases.fold_health import AttemptSeen, Folded, JobResult, JobSeen

log = Logger(service="corent")


def folded_report(folded: Folded, *, malformed: Sequence[str]) -> None:
    """Say what ended. `malformed` are the numbers of records that could not be read."""
    for tier in sorted({job.tier for job in folded.jobs}):
        _of_tier(tier, [job for job in folded.jobs if job.tier == tier])
    for offer in sorted({attempt.offer_id for attempt in folded.attempts}):
        _of_offer(offer, [attempt for attempt in folded.attempts if attempt.offer_id == offer])
    if malformed:
        log.error("malformed job records", sequence_numbers=list(malformed))
    job_ids = sorted({job.job_id for job in folded.jobs} | {each.job_id for each in folded.attempts})
    log.info("folded", attempts=len(folded.attempts), jobs=len(folded.jobs), job_ids=job_ids)


def _of_tier(tier: str, jobs: Sequence[JobSeen]) -> None:
    results = Counter(job.result for job in jobs)
    # All four each time: a share of two metrics needs both, also where one is nothing.
    emit(
        {
            "JobsCompleted": results[JobResult.COMPLETED],
            "JobsFailed": results[JobResult.FAILED],
            "JobsRefused": results[JobResult.REFUSED],
            "JobsCancelled": results[JobResult.CANCELLED],
            "JobDurationMs": [job.time_ms for job in jobs if job.result is JobResult.COMPLETED],
            "Failovers": sum(job.failovers for job in jobs),
            "ChargedCents": sum(job.charged_micros for job in jobs) // MICROS_PER_CENT,
        },
        tier=tier,
    )


def _of_offer(offer: str, attempts: Sequence[AttemptSeen]) -> None:
    for outcome, times in sorted(Counter(attempt.outcome.value for attempt in attempts).items()):
        emit({"Attempts": times}, offer=offer, outcome=outcome)
    emit(
        {
            "AttemptDurationMs": [each.time_ms for each in attempts if each.is_delivered],
            "CostMicros": sum(each.cost_micros for each in attempts),
        },
        offer=offer,
    )
