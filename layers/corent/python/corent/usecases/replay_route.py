"""Explain a job's route to an operator, names included, and decide it once more from its record."""

from typing import Any

from corent.core.errors import NotFoundError
from corent.core.ids import is_id
from corent.jobs.store import JobStore
from corent.routing.decide import replay
from corent.routing.route import load_route


class ReplayRoute:
    """Reads any account's job: for operators alone."""

    def __init__(self, *, jobs: JobStore) -> None:
        self._jobs = jobs

    def __call__(self, request_id: str) -> dict[str, Any]:
        """The route of a request (`req_…` or `job_…`) as stored and as decided again. May be repeated.

        `same` says whether both are the same text, byte for byte. Raises NotFoundError.
        """
        job_id = f"job_{request_id.removeprefix('req_')}" if is_id(request_id, prefix="req") else request_id
        job = self._jobs.read(job_id) if is_id(job_id, prefix="job") else None
        if job is None:
            raise NotFoundError("There is no such job.")
        route = load_route(job.route)
        replayed = replay(job.route)
        return {
            "job_id": job.id,
            "tier": job.tier,
            "state": job.state.value,
            "choice": route.choice.value,
            "candidates": [
                {
                    "offer": candidate.offer_id,
                    "score_milli": candidate.score_milli,
                    "cost_milli": candidate.appraisal.cost_milli,
                    "latency_milli": candidate.appraisal.latency_milli,
                    "reliability_milli": candidate.appraisal.reliability_milli,
                    "quality_milli": candidate.appraisal.quality_milli,
                    "typical_ms": candidate.appraisal.typical_ms,
                    "flags": sorted(flag.name.lower() for flag in candidate.appraisal.flags),
                }
                for candidate in route.candidates
            ],
            "excluded": [{"offer": each.offer_id, "reason": each.reason.value} for each in route.excluded],
            "outranked": route.outranked,
            "incapable": route.incapable,
            "attempts": [
                {
                    "offer": route.candidates[attempt.candidate].offer_id,
                    "outcome": attempt.outcome.value,
                    "started_ms": attempt.started_ms,
                    "duration_ms": attempt.duration_ms,
                    "cost_micros": attempt.cost_micros,
                }
                for attempt in job.attempts
            ],
            "stored": job.route,
            "replayed": replayed,
            "same": replayed == job.route,
        }
