"""What delivering a webhook needs, in memory: the outbox, slots, a receiver that is told what to answer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from corent.core.sending import Answer
from corent.usecases.deliver_webhook import DeliverWebhook, Message, RecallWebhooks
from corent.usecases.redeliver_webhook import RedeliverWebhook
from corent.webhooks.outbox import Outbox, new_outbox
from tests.fakes import FakeClock, ulid

JOB: Final = f"job_{ulid(1)}"
EVENT: Final = f"evt_{ulid(1)}"
WALLET: Final = "acct_1"
URL: Final = "https://hooks.example/canary-url"
SECRET: Final = "canary-secret-of-a-caller"
BODY: Final = b'{"id":"canary-body"}'
SLOTS_PER_WALLET: Final = 5


class DiedError(BaseException):
    """The process stops here; nothing that was built to handle errors may handle it."""


@dataclass
class Calls:
    """Every call of every port, in order. The worker dies at call number `dies_at`, before it or after."""

    dies_at: int | None = None
    dies_after: bool = False
    dead: bool = False
    made: list[str] = field(default_factory=list)

    def around[T](self, name: str, call: Callable[[], T]) -> T:
        # The dead make no calls, whatever their `finally` says.
        fatal = len(self.made) == self.dies_at
        self.made.append(name)
        if self.dead or (fatal and not self.dies_after):
            self.dead = True
            raise DiedError
        result = call()
        if fatal:
            self.dead = True
            raise DiedError
        return result

    def revive(self) -> None:
        self.dead, self.dies_at = False, None


@dataclass
class MemoryOutbox:
    """OutboxStore over a dictionary. `index` is what the index shows when it lags behind."""

    calls: Calls = field(default_factory=Calls)
    stored: dict[str, Outbox] = field(default_factory=dict)
    index: list[str] | None = None

    def read(self, subject_id: str) -> Outbox | None:
        return self.calls.around("read", lambda: self.stored.get(subject_id))

    def read_many(self, subject_ids: Sequence[str]) -> dict[str, Outbox]:
        return {each: self.stored[each] for each in subject_ids if each in self.stored}

    def replace(self, before: Outbox, after: Outbox) -> bool:
        return self.calls.around("replace", lambda: self._replace(before, after))

    def forgotten(self, *, now_s: int) -> list[str]:
        if self.index is not None:
            return self.index
        return [
            each.subject_id
            for each in self.stored.values()
            if each.owed_by_s is not None and each.owed_by_s <= now_s
        ]

    def _replace(self, before: Outbox, after: Outbox) -> bool:
        if before.subject_id not in self.stored:
            return False
        now = self.stored[before.subject_id]
        if (now.status, now.tries, now.due_ms) != (before.status, before.tries, before.due_ms):
            return False
        self.stored[before.subject_id] = after
        return True


@dataclass
class MemorySlots:
    """SendingSlots over a dictionary."""

    calls: Calls = field(default_factory=Calls)
    until_ms: dict[tuple[str, int], int] = field(default_factory=dict)

    def take(self, wallet_id: str, *, now_ms: int, until_ms: int, random: float) -> int | None:
        return self.calls.around("take", lambda: self._take(wallet_id, now_ms, until_ms, random))

    def give_back(self, wallet_id: str, *, slot: int, until_ms: int) -> None:
        self.calls.around("give_back", lambda: self._give_back(wallet_id, slot, until_ms))

    def _take(self, wallet_id: str, now_ms: int, until_ms: int, random: float) -> int | None:
        first = int(random * SLOTS_PER_WALLET)
        for place in range(first, first + SLOTS_PER_WALLET):
            key = (wallet_id, place % SLOTS_PER_WALLET)
            if self.until_ms.get(key, 0) <= now_ms:
                self.until_ms[key] = until_ms
                return key[1]
        return None

    def _give_back(self, wallet_id: str, slot: int, until_ms: int) -> None:
        if self.until_ms.get((wallet_id, slot)) == until_ms:
            self.until_ms[wallet_id, slot] = 0


@dataclass(frozen=True)
class Sent:
    """One message as the receiver got it."""

    at_ms: int
    url: str
    body: bytes
    headers: dict[str, str]


@dataclass
class Receiver:
    """Send to a receiver that gives the listed answers in turn, and goes on with the last one."""

    clock: FakeClock
    calls: Calls
    answers: list[Answer | Exception] = field(default_factory=lambda: [Answer(200)])
    takes_ms: int = 40
    sent: list[Sent] = field(default_factory=list)

    def __call__(self, url: str, *, body: bytes, headers: tuple[tuple[str, str], ...]) -> Answer:
        return self.calls.around("send", lambda: self._take(url, body, headers))

    def _take(self, url: str, body: bytes, headers: tuple[tuple[str, str], ...]) -> Answer:
        self.sent.append(Sent(at_ms=self.clock.now_ms(), url=url, body=body, headers=dict(headers)))
        self.clock.sleep(self.takes_ms / 1000)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Queue:
    """Later: messages with the time they come at. As SQS, it holds none back for more than 900 s."""

    clock: FakeClock
    calls: Calls
    waiting: list[tuple[int, str]] = field(default_factory=list)

    def __call__(self, subject_id: str, *, delay_s: float = 0.0) -> None:
        self.calls.around("later", lambda: self._put(subject_id, delay_s))

    def _put(self, subject_id: str, delay_s: float) -> None:
        self.waiting.append((self.clock.now_ms() + round(min(delay_s, 900) * 1000), subject_id))


@dataclass
class Told:
    """Messages: what each job's caller is to be told."""

    calls: Calls
    messages: dict[str, Message]

    def read(self, subject_id: str) -> Message | None:
        return self.calls.around("message", lambda: self.messages.get(subject_id))


