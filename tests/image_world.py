"""The image use cases over fakes: every call to the outside can be counted, failed or killed."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from corent.accounts.keys import ApiKey, KeyStatus, Mode, Scope
from corent.accounts.limiter import RateState
from corent.core.errors import TemporarilyUnavailableError
from corent.core.fetching import FetchFailedError, FetchLimits
from corent.core.tiers import AspectRatio, ImageFormat, Kind, Preference, Tier
from corent.core.upstream import Failure, Generated, ImageRequest, InlineFile, UpstreamError, Working
from corent.jobs.job import ImageOrder, Job, JobEnd
from corent.ledger.ledger import Ledger
from corent.ledger.store import OutcomeUnknownError
from corent.routing.health import OfferHealth
from corent.routing.offers import Offer
from corent.usecases.authenticate import Caller
from corent.usecases.carry_image import CarryImage
from corent.usecases.expire_jobs import ExpireJobs
from corent.usecases.generate_image import GenerateImage, ImageAnswer, Purchase
from corent.usecases.image_attempts import ImageAttempts
from corent.usecases.settle_image import SettleImage
from corent.usecases.wallets import Wallets
from tests.fakes import FakeClock, MemoryBooks, ulid
from tests.invariants import violations
from tests.pictures import png

PRICE = 20_000
TIER = Tier(name="corent-image-fast", kind=Kind.IMAGE, preference=Preference.FAST, price_micros=PRICE)
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


# Far enough apart that the seed never changes their order.
FIRST, SECOND, THIRD = (
    an_offer("first", typical_latency_ms=500),
    an_offer("second", typical_latency_ms=1_000),
    an_offer("third", typical_latency_ms=4_000, slow_latency_ms=8_000),
)


class Death(BaseException):
    """The process stops here; nothing after this point runs."""


@dataclass
class FakeUpstream:
    """Answers a script, one line a submit or check; the last line stays in force.

    `meanwhile` is what happens elsewhere during the next call.
    """

    script: list[Generated | Working | Failure]
    clock: FakeClock
    takes_ms: int = 500
    requests: list[ImageRequest] = field(default_factory=list)
    tickets: list[str] = field(default_factory=list)
    timeouts_s: list[float] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def submit(self, request: ImageRequest, *, model: str, timeout_s: float) -> Generated | Working:
        self.requests.append(request)
        return self._next(timeout_s=timeout_s)

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        self.tickets.append(ticket)
        return self._next(timeout_s=timeout_s)

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


class Tripwire:
    """Counts every call of the world's edges; at call number `at` something happens instead."""

    def __init__(self, *, at: int | None = None, how: str = "before") -> None:
        self.at = at
        self.how = how
        self.calls: list[str] = []

    def around(self, name: str, call: Callable[[], Any], lost: Callable[[], BaseException]) -> Any:
        self.calls.append(name)
        if len(self.calls) != self.at:
            return call()
        if self.how == "before":
            raise Death
        call()
        raise Death if self.how == "after" else lost()


class Wired:
    """Any object with every method behind the tripwire."""

    def __init__(self, target: Any, wire: Tripwire, *, lost: Callable[[str], BaseException]) -> None:
        self._target = target
        self._wire = wire
        self._lost = lost

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)

        def wired(*args: Any, **kwargs: Any) -> Any:
            return self._wire.around(name, lambda: method(*args, **kwargs), lambda: self._lost(name))

        return wired


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

    def health(self) -> dict[str, OfferHealth]:
        return {}


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


def _ledger_lost(name: str) -> BaseException:
    return OutcomeUnknownError(name) if name.startswith("write_") else TemporarilyUnavailableError("lost")


