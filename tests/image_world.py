"""The generation use cases over fakes: every call to the outside can be counted, failed or killed."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from corent.accounts.keys import ApiKey, KeyStatus, Mode, Scope
from corent.accounts.limiter import RateState
from corent.core.errors import TemporarilyUnavailableError
from corent.core.fetching import FetchFailedError, FetchLimits
from corent.core.tiers import AspectRatio, ImageFormat, Kind, Preference, Resolution, Tier
from corent.core.upstream import (
    Failure,
    Generated,
    ImageRequest,
    InlineFile,
    UpstreamError,
    VideoRequest,
    Working,
)
from corent.health.document import HealthDocument
from corent.jobs.batch import Batch
from corent.jobs.job import ImageOrder, Job, VideoOrder
from corent.ledger.ledger import Ledger
from corent.routing.health import HealthView, view_health
from corent.routing.offers import Offer
from corent.usecases.authenticate import Caller
from corent.usecases.buy_batch import BatchItem, BoughtBatch, BuyBatch
from corent.usecases.callers_webhooks import WebhookRequest
from corent.usecases.cancel_batch import CancelBatch
from corent.usecases.cancel_job import CancelJob
from corent.usecases.carry_batch import CarryBatch
from corent.usecases.carry_generation import CarryGeneration, Upkeep
from corent.usecases.draft_job import DraftJob
from corent.usecases.end_execution import EndExecution
from corent.usecases.generate_image import Answer, GenerateImage
from corent.usecases.generate_video import GenerateVideo
from corent.usecases.inline_attempts import InlineAttempts
from corent.usecases.judge_results import JudgeResults
from corent.usecases.place_order import PlaceOrder
from corent.usecases.purchase import Purchase
from corent.usecases.quote_tokens import QuoteTokens
from corent.usecases.read_batches import ReadBatches
from corent.usecases.read_jobs import ReadJobs
from corent.usecases.settle_batch import SettleBatch
from corent.usecases.settle_job import SettleJob
from corent.usecases.store_results import StoreResults
from corent.usecases.sweep_jobs import SweepJobs
from corent.usecases.tend_batch import TendBatch
from corent.usecases.wallets import Wallets
from corent.webhooks.outbox import Outbox
from tests.fakes import START_MS, FakeClock, MemoryBooks, ulid
from tests.invariants import violations
from tests.machine import BATCH_DEFINITION, Execution, Machine, TaskError
from tests.pictures import png
from tests.tripwire import Tripwire, Wired, answer_lost

PRICE = 20_000
TIER = Tier(name="corent-image-fast", kind=Kind.IMAGE, preference=Preference.FAST, price_micros=PRICE)
FILM_TIER = Tier(
    name="corent-video-premium", kind=Kind.VIDEO, preference=Preference.BALANCED, price_micros=126_000
)
FILM_ORDER = VideoOrder(
    prompt="a red fox runs",
    preference=Preference.BALANCED,
    aspect_ratio=AspectRatio.WIDE,
    duration_s=5,
    resolution=Resolution.HD,
)
ORDER = ImageOrder(
    prompt="a red fox",
    preference=Preference.FAST,
    aspect_ratio=AspectRatio.SQUARE,
    n=1,
    output_format=ImageFormat.PNG,
)


def an_offer(name: str, *, asynchronous: bool = False, quality: float = 0.5, **changes: Any) -> Offer:
    """An offer of the tier that can do everything."""
    fields: dict[str, Any] = {
        "id": name,
        "tier": TIER.name,
        "upstream": name,
        "model": f"{name}-model",
        "cost_micros": 5_000,
        "cost_source": "made up",
        "cost_read_on": date(2026, 11, 22),
        "typical_latency_ms": 1_000,
        "slow_latency_ms": 3_000,
        "quality": quality,
        "asynchronous": asynchronous,
        "formats": tuple(ImageFormat),
        "aspect_ratios": tuple(AspectRatio),
        "count_max": 4,
        "takes_seed": True,
        "takes_negative_prompt": True,
        "takes_image": True,
    }
    return Offer(**{**fields, **changes})


def a_film_offer(name: str, **changes: Any) -> Offer:
    """A video offer that can do everything."""
    return an_offer(
        name,
        **{
            "tier": FILM_TIER.name,
            "asynchronous": True,
            "typical_latency_ms": 30_000,
            "slow_latency_ms": 60_000,
            "formats": (),
            "durations_s": tuple(range(1, 11)),
            "resolutions": tuple(Resolution),
            **changes,
        },
    )


# Far enough apart that the seed never changes their order.
FIRST, SECOND, THIRD = (
    an_offer("first", typical_latency_ms=500),
    an_offer("second", typical_latency_ms=1_000),
    an_offer("third", typical_latency_ms=4_000, slow_latency_ms=8_000),
)


@dataclass
class FakeUpstream:
    """Answers a script, one line a submit or check; the last line stays in force.

    `meanwhile` is what happens elsewhere during the next call.
    """

    script: list[Generated | Working | Failure]
    clock: FakeClock
    takes_ms: int = 500
    requests: list[Any] = field(default_factory=list)
    tickets: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    submitted_ms: list[int] = field(default_factory=list)
    timeouts_s: list[float] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def submit(
        self, request: ImageRequest | VideoRequest, *, model: str, timeout_s: float
    ) -> Generated | Working:
        self.requests.append(request)
        self.submitted_ms.append(self.clock.time_ms)
        return self._next(timeout_s=timeout_s)

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        self.tickets.append(ticket)
        return self._next(timeout_s=timeout_s)

    def cancel(self, ticket: str, *, timeout_s: float) -> None:
        self.cancelled.append(ticket)

    def _next(self, *, timeout_s: float) -> Generated | Working:
        self.timeouts_s.append(timeout_s)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        if self.takes_ms > timeout_s * 1000:
            self.clock.time_ms += round(timeout_s * 1000)
            raise UpstreamError(Failure.UNKNOWN, "timed out")
        self.clock.time_ms += self.takes_ms
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Failure):
            raise UpstreamError(step, "scripted")
        return step


def delivers(count: int = 1) -> Generated:
    return Generated(files=tuple(InlineFile(png()) for _ in range(count)))


def works(poll_after_s: float = 1.0) -> Working:
    return Working(ticket="t1", poll_after_s=poll_after_s)


@dataclass
class FakeOutputs:
    files: dict[str, bytes] = field(default_factory=dict)

    def put(self, name: str, content: bytes, *, media_type: str) -> None:
        self.files[name] = content


class FakeOffers:
    def __init__(self, offers: tuple[Offer, ...]) -> None:
        self.offers = offers

    def on_offer(self, *, mode: Mode) -> tuple[Offer, ...]:
        return self.offers

    def health(self, *, mode: Mode) -> HealthView:
        return view_health(HealthDocument(), self.offers, now_ms=START_MS)

    def claim_trial(self, offer: Offer) -> bool:
        raise AssertionError("no offer is half open here")

    def spent_up(self) -> frozenset[str]:
        return frozenset()


def no_fetch(url: str, *, limits: FetchLimits, **_: Any) -> bytes:
    raise FetchFailedError("nothing is there")


def a_caller(*, mode: Mode = Mode.LIVE, limit_micros: int | None = None) -> Caller:
    key = ApiKey(
        id="key_1",
        account_id="acct_1",
        mode=mode,
        scopes=(Scope.GENERATE,),
        label="",
        prefix="co_live_",
        last4="abcd",
        status=KeyStatus.ACTIVE,
        created_at_ms=0,
        expires_at_s=None,
        limit_micros=limit_micros,
    )
    wallet = "acct_1" if mode is Mode.LIVE else "acct_1.test"
    return Caller(
        key=key, key_sha256="k1", wallet_id=wallet, rate=RateState(limit=60, remaining=59, reset_s=1)
    )


@dataclass
class FakeWebhooks:
    """Checks nothing and seals by turning round."""

    checked: list[str] = field(default_factory=list)

    def check(self, url: str) -> None:
        self.checked.append(url)

    def seal(self, secret: str, *, wallet_id: str, job_id: str) -> str:
        return f"{wallet_id} {job_id} {secret[::-1]}"


class FakeUpstreams:
    """Every upstream makes images and videos."""

    def __init__(self, upstream: Callable[[str], Any]) -> None:
        self.images = self.videos = upstream


class World:
    """One account, some upstreams, and the use cases between them.

    The parts behind the tripwire are what a test breaks; those of `later` are what comes by itself
    afterwards: executions that are started, retried or swept.
    """

    def __init__(
        self,
        *scripts: Sequence[Generated | Working | Failure],
        offers: tuple[Offer, ...] = (FIRST, SECOND, THIRD),
        credits_micros: int = 100_000,
        wire: Tripwire | None = None,
        books: MemoryBooks | None = None,
        fetch: Any = no_fetch,
        repeatable: bool = False,
    ) -> None:
        self.clock = FakeClock()
        self.books = books or MemoryBooks()
        self.outputs = FakeOutputs()
        self.webhooks = FakeWebhooks()
        self.quotes = QuoteTokens(secret=lambda: "q" * 64, clock=self.clock)
        self.handed_on: list[str] = []
        self.checked_urls: list[str] = []
        self.observed: list[tuple[str, Failure]] = []
        self.wire = wire or Tripwire()
        self.repeatable = repeatable
        self.upstreams = {
            offer.upstream: FakeUpstream(script=list(script), clock=self.clock)
            for offer, script in itertools.zip_longest(offers, scripts, fillvalue=[Failure.UNAVAILABLE])
            if isinstance(offer, Offer)
        }
        plain: books.Books = Ledger(store=self.books, clock=self.clock, random=lambda: 0.5)
        for wallet in ("acct_1", "acct_1.test"):
            plain.open_wallet(wallet)
            plain.promote(wallet, amount_micros=credits_micros, reference="opening", cause="test")
        self.ledger = plain
        self.offers = FakeOffers(offers)
        now = _Parts(self, offers, self.wire, fetch)
        later = _Parts(self, offers, Tripwire(), fetch)
        self.generate, self.film = now.generate, now.film
        self.machine, self.steps = now.machine, now.steps
        self.sweep, self.cancel_job, self.end_execution = now.sweep, now.cancel, now.end_execution
        self.buy_all, self.cancel_batch = now.buy_batch, now.cancel_batch
        self.batches, self.batch_machine = now.batches, now.batch_machine
        self.later = later

    def buy(
        self,
        order: ImageOrder = ORDER,
        *,
        number: int = 1,
        wait_s: float = 25.0,
        caller: Caller | None = None,
        idempotency_key: str | None = None,
        fingerprint: str = "f",
        max_cost_cents: int | None = None,
        webhook: WebhookRequest | None = None,
    ) -> Answer:
        purchase = Purchase(
            caller=caller or a_caller(),
            ulid=ulid(number, at_ms=self.clock.now_ms()),
            wait_s=wait_s,
            max_cost_cents=max_cost_cents,
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
            webhook=webhook,
        )
        return self.generate(order, purchase)

    def buy_film(self, order: VideoOrder = FILM_ORDER, *, number: int = 1, **changes: Any) -> Answer:
        return self.film(order, self.purchase(number=number, **changes))

    def buy_batch(self, *orders: ImageOrder | VideoOrder, number: int = 500, **changes: Any) -> BoughtBatch:
        items = [BatchItem(order=order, max_cost_cents=None) for order in orders]
        return self.buy_all(items, self.purchase(number=number, **changes))

    def purchase(self, *, number: int = 500, **changes: Any) -> Purchase:
        """What comes with an order that is not waited for."""
        fields: dict[str, Any] = {
            "caller": a_caller(),
            "ulid": ulid(number, at_ms=self.clock.now_ms()),
            "wait_s": 0,
            "max_cost_cents": None,
            "idempotency_key": None,
            "fingerprint": "f",
        }
        return Purchase(**{**fields, **changes})

    def execute(self, job_id: str) -> Execution:
        """Run the job's execution to its end."""
        return self.machine.run({"job_id": job_id})

    def carry_batch(self, batch_id: str) -> Batch:
        """The batch as its execution ends it."""
        execution = self.batch_machine.run({"batch_id": batch_id})
        assert execution.error is None, execution
        return self.books.batches[batch_id]

    def carry(self, job_id: str) -> Job:
        """The job as its execution ends it."""
        execution = self.execute(job_id)
        assert execution.error is None, execution
        return self.books.jobs[job_id]

    def recover(self) -> None:
        """What happens by itself after a death: started executions run on, and the sweep comes by.

        First soon, when it starts what was not started, and at last past every deadline.
        """
        for subject_id in list(self.handed_on):
            self._run_later(subject_id)
        started = len(self.handed_on)
        self.clock.time_ms += 60_000
        self.later.sweep()
        for subject_id in self.handed_on[started:]:
            self._run_later(subject_id)
        self.clock.time_ms += 3_600_000
        self.later.sweep()

    def _run_later(self, subject_id: str) -> None:
        if subject_id.startswith("batch_"):
            execution = self.later.batch_machine.run({"batch_id": subject_id})
        else:
            execution = self.later.machine.run({"job_id": subject_id})
        if execution.error is not None:
            self.later.end_execution(subject_id, timed_out=False)

    @property
    def submits(self) -> int:
        return sum(len(upstream.requests) for upstream in self.upstreams.values())

    def violations(self) -> list[str]:
        found = violations(**self.books.everything)
        for job in self.books.jobs.values():
            stored = [name for name in self.outputs.files if job.files_key in name]
            asked = job.order.n if isinstance(job.order, ImageOrder) else 1
            if self.books.money[job.id] == "captured" and len(stored) != asked:
                found.append(f"M2: {job.id} was charged and {len(stored)} results are stored")
        return found


