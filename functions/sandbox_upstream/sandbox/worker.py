"""The worker: makes videos, and tells whoever asked that theirs is over. Tasks may come twice."""

import io
from collections.abc import Callable
from typing import Protocol

from PIL import Image

from sandbox.filming.film import FilmOrder
from sandbox.generations import Film, Generation, Generations
from sandbox.tasks import Task, Tasks

# How often a video is tried before its generation fails; the queue hands a task out more often than that.
TRIES_MAX = 3
GARBAGE = (
    b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>\n"
)


class Shoot(Protocol):
    """Makes the file of one film."""

    def __call__(self, order: FilmOrder, *, first_frame: Image.Image | None) -> bytes:
        """Return the file's bytes."""
        ...


class Worker:
    """What is done away from callers."""

    def __init__(
        self,
        generations: Generations,
        tasks: Tasks,
        *,
        shoot: Shoot,
        post: Callable[[str, dict[str, str]], None],
        now_ms: Callable[[], int],
    ) -> None:
        self._generations = generations
        self._tasks = tasks
        self._shoot = shoot
        self._post = post
        self._now_ms = now_ms

    def do(self, task: Task, *, tries: int) -> None:
        """Do one task; `tries` counts from 1 how often it was handed out.

        Whatever is raised has the task handed out again.
        """
        generation = self._generations.get(task.generation_id)
        if generation is None or generation.cancelled_at_ms is not None:
            return
        if task.task == "film":
            self._film(generation, tries=tries)
        else:
            self._tell(generation)

    def _film(self, generation: Generation, *, tries: int) -> None:
        if generation.film is not None and generation.fails_at_ms is None:
            try:
                self._make(generation, generation.film)
            except Exception:
                # Whatever broke: nobody would end the generation after the last try.
                if tries >= TRIES_MAX:
                    self._give_up(generation)
                raise
        self._tell_later(generation)

    def _make(self, generation: Generation, film: Film) -> None:
        if self._generations.is_made(generation):
            return
        if film.fate == "garbage":
            content = GARBAGE
        else:
            order = FilmOrder(
                prompt=film.prompt,
                model=generation.model,
                width_px=generation.width,
                height_px=generation.height,
                duration_s=film.duration_s,
                seed=film.seed,
                negative_prompt=film.negative_prompt,
            )
            content = self._shoot(order, first_frame=self._first_frame(film))
        self._generations.put_file(generation.files[0], content, media_type=generation.media_type)

    def _first_frame(self, film: Film) -> Image.Image | None:
        if film.source is None:
            return None
        # It was decoded and found good at the submit.
        return Image.open(io.BytesIO(self._generations.read_file(film.source)))

    def _give_up(self, generation: Generation) -> None:
        """Let the generation fail, so that nobody waits for it any longer."""
        now_ms = self._now_ms()
        failed = self._generations.change(
            generation.id, lambda current: current.model_copy(update={"fails_at_ms": now_ms})
        )
        if failed is not None:
            self._tell_later(failed)

    def _tell_later(self, generation: Generation) -> None:
        if generation.callback_url is not None and generation.told_at_ms is None:
            self._tasks.tell(generation.id, after_ms=generation.ends_at_ms - self._now_ms())

    def _tell(self, generation: Generation) -> None:
        if generation.callback_url is None or generation.told_at_ms is not None:
            return
        now_ms = self._now_ms()
        # This task was left after the files: they are there.
        status = generation.status(now_ms=now_ms, is_made=True)
        if status == "running":
            self._tell_later(generation)
            return
        self._post(generation.callback_url, {"id": generation.id, "status": status})
        self._generations.change(
            generation.id, lambda current: current.model_copy(update={"told_at_ms": now_ms})
        )