class World:
    """One delivering function with everything around it; `run` is time passing with the sweep in it."""

    def __init__(self, *, signed: bool = True, random: float = 0.5) -> None:
        self.clock = FakeClock()
        self.calls = Calls()
        self.outboxes = MemoryOutbox(self.calls)
        self.slots = MemorySlots(self.calls)
        self.receiver = Receiver(self.clock, self.calls)
        self.queue = Queue(self.clock, self.calls)
        message = Message(url=URL, sealed_secret="sealed" if signed else None, body=BODY)
        self.told = Told(self.calls, {JOB: message})
        self.opens: Callable[[str], str] = lambda _sealed: SECRET
        self.deliver = DeliverWebhook(
            outboxes=self.outboxes,
            slots=self.slots,
            messages=self.told,
            open_seal=self._open,
            send=self.receiver,
            later=self.queue,
            clock=self.clock,
            random=lambda: random,
        )
        self.recall = RecallWebhooks(outboxes=self.outboxes, later=self.queue, clock=self.clock)
        self.redeliver = RedeliverWebhook(outboxes=self.outboxes, later=self.queue, clock=self.clock)
        self.owe(JOB)

    def owe(self, subject_id: str, *, wallet_id: str = WALLET) -> None:
        self.outboxes.stored[subject_id] = new_outbox(
            subject_id, wallet_id=wallet_id, now_ms=self.clock.now_ms()
        )

    @property
    def outbox(self) -> Outbox:
        return self.outboxes.stored[JOB]

    def run(self, *, until_s: float) -> None:
        """Take messages as they come due and sweep every minute, for that long."""
        end_ms = self.clock.now_ms() + round(until_s * 1000)
        for next_ms in self._minutes(end_ms):
            while self.queue.waiting and min(self.queue.waiting)[0] <= next_ms:
                message = min(self.queue.waiting)
                self.queue.waiting.remove(message)
                self.clock.time_ms = max(self.clock.time_ms, message[0])
                self.deliver(message[1])
            self.clock.time_ms = max(self.clock.time_ms, next_ms)
            self.recall()

    def _minutes(self, end_ms: int) -> Iterator[int]:
        next_ms = self.clock.now_ms()
        while next_ms < end_ms:
            next_ms = min(next_ms + 60_000, end_ms)
            yield next_ms

    def _open(self, sealed: str, *, wallet_id: str, job_id: str) -> str:
        assert (wallet_id, job_id) == (WALLET, JOB)
        return self.calls.around("open_seal", lambda: self.opens(sealed))
