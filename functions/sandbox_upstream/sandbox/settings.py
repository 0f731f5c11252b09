"""Settings: what the template tells the sandbox's two functions."""

import os

from pydantic import BaseModel, ConfigDict

_NAMES = {
    "bucket": "CORENT_SANDBOX_BUCKET",
    "queue_url": "CORENT_SANDBOX_QUEUE_URL",
    "secret": "CORENT_SANDBOX_SECRET",
}


class WorkerSettings(BaseModel):
    """`bucket` keeps the sandbox's state, `queue_url` its tasks."""

    model_config = ConfigDict(frozen=True)

    bucket: str
    queue_url: str


class Settings(WorkerSettings):
    """`secret` is the name of the secret with the key that callers bring."""

    secret: str


def read_settings() -> Settings:
    """Return the settings. Raises ValidationError that names what is missing."""
    return Settings.model_validate(_given())


def read_worker_settings() -> WorkerSettings:
    """Return what the worker needs, which does not know the key."""
    return WorkerSettings.model_validate(_given())


def _given() -> dict[str, str]:
    return {field: os.environ[name] for field, name in _NAMES.items() if name in os.environ}
