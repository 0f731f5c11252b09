"""Each minute: ask every upstream's account, generate a little, fold both into health, judge every tier."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from corent.accounts.keys import Mode
from corent.core.clock import Clock, day_of
from corent.core.tiers import AspectRatio, Preference, Tier
from corent.core.upstream import (
    AccountUpstream,
    Failure,
    Generated,
    ImageRequest,
    ImageUpstream,
    UpstreamError,
    Working,
)
from corent.health.breaker import Circuit
from corent.health.document import Call, Cost, HealthDocument, fold_calls, fold_costs
from corent.health.evidence import ACCOUNT_FAILURES, PROBE_WEIGHT, Observation, median_ms, slow_ms
from corent.health.probing import Probeable, plan_probes
from corent.health.status import (
    Figures,
    Implementations,
    Level,
    Standing,
    StatusDocument,
    judge,
    next_standing,
    with_standing,
)
from corent.health.store import HealthStore
from corent.health.tiers import TierEvidence, last_jobs, recent_times_ms
from corent.jobs.job import ImageOrder
from corent.routing.health import HealthView, view_health
from corent.routing.offers import Offer
from corent.usecases.judge_results import JudgeResults
from corent.usecases.offers_on_sale import DailyCaps, OffersOnSale

ASK_TIMEOUT_S: Final = 8.0
# All of a probe's generation: the function has a minute for everything.
GENERATE_TIMEOUT_S: Final = 35.0
CALL_TIMEOUT_S: Final = 10.0
POLL_MIN_S: Final = 0.2
POLL_MAX_S: Final = 5.0
PROMPT: Final = "a small blue circle on a plain white background"
# Free offers are our own machines: there a probe is as small as it can be. Others are asked what callers ask.
FREE_SIDE_PX: Final = 256
PAID_SIDE_PX: Final = 1024

# Runs those jobs side by side and gives their results in order.
type Together = Callable[[Sequence[Callable[[], Call]]], list[Call]]


class Upstreams(Protocol):
    """The adapters, with the credentials in force now. Raise UpstreamError where there are none."""

    def images(self, name: str) -> ImageUpstream: ...

    def account(self, name: str) -> AccountUpstream: ...


@dataclass(frozen=True, slots=True)
class SpentToday:
    """What upstreams have cost today (UTC), and what they may cost, in micro-dollars; probes' part apart."""

    micros: Mapping[str, int]
    probes_micros: int
    caps: DailyCaps

    @property
    def total_micros(self) -> int:
        return sum(self.micros.values())


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What one minute showed: failures by upstream or offer, every tier's level, breakers that are open.

    `cost_micros` is what the minute's own generations cost.
    """

    asked: int
    generated: int
    failures: Mapping[str, str]
    levels: Mapping[str, Level]
    open_breakers: tuple[str, ...]
    cost_micros: int
    spent: SpentToday


class ProbeUpstreams:
    """The prober. Only one runs at a time; two would count a minute once."""

    def __init__(
        self,
        *,
        health: HealthStore,
        on_sale: OffersOnSale,
        tiers: tuple[Tier, ...],
        upstreams: Upstreams,
        judge: JudgeResults,
        together: Together,
        budget_micros: int,
        clock: Clock,
    ) -> None:
        self._health = health
        self._on_sale = on_sale
        self._tiers = tiers
        self._upstreams = upstreams
        self._judge = judge
        self._together = together
        self._budget_micros = budget_micros
        self._clock = clock

    def __call__(self) -> ProbeReport:
        """Probe, fold and judge. May be repeated. Raises what the store raises, and HealthContendedError."""
        offers = self._on_sale.on_offer(mode=Mode.LIVE)
        planned = self._planned(offers)
        upstreams = sorted({offer.upstream for offer in offers})
        calls = self._together(
            [
                *(lambda name=name: self._asked(name, tiers=_tiers_of(offers, name)) for name in upstreams),
                *(
                    lambda offer=offer: self._generated(offer, tiers=_tiers_with(offers, offer))
                    for offer in planned
                ),
            ]
        )
        now_ms = self._clock.now_ms()
        costs = [cost for call in calls if (cost := _cost(call, planned, now_ms=now_ms))]

        def fold(document: HealthDocument) -> HealthDocument:
            return fold_costs(fold_calls(document, calls, now_ms=now_ms), costs)

        document = self._health.update(fold)
        view = view_health(document, offers, now_ms=now_ms)
        levels = self._judged(document, view, offers, now_ms=now_ms)
        return ProbeReport(
            asked=len(upstreams),
            generated=len(planned),
            failures={
                call.observation.offer_id or call.observation.upstream: call.observation.failure.value
                for call in calls
                if call.observation.failure is not None
            },
            levels=levels,
            open_breakers=tuple(
                sorted(name for name, seen in view.offers.items() if seen.circuit is not Circuit.CLOSED)
            ),
            cost_micros=sum(cost.micros for cost in costs),
            spent=self._spent(document, day=day_of(now_ms)),
        )

    def _spent(self, document: HealthDocument, *, day: str) -> SpentToday:
        return SpentToday(
            micros=document.spend.of(day),
            probes_micros=document.spend.of_probes(day),
            caps=self._on_sale.caps(),
        )

    def _planned(self, offers: Sequence[Offer]) -> list[Offer]:
        """What to generate at. Only images: the shortest film costs more than a day's probes."""
        images = {offer.id: offer for offer in offers if not offer.durations_s}
        now_ms = self._clock.now_ms()
        planned = plan_probes(
            [Probeable(offer.id, offer.upstream, offer.cost_micros) for offer in images.values()],
            self._health.read(),
            budget_micros=self._budget_micros,
            day=day_of(now_ms),
            now_ms=now_ms,
        )
        return [images[each.offer_id] for each in planned]

    # ---- calls, each on a thread of its own ----------------------------------------------------------

    def _asked(self, upstream: str, *, tiers: tuple[str, ...]) -> Call:
        failure = None
        try:
            self._upstreams.account(upstream).ask_account(timeout_s=ASK_TIMEOUT_S)
        except UpstreamError as error:
            failure = error.failure
        seen = Observation(
            offer_id="",
            upstream=upstream,
            ended_at_ms=self._clock.now_ms(),
            # That our key may not ask this says nothing of what it may buy: only a purchase opens a breaker.
            failure=Failure.UNAVAILABLE if failure in ACCOUNT_FAILURES else failure,
            weight=PROBE_WEIGHT,
        )
        return Call(observation=seen, tiers=tiers)

    def _generated(self, offer: Offer, *, tiers: tuple[str, ...]) -> Call:
        started_ms = self._clock.now_ms()
        failure, retry_after_ms, said_micros = None, None, None
        try:
            said_micros = self._generate(offer).cost_micros
        except UpstreamError as error:
            failure, retry_after_ms = error.failure, error.retry_after_ms
        ended_ms = self._clock.now_ms()
        seen = Observation(
            offer_id=offer.id,
            upstream=offer.upstream,
            ended_at_ms=ended_ms,
            failure=failure,
            time_ms=ended_ms - started_ms,
            cost_ratio=said_micros / offer.cost_micros if said_micros and offer.cost_micros else None,
            retry_after_ms=retry_after_ms,
            weight=PROBE_WEIGHT,
        )
        return Call(observation=seen, tiers=tiers)

    def _generate(self, offer: Offer) -> Generated:
        """One small image, fetched and judged. Raises UpstreamError."""
        started_ms = self._clock.now_ms()
        until_ms = started_ms + round(GENERATE_TIMEOUT_S * 1000)
        side_px = PAID_SIDE_PX if offer.cost_micros else FREE_SIDE_PX
        output_format = offer.formats[0]
        request = ImageRequest(
            prompt=PROMPT,
            aspect_ratio=AspectRatio.SQUARE,
            width_px=side_px,
            height_px=side_px,
            count=1,
            output_format=output_format,
            reference=f"probe-{started_ms}-{offer.id}",
            attempt=1,
        )
        adapter = self._upstreams.images(offer.upstream)
        step = adapter.submit(request, model=offer.model, timeout_s=self._left_s(until_ms))
        while isinstance(step, Working):
            self._clock.sleep(min(POLL_MAX_S, max(POLL_MIN_S, step.poll_after_s)))
            if self._clock.now_ms() >= until_ms:
                raise UpstreamError(Failure.UNAVAILABLE, "took longer than a probe may")
            step = adapter.check(step.ticket, timeout_s=min(CALL_TIMEOUT_S, self._left_s(until_ms)))
        order = ImageOrder(
            prompt=PROMPT,
            preference=Preference.BALANCED,
            aspect_ratio=AspectRatio.SQUARE,
            n=1,
            output_format=output_format,
        )
        self._judge(order, step, until_ms=until_ms)
        return step

    def _left_s(self, until_ms: int) -> float:
        return max(1.0, (until_ms - self._clock.now_ms()) / 1000)

    # ---- the public status ---------------------------------------------------------------------------

    def _judged(
        self, document: HealthDocument, view: HealthView, offers: Sequence[Offer], *, now_ms: int
    ) -> dict[str, Level]:
        """Write every tier's status as it is from now on; the levels."""
        # Of the document just written: what routing keeps may be a minute old here.
        spent_up = self._on_sale.caps().reached(
            document.spend.of(day_of(now_ms)), upstreams={offer.upstream for offer in offers}
        )
        levels: dict[str, Level] = {}

        def step(status: StatusDocument) -> StatusDocument:
            standings, incidents, figures = {}, status.incidents, {}
            for tier in self._tiers:
                known = document.tiers.get(tier.name, TierEvidence())
                seen = _implementations(
                    [offer for offer in offers if offer.tier == tier.name], view, spent_up=spent_up
                )
                before = status.standings.get(tier.name, Standing())
                after = next_standing(
                    before,
                    judge(known, seen, now_ms=now_ms),
                    now_ms=now_ms,
                    last_ms=status.updated_at_ms,
                )
                standings[tier.name], figures[tier.name] = after, _figures(known, now_ms=now_ms)
                incidents = with_standing(
                    incidents, tier=tier.name, before=before.level, after=after.level, now_ms=now_ms
                )
                levels[tier.name] = after.level
            return StatusDocument(
                standings=standings, figures=figures, incidents=incidents, updated_at_ms=now_ms
            )

        self._health.update_status(step)
        return levels


