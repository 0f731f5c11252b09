"""What the stand-in remembers: one table a kind of object, in memory and, given a path, in one JSON file."""

import copy
import json
import os
import secrets
import string
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

type Record = dict[str, Any]

TABLES: Final = (
    *("sessions", "customers", "payment_methods", "payment_intents", "charges", "refunds", "disputes"),
    # Events and what became of each of their deliveries; answers by Idempotency-Key.
    *("events", "deliveries", "answers"),
    # What Stripe knows of an object and does not show, by the object's id.
    "unseen",
)
_ALPHABET: Final = string.ascii_letters + string.digits


def new_id(prefix: str, *, length: int = 24) -> str:
    """Return an id that nobody can guess, in the form of Stripe's."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(length))}"


class Store:
    """The tables. Whoever reads or changes them holds the store: one at a time, from whatever thread."""

    def __init__(self, path: Path | None, *, now_s: Callable[[], float]) -> None:
        self._path = path
        self._now_s = now_s
        self._held = threading.RLock()
        self._writing = threading.Lock()
        self._version = 0
        self._written = 0
        self._tables: dict[str, dict[str, Record]] = {name: {} for name in TABLES}
        if path is not None and path.exists():
            self._tables |= json.loads(path.read_text(encoding="utf-8"))

    def now_s(self) -> int:
        """Return the time in whole seconds, as Stripe writes it."""
        return int(self._now_s())

    def table(self, name: str) -> dict[str, Record]:
        """Return one table, by id in order of making."""
        return self._tables[name]

    def unseen(self, id_: str) -> Record:
        """Return what is known of an object and not shown; it may be changed."""
        return self._tables["unseen"].setdefault(id_, {})

    def copied(self, record: Record) -> Record:
        """Return the record as of now: later changes do not reach the copy."""
        return copy.deepcopy(record)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the store."""
        with self._held:
            yield

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the store; what was changed is in the file when this returns, also when it raises."""
        try:
            with self._held:
                self._version += 1
                yield
        finally:
            self.write()

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Hold the store for a change that may be forgotten when we are killed before the next `write`."""
        with self._held:
            self._version += 1
            yield

    def write(self) -> None:
        """Bring the file up to date. The caller does not hold the store."""
        if self._path is None:
            return
        with self._writing:
            with self._held:
                if self._written == self._version:
                    return  # Whoever wrote while we waited has written our change too.
                version, text = self._version, json.dumps(self._tables)
            draft = self._path.with_name(f"{self._path.name}.draft")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text)
            draft.replace(self._path)
            self._written = version
