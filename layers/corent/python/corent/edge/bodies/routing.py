"""Bodies of the routing endpoint."""

from typing import Literal

from corent.edge.bodies import Reply


class Weights(Reply):
    cost: float
    latency: float
    reliability: float
    quality: float


class CandidateReply(Reply):
    name: str
    score: float
    cost: float
    latency: float
    reliability: float
    quality: float
    health: Literal["operational", "degraded"]


class ExcludedReply(Reply):
    name: str
    reason: str


class AttemptReply(Reply):
    candidate: str
    outcome: str
    duration_ms: int


class ExplainReply(Reply):
    model: str
    reasoning: str
    choice: Literal["best", "trial", "exploration", "last_resort"]
    candidates_considered: int
    failover_occurred: bool
    candidates: list[CandidateReply]
    excluded: list[ExcludedReply]
    attempts: list[AttemptReply]
    quote_cents: int
    weights: Weights