def _tiers_of(offers: Iterable[Offer], upstream: str) -> tuple[str, ...]:
    return tuple(sorted({offer.tier for offer in offers if offer.upstream == upstream}))


def _tiers_with(offers: Iterable[Offer], offer: Offer) -> tuple[str, ...]:
    return tuple(sorted({each.tier for each in offers if each.id == offer.id}))


def _cost(call: Call, planned: Iterable[Offer], *, now_ms: int) -> Cost | None:
    """What a probe's generation cost; one that failed may have, too, but nobody says so."""
    seen = call.observation
    offer = next((each for each in planned if each.id == seen.offer_id), None)
    if offer is None or seen.failure is not None or not offer.cost_micros:
        return None
    micros = round(offer.cost_micros * (1.0 if seen.cost_ratio is None else seen.cost_ratio))
    return Cost(upstream=seen.upstream, micros=micros, day=day_of(now_ms), is_probe=True)


def _implementations(
    offers: Sequence[Offer], view: HealthView, *, spent_up: frozenset[str]
) -> Implementations:
    failing = 0
    for offer in offers:
        seen = view.offers[offer.id]
        is_out = seen.circuit is not Circuit.CLOSED or seen.is_resting or offer.upstream in spent_up
        failing += is_out or seen.is_suspect
    return Implementations(all=len(offers), failing=failing)


def _figures(tier: TierEvidence, *, now_ms: int) -> Figures:
    times_ms = recent_times_ms(tier, now_ms=now_ms)
    jobs = last_jobs(tier, now_ms=now_ms)
    return Figures(
        latency_ms_p50=median_ms(times_ms),
        latency_ms_p95=slow_ms(times_ms),
        success_rate=round(sum(jobs) / len(jobs), 4) if jobs else None,
    )
