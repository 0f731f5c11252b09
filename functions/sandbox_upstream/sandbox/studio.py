"""The studio: takes submissions, draws them at once, and hands them out when their time has come."""

from collections.abc import Callable

from sandbox.drawing.encode import MEDIA_TYPES
from sandbox.drawing.picture import Order, draw
from sandbox.generations import Generation, Generations, id_of
from sandbox.submissions import RefusedError, Submission

POLL_MIN_MS, POLL_MAX_MS = 100, 5000


class Studio:
    """What the sandbox does, without HTTP."""

    def __init__(self, generations: Generations, *, now_ms: Callable[[], int]) -> None:
        self._generations = generations
        self._now_ms = now_ms

    def submit(self, submission: Submission) -> dict[str, object]:
        """Draw and keep the images, or find them drawn; answer where to ask for them.

        Raises RefusedError where the prompt's script says so.
        """
        submission.play_script()
        submitted_at_ms = self._now_ms()
        known = self._generations.get(id_of(submission.reference))
        if known is None:
            made = self._make(submission, submitted_at_ms=submitted_at_ms)
            if self._generations.create(made):
                return self._running(made)
            known = self._generations.get(made.id) or made
        return self._running(self._generations.count_submit(known))

    def look(self, generation_id: str) -> dict[str, object]:
        """Answer how a generation stands. Raises RefusedError (404) for one that is not known."""
        generation = self._generations.get(generation_id)
        if generation is None:
            raise RefusedError(404, "not_found", "There is no such generation.")
        if self._now_ms() < generation.ready_at_ms:
            return self._running(generation)
        size = {"width": generation.width, "height": generation.height}
        images = [{"url": self._generations.url(name), **size} for name in generation.files]
        return {"id": generation.id, "status": "done", "images": images}

    def _make(self, submission: Submission, *, submitted_at_ms: int) -> Generation:
        generation_id = id_of(submission.reference)
        media_type = MEDIA_TYPES[submission.file_format]
        names = []
        for index in range(submission.count):
            order = Order(
                prompt=submission.prompt,
                model=submission.model,
                width_px=submission.width_px,
                height_px=submission.height_px,
                file_format=submission.file_format,
                seed=submission.seed,
                negative_prompt=submission.negative_prompt,
                index=index,
            )
            name = f"images/{generation_id}/{index}.{submission.file_format}"
            self._generations.put_file(name, draw(order, source=submission.source), media_type=media_type)
            names.append(name)
        return Generation(
            id=generation_id,
            reference=submission.reference,
            model=submission.model,
            width=submission.width_px,
            height=submission.height_px,
            media_type=media_type,
            files=tuple(names),
            submitted_at_ms=submitted_at_ms,
            ready_at_ms=submitted_at_ms + submission.ready_after_ms,
        )

    def _running(self, generation: Generation) -> dict[str, object]:
        left_ms = generation.ready_at_ms - self._now_ms()
        poll_after_ms = min(max(left_ms, POLL_MIN_MS), POLL_MAX_MS)
        return {"id": generation.id, "status": "running", "poll_after_ms": poll_after_ms}
