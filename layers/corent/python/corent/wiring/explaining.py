"""Explanations for operators."""

from functools import cache

from corent.usecases.replay_route import ReplayRoute
from corent.wiring.money import jobs


@cache
def replay_route() -> ReplayRoute:
    return ReplayRoute(jobs=jobs())
