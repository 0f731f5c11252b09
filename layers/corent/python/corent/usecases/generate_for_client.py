"""Generate images for a client that knows one answer only, the finished images, and repeats by itself.

It buys by the same use case as every image. What is added is who is asking: a try of a call that was seen
before finds that call's job, waits for it, and is answered with it.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import CorentError, RequestInProgressError, TemporarilyUnavailableError
from corent.core.repeats import Try
from corent.jobs.document import failure_error
from corent.jobs.job import TERMINAL, ImageOrder, Job, JobState
from corent.jobs.store import JobStore
from corent.usecases.generate_image import Answer
from corent.usecases.purchase import Purchase
from corent.usecases.recognise_call import Known, RecogniseCall
from corent.usecases.wallets import Wallets

POLL_S: Final = 0.5
# How many of a call's purchases may have failed before; a client gives up long before that.
PURCHASES_MAX: Final = 8

type Generate = Callable[[ImageOrder, Purchase], Answer]


class GenerateForClient:
    """Takes a client's call to finished images, however many requests it makes of it."""

    def __init__(
        self,
        *,
        generate: Generate,
        recognise: RecogniseCall,
        wallets: Wallets,
        jobs: JobStore,
        clock: Clock,
    ) -> None:
        self._generate = generate
        self._recognise = recognise
        self._wallets = wallets
        self._jobs = jobs
        self._clock = clock

    def __call__(self, order: ImageOrder, purchase: Purchase, attempt: Try) -> Answer:
        """The job once its call was waited for: ended, or still in work when `wait_s` is over.

        A caller's own Idempotency-Key says which requests are one; without one the client's tries do. A
        try after one whose job failed for a while buys anew: nothing was charged for that. Raises what
        `GenerateImage` raises, but RequestInProgressError.
        """
        until_ms = self._clock.now_ms() + round(purchase.wait_s * 1000)
        if purchase.idempotency_key is not None:
            return self._waited_for(self._bought(order, purchase), until_ms=until_ms)
        known = self._recognise(
            attempt,
            wallet_id=purchase.caller.wallet_id,
            key_sha256=purchase.caller.key_sha256,
            fingerprint=purchase.fingerprint,
        )
        try:
            answer = self._answer(order, purchase, known, until_ms=until_ms)
        except CorentError as error:
            if error.retryable:
                self._expect(known)
            raise
        if answer.job.state not in TERMINAL or _may_be_bought_again(answer.job):
            self._expect(known)
        return answer

    def _answer(self, order: ImageOrder, purchase: Purchase, known: Known, *, until_ms: int) -> Answer:
        """The last of the call's purchases; the next one where all before it have failed for a while."""
        keyed = replace(purchase, idempotency_key=known.idempotency_key)
        for _ in range(PURCHASES_MAX):
            earlier = self._earlier(keyed) if known.is_repeat else None
            left_s = max(0, until_ms - self._clock.now_ms()) / 1000
            answer = self._bought(order, replace(keyed, wait_s=left_s)) if earlier is None else earlier
            answer = self._waited_for(answer, until_ms=until_ms)
            if not answer.replayed or not _may_be_bought_again(answer.job):
                break
            # Named by what it follows, so that two tries at once mean the same next purchase.
            keyed = replace(keyed, idempotency_key=f"{known.idempotency_key}\0{answer.job.id}")
        return answer

    def _bought(self, order: ImageOrder, purchase: Purchase) -> Answer:
        """The job of this purchase, made now or by an equal request before or beside this one."""
        try:
            return self._generate(order, purchase)
        except RequestInProgressError:
            earlier = self._earlier(purchase)
            if earlier is None:
                raise
            return earlier

    def _earlier(self, purchase: Purchase) -> Answer | None:
        """The job that an equal request has bought, without buying."""
        claim = purchase.claim(now_ms=self._clock.now_ms())
        same = self._wallets.same_request(purchase.caller, idempotency=claim) if claim else None
        job = self._jobs.read(same.purchase_id) if same else None
        return None if job is None else Answer(job=job, replayed=True)

    def _waited_for(self, answer: Answer, *, until_ms: int) -> Answer:
        """The job once it has ended, or as it is when the time is over."""
        job: Job | None = answer.job
        while job is not None and job.state not in TERMINAL and self._clock.now_ms() < until_ms:
            self._clock.sleep(POLL_S)
            job = self._jobs.read(answer.job.id)
        return answer if job is None else replace(answer, job=job)

    def _expect(self, known: Known) -> None:
        # Without the note the next try still finds its call, unless an equal one stands closer to it.
        with suppress(TemporarilyUnavailableError):
            self._recognise.expect(known)


def _may_be_bought_again(job: Job) -> bool:
    """Whether it failed in a way that may pass."""
    return job.state is JobState.FAILED and job.failure is not None and failure_error(job.failure).retryable
