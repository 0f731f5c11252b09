"""The studio: takes submissions, draws images at once, leaves videos to the worker, hands all of them out."""

import hashlib
from collections.abc import Callable

from sandbox.drawing.encode import MEDIA_TYPES
from sandbox.drawing.picture import Order, draw
from sandbox.generations import Film, Generation, Generations, id_of
from sandbox.refusals import RefusedError
from sandbox.submissions import ImageJob, Submission, VideoJob
from sandbox.tasks import Tasks

POLL_MIN_MS, POLL_MAX_MS = 100, 5000
# A video whose time has come and which is not there yet: the worker is behind.
POLL_OVERDUE_MS = 500
HELD_BACK_S = 15.0
FILM_MEDIA_TYPE = "video/mp4"


class Studio:
    """What the sandbox does, without HTTP."""

    def __init__(
        self,
        generations: Generations,
        tasks: Tasks,
        *,
        now_ms: Callable[[], int],
        sleep: Callable[[float], None],
    ) -> None:
        self._generations = generations
        self._tasks = tasks
        self._now_ms = now_ms
        self._sleep = sleep

    def submit(self, submission: Submission) -> dict[str, object]:
        """Draw and keep the images or have the video made, once a reference; answer where to ask for it.

        Raises RefusedError where the prompt's script says so.
        """
        submission.script.play()
        submitted_at_ms = self._now_ms()
        known = self._generations.get(id_of(submission.reference))
        if known is None:
            made = self._make(submission, submitted_at_ms=submitted_at_ms)
            if self._generations.create(made):
                self._begin(made)
                if submission.script.holds_answer_back:
                    self._sleep(HELD_BACK_S)
                return self._running(made)
            known = made
        counted = self._generations.change(known.id, _counted) or known
        if self._status(counted) == "running":
            # The first submit may have ended before its task was left. Tasks do no harm twice.
            self._begin(counted)
        return self._running(counted)

    def look(self, generation_id: str) -> dict[str, object]:
        """Answer how a generation stands. Raises RefusedError (404) for one that is not known."""
        generation = self._known(self._generations.get(generation_id))
        status = self._status(generation)
        answer: dict[str, object] = {"id": generation.id, "status": status}
        if status == "running":
            return self._running(generation)
        if status == "failed":
            return {**answer, "error": {"code": "failed", "message": "The generation failed."}}
        if status == "cancelled":
            return answer
        size = {"width": generation.width, "height": generation.height}
        urls = [self._generations.url(name) for name in generation.files]
        if generation.film is None:
            return {**answer, "images": [{"url": url, **size} for url in urls]}
        size["duration_s"] = generation.film.duration_s
        return {**answer, "videos": [{"url": url, **size} for url in urls]}

    def cancel(self, generation_id: str) -> dict[str, object]:
        """Stop what still runs and answer how it ended. May be repeated.

        Raises RefusedError (404) for a generation that is not known.
        """

        def cancelled(generation: Generation) -> Generation | None:
            if self._status(generation) != "running":
                return None
            return generation.model_copy(update={"cancelled_at_ms": self._now_ms()})

        generation = self._known(self._generations.change(generation_id, cancelled))
        return {"id": generation.id, "status": self._status(generation)}

    def _begin(self, generation: Generation) -> None:
        """Leave the worker what is to be done."""
        if generation.film is not None:
            self._tasks.film(generation.id)
        elif generation.callback_url is not None:
            self._tasks.tell(generation.id, after_ms=generation.ends_at_ms - self._now_ms())

    def _make(self, submission: Submission, *, submitted_at_ms: int) -> Generation:
        generation_id, script = id_of(submission.reference), submission.script
        film = None
        if isinstance(submission.job, VideoJob):
            media_type, files = FILM_MEDIA_TYPE, [f"videos/{generation_id}/0.mp4"]
            film = self._film(submission, submission.job)
        else:
            media_type = MEDIA_TYPES[submission.job.file_format]
            files = self._draw(submission, submission.job, generation_id)
        dies_at_ms = submitted_at_ms + submission.ready_after_ms // 2
        return Generation(
            id=generation_id,
            reference=submission.reference,
            model=submission.model,
            width=submission.width_px,
            height=submission.height_px,
            media_type=media_type,
            files=tuple(files),
            submitted_at_ms=submitted_at_ms,
            ready_at_ms=submitted_at_ms + submission.ready_after_ms,
            fails_at_ms=dies_at_ms if film is not None and script.dies else None,
            callback_url=None if script.is_silent else submission.callback_url,
            film=film,
        )

    def _film(self, submission: Submission, job: VideoJob) -> Film:
        source = None
        if submission.source is not None:
            # Named for its bytes: another submit of this reference can never put another picture here.
            content = submission.source.content
            source = f"sources/{hashlib.sha256(content).hexdigest()}"
            self._generations.put_file(source, content, media_type="application/octet-stream")
        return Film(
            prompt=submission.prompt,
            negative_prompt=submission.negative_prompt,
            seed=submission.seed,
            duration_s=job.duration_s,
            source=source,
            fate=submission.script.fate,
        )

    def _draw(self, submission: Submission, job: ImageJob, generation_id: str) -> list[str]:
        names = []
        source = None if submission.source is None else submission.source.image
        for index in range(job.count):
            order = Order(
                prompt=submission.prompt,
                model=submission.model,
                width_px=submission.width_px,
                height_px=submission.height_px,
                file_format=job.file_format,
                seed=submission.seed,
                negative_prompt=submission.negative_prompt,
                index=index,
            )
            name = f"images/{generation_id}/{index}.{job.file_format}"
            content = draw(order, source=source)
            self._generations.put_file(name, content, media_type=MEDIA_TYPES[job.file_format])
            names.append(name)
        return names

    def _known(self, generation: Generation | None) -> Generation:
        if generation is None:
            raise RefusedError(404, "not_found", "There is no such generation.")
        return generation

    def _status(self, generation: Generation) -> str:
        now_ms = self._now_ms()
        # Whether the file is there is asked only where it matters.
        is_made = now_ms >= generation.ready_at_ms and self._generations.is_made(generation)
        return generation.status(now_ms=now_ms, is_made=is_made)

    def _running(self, generation: Generation) -> dict[str, object]:
        now_ms = self._now_ms()
        left_ms = generation.ends_at_ms - now_ms
        poll_after_ms = min(max(left_ms, POLL_MIN_MS), POLL_MAX_MS)
        answer: dict[str, object] = {"id": generation.id, "status": "running"}
        if generation.film is None:
            return {**answer, "poll_after_ms": poll_after_ms}
        whole_ms = max(generation.ready_at_ms - generation.submitted_at_ms, 1)
        percent = (now_ms - generation.submitted_at_ms) * 100 // whole_ms
        return {
            **answer,
            "poll_after_ms": poll_after_ms if left_ms > 0 else POLL_OVERDUE_MS,
            "progress_percent": min(max(percent, 0), 99),
        }


def _counted(generation: Generation) -> Generation:
    return generation.model_copy(update={"submits": generation.submits + 1})