class _Parts:
    """The use cases of a world, with every call to the outside behind one wire."""

    def __init__(self, world: World, offers: tuple[Offer, ...], wire: Tripwire, fetch: Any) -> None:
        clock = world.clock
        books: Any = Wired(world.books, wire, lost=answer_lost)
        outputs: Any = Wired(world.outputs, wire, lost=lambda _: TemporarilyUnavailableError("lost"))
        ledger: books.Books = Ledger(store=books, clock=clock, random=lambda: 0.5)
        settle = SettleJob(ledger=ledger, jobs=books, clock=clock)
        store = StoreResults(judge=JudgeResults(fetch=fetch, clock=clock), outputs=outputs)
        by_id = {(offer.tier, offer.id): offer for offer in offers}

        def upstream(name: str) -> Any:
            return Wired(
                world.upstreams[name], wire, lost=lambda _: UpstreamError(Failure.UNKNOWN, "answer lost")
            )

        def start(job_id: str) -> None:
            wire.around(
                "start", lambda: world.handed_on.append(job_id), lambda: TemporarilyUnavailableError("lost")
            )

        def tell(token: str, *, next: str) -> None:
            wire.around(
                "tell",
                lambda: self.machine.tell(token, next=next),
                lambda: TemporarilyUnavailableError("lost"),
            )

        def observe(_job_id: str, offer_id: str, failure: Failure) -> None:
            world.observed.append((offer_id, failure))

        draft = DraftJob(tiers=(TIER, FILM_TIER), offers=world.offers)
        wallets = Wallets(ledger=ledger, clock=clock)
        place = PlaceOrder(
            draft=draft,
            quotes=world.quotes,
            wallets=wallets,
            jobs=books,
            webhooks=world.webhooks,
            fetch_input=fetch,
            clock=clock,
        )
        self.generate = GenerateImage(
            place=place,
            attempts=InlineAttempts(
                offers=by_id, upstream=upstream, store=store, observe=observe, clock=clock
            ),
            settle=settle,
            jobs=books,
            start=start,
            clock=clock,
        )
        self.film = GenerateVideo(place=place, start=start)
        self.steps = CarryGeneration(
            jobs=books,
            settle=settle,
            store=store,
            fetch_input=fetch,
            tell=tell,
            upkeep=Upkeep(
                offers=by_id,
                upstreams=FakeUpstreams(upstream),
                callback_url=lambda provider, job_id, attempt: (
                    f"https://us.example/{provider}/{job_id}/{attempt}"
                ),
                is_repeatable=lambda _offer: world.repeatable,
                observe=observe,
            ),
            clock=clock,
        )
        self.machine = Machine(
            {
                "SubmitFunction": lambda event: self.steps.submit(event["job_id"]),
                "CheckFunction": lambda event: self.steps.check(
                    event["job_id"], wake_token=event["wake_token"]
                ),
                "DeliverFunction": lambda event: self.steps.deliver(event["job_id"]),
                "SettleFunction": lambda event: self.steps.settle(event["job_id"]),
            },
            clock=clock,
        )
        read = ReadJobs(jobs=books, outboxes=NoOutboxes())

        def look_soon(job_id: str) -> None:
            wire.around(
                "look_soon",
                lambda: self.steps.look(job_id),
                lambda: TemporarilyUnavailableError("lost"),
            )

        self.cancel = CancelJob(read=read, settle=settle, look_soon=look_soon)
        batches: Any = Wired(
            world.books.batch_store, wire, lost=lambda _: TemporarilyUnavailableError("lost")
        )
        settle_batch = SettleBatch(ledger=ledger, batches=batches, clock=clock)
        self.buy_batch = BuyBatch(
            draft=draft,
            wallets=wallets,
            batches=batches,
            webhooks=world.webhooks,
            check_url=world.checked_urls.append,
            start=start,
            clock=clock,
        )
        self.batches = CarryBatch(batches=batches, jobs=books, settle=settle_batch)
        tend_batch = TendBatch(
            batches=batches,
            jobs=books,
            settle_job=settle,
            settle_batch=settle_batch,
            start_job=start,
            start_batch=start,
            clock=clock,
        )
        self.cancel_batch = CancelBatch(
            read=ReadBatches(batches=batches),
            batches=batches,
            settle_job=settle,
            settle_batch=settle_batch,
            look_soon=look_soon,
            clock=clock,
        )
        self.batch_machine = Machine(
            {
                "BeginFunction": lambda event: {"job_ids": self.batches.begin(event["batch_id"])},
                "GenerationMachine": self._nested,
                "CloseFunction": lambda event: self.batches.close(event["batch_id"]),
            },
            clock=clock,
            definition=BATCH_DEFINITION,
        )
        self.sweep = SweepJobs(jobs=books, settle=settle, tend_batch=tend_batch, start=start, clock=clock)
        self.end_execution = EndExecution(jobs=books, settle=settle, tend_batch=tend_batch)

    def _nested(self, document: dict[str, Any]) -> None:
        """An execution for one of a batch's jobs; when it breaks off, that is told of as of any other."""
        execution = self.machine.run(document)
        if execution.error is not None:
            self.end_execution(document["job_id"], timed_out=False)
            raise TaskError("States.TaskFailed")


class NoOutboxes:
    """Nothing was ever owed."""

    def read(self, _subject_id: str) -> None:
        return None

    def read_many(self, _subject_ids: Sequence[str]) -> dict[str, Outbox]:
        return {}

    def replace(self, _before: Outbox, _after: Outbox) -> bool:
        return False

    def forgotten(self, *, now_s: int) -> list[str]:
        return []
