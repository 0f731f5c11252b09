"""The prober: who is asked, what it may cost, and how calls are made side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache

from corent.core.clock import SystemClock
from corent.core.money import MICROS_PER_CENT
from corent.health.document import Call
from corent.providers.catalog import tiers
from corent.usecases.probe_upstreams import ProbeUpstreams
from corent.wiring.health import store
from corent.wiring.settings import Settings, read_settings
from corent.wiring.upstreams import Upstreams, judge_results, on_sale

SIDE_BY_SIDE = 16


class ProbeSettings(Settings):
    """`probe_daily_budget_cents` is what the generations of all probes may cost a day."""

    probe_daily_budget_cents: int


@cache
def probe_upstreams() -> ProbeUpstreams:
    return ProbeUpstreams(
        health=store(),
        on_sale=on_sale(),
        tiers=tiers(),
        upstreams=Upstreams(),
        judge=judge_results(),
        together=_together,
        budget_micros=read_settings(ProbeSettings).probe_daily_budget_cents * MICROS_PER_CENT,
        clock=SystemClock(),
    )


def _together(jobs: Sequence[Callable[[], Call]]) -> list[Call]:
    """Each on a thread with a context of its own: an adapter's deadline is the context's."""
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        waiting = [pool.submit(copy_context().run, job) for job in jobs]
        return [each.result() for each in waiting]
