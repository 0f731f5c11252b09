"""How the emulator runs function processes: bare interpreter, shared layers, a few starts at a time.

Imported by local/emulator.py only, inside the emulator's own virtual environment. A start costs about a
second of processor time: a burst that starts one process a request would stall a small machine for minutes.
Here a request takes the first process that comes free, while only as many start as there are processors.
"""

import hashlib
import io
import os
import sys
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

STARTS_MAX = os.cpu_count() or 2
TURN_S = 60.0


class Layers:
    """Layer contents, unpacked once each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folders: dict[str, Path] = {}

    def folder(self, reference: str | dict[str, Any]) -> Path:
        """Return the folder with the layer's files. Raises RuntimeError when there is no such layer."""
        content = lambda_svc._resolve_layer_zip(reference)
        if content is None:
            raise RuntimeError(f"Layer {reference} has no content")
        name = hashlib.sha256(content).hexdigest()
        with self._lock:
            if name not in self._folders:
                folder = Path(tempfile.gettempdir()) / "layers" / name
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    archive.extractall(folder)
                self._folders[name] = folder
            return self._folders[name]


class SharedLayersWorker(lambda_runtime.Worker):  # type: ignore[misc] # The emulator has no types.
    """A function process that reads its layers from the shared folders."""

    layers = Layers()

    def __init__(self, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
        folders = [str(self.layers.folder(reference)) for reference in config.get("Layers", [])]
        variables = (config.get("Environment") or {}).get("Variables") or {}
        shared = {"Variables": variables | {"_LAMBDA_LAYERS_DIRS": os.pathsep.join(folders)}}
        super().__init__(func_name, config | {"Layers": [], "Environment": shared}, code_zip)


class Pace:
    """Hands out function processes, new ones a few at a time."""

    def __init__(self) -> None:
        self._acquire = lambda_svc.acquire_worker
        self._release = lambda_svc.release_worker
        self._changed = threading.Condition()
        self._starting = 0
        self._closed = False

    def acquire(
        self, func_name: str, config: dict[str, Any], code_zip: bytes, **kwargs: Any
    ) -> tuple[Any, str]:
        """Return a free process, or a new one once it is this request's turn to start one."""
        key = lambda_runtime._worker_key(func_name, config, kwargs.get("qualifier", "$LATEST"))
        with self._changed:
            self._changed.wait_for(lambda: self._may_go_on(key), timeout=TURN_S)
            if self._closed:
                raise RuntimeError("The emulator is ending")
            worker, how = self._acquire(func_name, config, code_zip, **kwargs)
            if how != "spawn":
                return worker, how
            self._starting += 1
        try:
            lambda_runtime.ensure_spawned(worker)
        except (RuntimeError, OSError, AttributeError):
            # The process did not come up, or another one's failure ended the whole pool, this one half made.
            # The invocation that follows meets the same error and reports it.
            pass
        finally:
            with self._changed:
                self._starting -= 1
                self._changed.notify_all()
        return worker, how

    def _may_go_on(self, key: str) -> bool:
        return (
            self._closed
            or self._starting < STARTS_MAX
            or any(not worker.in_use for worker in lambda_runtime._workers.get(key, []))
        )

    def release(self, worker: Any) -> None:
        """Take a process back."""
        self._release(worker)
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """End every process and start no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        lambda_runtime.kill_workers(
            [worker for pool in list(lambda_runtime._workers.values()) for worker in pool]
        )


def install() -> Pace:
    """Put all of this in force and return what ends the processes."""
    detect = lambda_runtime._detect_runtime_binary
    choose_class = lambda_runtime._worker_class_for
    interpreter = getattr(sys, "_base_executable", sys.executable)

    def detect_bare(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return (interpreter if runtime.startswith("python") else binary), script

    def choose_shared(config: dict[str, Any]) -> Any:
        return SharedLayersWorker if config.get("Runtime", "").startswith("python") else choose_class(config)

    lambda_runtime._detect_runtime_binary = detect_bare
    lambda_runtime._worker_class_for = choose_shared
    pace = Pace()
    lambda_svc.acquire_worker = pace.acquire
    lambda_svc.release_worker = pace.release
    return pace
