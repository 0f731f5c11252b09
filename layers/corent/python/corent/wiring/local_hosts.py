"""Whom a local stage may call by plain http; nobody on AWS."""

import os
from functools import cache
from urllib.parse import urlsplit

from corent.wiring.settings import Settings, read_settings

LOCAL_STAGE = "local"
LOOPBACK = "127.0.0.1"


class StageSettings(Settings):
    """`allow_loopback` lets callers of a local stage give loopback addresses; nothing elsewhere."""

    stage: str
    allow_loopback: bool = False


@cache
def _settings() -> StageSettings:
    return read_settings(StageSettings)


@cache
def caller_http_hosts() -> frozenset[str]:
    """Whom callers may name: this machine, where a local stage was told so."""
    allowed = _settings().allow_loopback and _settings().stage == LOCAL_STAGE
    return frozenset({LOOPBACK}) if allowed else frozenset()


@cache
def local_hosts() -> frozenset[str]:
    """Where upstreams may answer: this machine, and where its emulated services listen."""
    if _settings().stage != LOCAL_STAGE:
        return frozenset()
    emulator = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname
    return frozenset({LOOPBACK, emulator} if emulator else {LOOPBACK})
