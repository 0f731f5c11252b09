"""`corent batch`: a file of orders, bought by the hundred, each result saved as it completes.

What has been ordered stands in the folder's `corent-batch.json` before it is sent, so that a run that breaks
off at any place is taken up by the same command: nothing is bought twice, and nothing is fetched twice.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from corent.answers import Batch, BatchJob
from corent.calls import batch as batch_call
from corent.calls import new_idempotency_key
from corent.cli import session
from corent.cli.terminal import NotUsableError, progress, resumable, say, say_error, say_json
from corent.client import Corent
from corent.errors import SERVER_ERROR_MIN, APIStatusError
from corent.files import PartFile
from corent.orders import problems

BATCH_MAX = 100
PROBLEMS_SHOWN_MAX = 20
# The API remembers a key for 24 hours; an hour before that it is no longer relied upon.
KEY_LASTS_S = 23 * 3_600
RUN_NAME = "corent-batch.json"
RESULTS_NAME = "results.json"


@dataclass(frozen=True)
class Line:
    """One order and the number of its line."""

    number: int
    order: dict[str, Any]


def run(options: argparse.Namespace) -> int:
    """Check every line, order what has not been ordered, save what is there, until all has ended."""
    kind = "video" if options.video else "image"
    content = options.file.read_bytes()
    lines = checked_lines(content, kind=kind)
    folder = options.output or options.file.with_name(f"{options.file.stem}-results")
    with session.client(options.base_url) as client:
        folder.mkdir(parents=True, exist_ok=True)
        begun = _Run(folder, content=content, kind=kind, base_url=client.settings.base_url)
        again = "The same command takes it up again, and buys nothing twice."
        with resumable(f"{again}{begun.said()}"):
            results = []
            for place in range(0, len(lines), BATCH_MAX):
                part = lines[place : place + BATCH_MAX]
                batch_id = begun.ordered(client, place, part, max_cost_cents=options.max_cost_cents)
                with resumable(f"{batch_id} goes on. {again}"):
                    results += _carried(client, batch_id, part, folder)
                _write(folder / RESULTS_NAME, {"results": results})
    return _reported(results, folder, as_json=options.json)


def checked_lines(content: bytes, *, kind: str) -> list[Line]:
    """Return the orders. Raises NotUsableError that says what is wrong in which line."""
    lines, wrong = [], []
    try:
        texts = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise NotUsableError("the file is not UTF-8.") from error
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            continue
        try:
            value = json.loads(text)
        except ValueError:
            wrong.append(f"line {number}: no JSON; a prompt stands in quotes")
            continue
        order = {"prompt": value} if isinstance(value, str) else value
        if not isinstance(order, dict):
            wrong.append(f"line {number}: neither an object nor a text")
            continue
        wrong += [f"line {number}: {each}" for each in problems(kind, order)]
        lines.append(Line(number, order))
    if wrong:
        more = len(wrong) - PROBLEMS_SHOWN_MAX
        shown = wrong[:PROBLEMS_SHOWN_MAX] + ([f"and {more} more"] if more > 0 else [])
        raise NotUsableError("nothing was ordered: " + "; ".join(shown) + ".")
    if not lines:
        raise NotUsableError("the file has no orders.")
    return lines


class _Run:
    """What has been ordered for one file, as the folder remembers it."""

    def __init__(self, folder: Path, *, content: bytes, kind: str, base_url: str) -> None:
        self._path = folder / RUN_NAME
        fresh = {
            "input_sha256": hashlib.sha256(content).hexdigest(),
            "kind": kind,
            "base_url": base_url,
            "batches": {},
        }
        try:
            self._state = json.loads(self._path.read_bytes())
            known = {name: self._state[name] for name in fresh}
        except FileNotFoundError:
            self._state = known = fresh
        except (ValueError, KeyError, TypeError) as error:
            raise NotUsableError(f"{self._path} is broken; give another folder with -o.") from error
        if known | {"batches": {}} != fresh:
            raise NotUsableError(
                f"{folder} has the results of another file, kind or address; give another with -o."
            )

    def said(self) -> str:
        """Return which batches there are, as a sentence."""
        ids = [each["id"] for each in self._state["batches"].values() if each["id"]]
        return f" Ordered so far: {', '.join(ids)}." if ids else ""

    def ordered(self, client: Corent, place: int, part: list[Line], *, max_cost_cents: int | None) -> str:
        """Return the id of the batch that begins at place; it is ordered unless it was before."""
        known = self._state["batches"].setdefault(
            str(place),
            {"id": None, "idempotency_key": new_idempotency_key(), "ordered_at_s": int(time.time())},
        )
        if known["id"] is None:
            if time.time() - known["ordered_at_s"] > KEY_LASTS_S:
                raise NotUsableError(
                    f"the order from line {part[0].number} on was sent a day ago, and its answer was lost:"
                    f" see with `corent usage` whether it was made, and give another folder with -o."
                )
            _write(self._path, self._state)
            call = batch_call(
                self._state["kind"],
                [line.order for line in part],
                max_cost_cents=max_cost_cents,
                webhook_url=None,
                webhook_secret=None,
                idempotency_key=known["idempotency_key"],
            )
            try:
                known["id"] = client.send(call).id
            except APIStatusError as error:
                if error.status is not None and error.status < SERVER_ERROR_MIN:
                    # Refused for good: there is no answer to be asked for again.
                    del self._state["batches"][str(place)]
                    _write(self._path, self._state)
                raise
            _write(self._path, self._state)
        batch_id: str = known["id"]
        return batch_id


def _carried(client: Corent, batch_id: str, part: list[Line], folder: Path) -> list[dict[str, Any]]:
    """Save each result as it completes, and return what became of all."""
    results: dict[int, dict[str, Any]] = {}
    with progress() as bar:
        for batch in client.batches.watch(batch_id):
            for each in batch.jobs:
                if each.job.has_ended and each.index not in results:
                    results[each.index] = _saved(client, each, part[each.index], folder)
            bar.show(percent=100 * len(results) // max(1, batch.counts.total), text=_counted(batch))
    return [results[index] for index in sorted(results)]


def _counted(batch: Batch) -> str:
    counts = batch.counts
    return (
        f"{batch.id}: {counts.completed} of {counts.total} completed, {counts.failed + counts.cancelled} not"
    )


def _saved(client: Corent, each: BatchJob, line: Line, folder: Path) -> dict[str, Any]:
    names = []
    for number, file in enumerate(each.job.files, start=1):
        suffix = PurePosixPath(urlsplit(file.url).path).suffix
        several = f"-{number}" if len(each.job.files) > 1 else ""
        target = folder / f"{line.number:04}{several}{suffix}"
        # Files appear whole or not at all: one that is there was fetched by an earlier run.
        if not target.exists():
            client.download(file, target)
        names.append(target.name)
    return {
        "line": line.number,
        "id": each.id,
        "status": each.job.status,
        "files": names,
        "cost_cents": each.job.meta.cost_cents,
        "error": each.job.raw.get("error"),
    }


def _write(path: Path, document: dict[str, Any]) -> None:
    with PartFile(path) as part:
        part.take(json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")
        part.commit()


def _reported(results: list[dict[str, Any]], folder: Path, *, as_json: bool) -> int:
    failed = [each for each in results if each["status"] != "completed"]
    if as_json:
        say_json({"results": results})
    else:
        for each in results:
            for name in each["files"]:
                say(str(folder / name))
    for each in failed:
        error = each["error"] or {}
        said = f"{error['message']} ({error['code']}, {error['request_id']})" if error else each["status"]
        say_error(f"line {each['line']}: {said}")
    cost_cents = sum(each["cost_cents"] for each in results)
    say_error(f"{len(results) - len(failed)} of {len(results)} completed, {cost_cents} ¢")
    return 1 if failed else 0