class World:
    """One account, some upstreams, and the use cases between them."""

    def __init__(
        self,
        *scripts: Sequence[Generated | Working | Failure],
        offers: tuple[Offer, ...] = (FIRST, SECOND, THIRD),
        credits_micros: int = 100_000,
        wire: Tripwire | None = None,
        books: MemoryBooks | None = None,
        fetch: Any = no_fetch,
    ) -> None:
        self.clock = FakeClock()
        self.books = books or MemoryBooks()
        self.outputs = FakeOutputs()
        self.handed_on: list[str] = []
        self.observed: list[tuple[str, Failure]] = []
        self.wire = wire or Tripwire()
        self.upstreams = {
            offer.upstream: FakeUpstream(script=list(script), clock=self.clock)
            for offer, script in itertools.zip_longest(offers, scripts, fillvalue=[Failure.UNAVAILABLE])
            if isinstance(offer, Offer)
        }
        plain: Ledger[Job, JobEnd] = Ledger(store=self.books, clock=self.clock, random=lambda: 0.5)
        for wallet in ("acct_1", "acct_1.test"):
            plain.open_wallet(wallet)
            plain.promote(wallet, amount_micros=credits_micros, reference="opening", cause="test")
        self.ledger = plain
        self.offers = FakeOffers(offers)
        self.generate, self.carry, self.expire = self._use_cases(offers, self.wire, fetch)
        _, self.carry_later, self.expire_later = self._use_cases(offers, Tripwire(), fetch)

    def _use_cases(
        self, offers: tuple[Offer, ...], wire: Tripwire, fetch: Any
    ) -> tuple[GenerateImage, CarryImage, ExpireJobs]:
        books: Any = Wired(self.books, wire, lost=_ledger_lost)
        outputs: Any = Wired(self.outputs, wire, lost=lambda _: TemporarilyUnavailableError("lost"))
        ledger: Ledger[Job, JobEnd] = Ledger(store=books, clock=self.clock, random=lambda: 0.5)
        settle = SettleImage(ledger=ledger, jobs=books, clock=self.clock)

        def upstream(name: str) -> Any:
            return Wired(
                self.upstreams[name], wire, lost=lambda _: UpstreamError(Failure.UNKNOWN, "answer lost")
            )

        def carry_on(job_id: str) -> None:
            wire.around(
                "carry_on", lambda: self.handed_on.append(job_id), lambda: TemporarilyUnavailableError("lost")
            )

        attempts = ImageAttempts(
            offers={(offer.tier, offer.id): offer for offer in offers},
            upstream=upstream,
            fetch=fetch,
            outputs=outputs,
            observe=lambda job_id, offer_id, failure: self.observed.append((offer_id, failure)),
            clock=self.clock,
        )
        shared: dict[str, Any] = {
            "jobs": books,
            "attempts": attempts,
            "settle": settle,
            "fetch_input": fetch,
            "clock": self.clock,
        }
        generate = GenerateImage(
            tiers=(TIER,),
            offers=self.offers,
            wallets=Wallets(ledger=ledger, clock=self.clock),
            carry_on=carry_on,
            **shared,
        )
        return generate, CarryImage(**shared), ExpireJobs(jobs=books, settle=settle, clock=self.clock)

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
    ) -> ImageAnswer:
        purchase = Purchase(
            caller=caller or a_caller(),
            ulid=ulid(number, at_ms=self.clock.now_ms()),
            wait_s=wait_s,
            max_cost_cents=max_cost_cents,
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
        )
        return self.generate(order, purchase)

    def recover(self) -> None:
        """What happens by itself after a death: queued invocations run, and the sweep comes by."""
        for job_id in self.handed_on:
            self.carry_later(job_id, worker="later")
        self.clock.time_ms += 3_600_000
        self.expire_later()

    @property
    def submits(self) -> int:
        return sum(len(upstream.requests) for upstream in self.upstreams.values())

    def violations(self) -> list[str]:
        found = violations(
            balances=self.books.balances.values(),
            entries=self.books.entries.values(),
            jobs=[(job, self.books.money[job.id]) for job in self.books.jobs.values()],
        )
        for job in self.books.jobs.values():
            stored = [name for name in self.outputs.files if job.files_key in name]
            if self.books.money[job.id] == "captured" and len(stored) != job.order.n:
                found.append(f"M2: {job.id} was charged and {len(stored)} results are stored")
        return found
