"""`corent image`, `corent video` and `corent job`: order, wait, save."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from corent.answers import Image, Job, Video
from corent.calls import new_idempotency_key
from corent.cli import session
from corent.cli.terminal import NotUsableError, Progress, progress, resumable, say, say_error, say_json
from corent.client import Corent
from corent.files import PartFile
from corent.settings import judged

IMAGE_FIELDS = (
    "preference", "aspect_ratio", "style", "on_refusal", "output_format", "n", "seed", "negative_prompt",
    "image_url", "max_cost_cents", "quote_id",
)  # fmt: skip
VIDEO_FIELDS = (
    "preference", "aspect_ratio", "resolution", "on_refusal", "duration_s", "seed", "negative_prompt",
    "image_url", "max_cost_cents", "quote_id",
)  # fmt: skip


def given(options: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the order's fields that the command line has."""
    found = {name: getattr(options, name, None) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def image(options: argparse.Namespace) -> int:
    """Order images with wait_s 0, so that there is an id to come back to, and wait."""
    check_place(options.output)
    key = options.idempotency_key or new_idempotency_key()
    with session.client(options.base_url) as client:
        with resumable(_again(key)):
            answer = client.images.generate(
                options.prompt, idempotency_key=key, wait_s=0, **given(options, IMAGE_FIELDS)
            )
        return _finish(client, answer.id, options, shown=True)


def video(options: argparse.Namespace) -> int:
    """Order a video, and wait for it if asked to."""
    check_place(options.output)
    key = options.idempotency_key or new_idempotency_key()
    with session.client(options.base_url) as client:
        with resumable(_again(key)):
            answer = client.videos.generate(
                options.prompt, idempotency_key=key, **given(options, VIDEO_FIELDS)
            )
        if options.watch or options.output:
            return _finish(client, answer.id, options, shown=options.watch)
    if options.json:
        say_json(answer.raw)
    else:
        say(answer.id)
        say_error(f"It is worked on: `{_resume(answer.id, None)}` waits for it.")
    return 0


def job(options: argparse.Namespace) -> int:
    """Show a job as it stands, or wait for it and save it."""
    check_place(options.output)
    with session.client(options.base_url) as client:
        if options.watch or options.output:
            return _finish(client, options.job_id, options, shown=options.watch)
        document = client.jobs.get(options.job_id)
    if options.json:
        say_json(document.raw)
        return 0
    say(f"{document.id}  {document.kind}  {document.status}  {document.meta.progress_percent} %")
    for file in document.files:
        say(file.url)
    if document.error:
        say_error(f"{document.error.message} ({document.error.code}, {document.error.request_id})")
    return 0


def check_place(output: Path | None) -> None:
    """Raise OSError or NotUsableError before anything is bought that could not be saved."""
    if output is None:
        return
    if not output.is_dir() and not output.parent.is_dir():
        raise NotUsableError(f"there is no folder {output.parent} to write to.")
    # Permissions do not tell of a full or read-only disk: a file that is made there for a moment does.
    with PartFile(output / "corent" if output.is_dir() else output):
        pass


def targets(job: Job, output: Path) -> list[tuple[Image | Video, Path]]:
    """Return each result with its file: numbered when there are several, named by the job inside a folder."""
    files = job.files
    if output.is_dir():
        suffix = PurePosixPath(urlsplit(files[0].url).path).suffix if files else ""
        output = output / f"{job.id}{suffix}"
    if len(files) == 1:
        return [(files[0], output)]
    return [
        (file, output.with_name(f"{output.stem}-{number}{output.suffix}"))
        for number, file in enumerate(files, start=1)
    ]


def _finish(client: Corent, job_id: str, options: argparse.Namespace, *, shown: bool) -> int:
    with resumable(f"{job_id} goes on: `{_resume(job_id, options.output)}` takes it up again."):
        ended = _watched(client, job_id, timeout_s=options.timeout_s, shown=shown)
        if options.json:
            say_json(ended.raw)
        judged(ended)
        results = [file.url for file in ended.files]
        if options.output:
            results = [str(client.download(file, path)) for file, path in targets(ended, options.output)]
    if not options.json:
        for each in results:
            say(each)
        say_error(f"{ended.id}: {ended.meta.cost_cents} ¢, {ended.meta.model}")
    return 0


def _watched(client: Corent, job_id: str, *, timeout_s: float, shown: bool) -> Job:
    last: Job | None = None
    with progress() as bar:
        for last in client.jobs.watch(job_id, timeout_s=timeout_s):
            if shown:
                _show(bar, last)
    # The document of a poll says how the webhook stands; a stream's does not, and is as good.
    return last if last is not None and last.has_ended else client.jobs.get(job_id)


def _show(bar: Progress, job: Job) -> None:
    bar.show(percent=job.meta.progress_percent, text=job.status)


def _resume(job_id: str, output: Path | None) -> str:
    command = ["corent", "job", job_id, "--watch"]
    return shlex.join([*command, "-o", str(output)] if output else command)


def _again(key: str) -> str:
    given = f"--idempotency-key {shlex.quote(key)}"
    return f"If the order had arrived already, the same command with `{given}` buys it once."
