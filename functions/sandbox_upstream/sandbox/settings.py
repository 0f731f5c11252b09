"""Settings: the two things the template tells the sandbox."""

import os

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """`bucket` keeps its state; `secret` is the name of the secret with its key."""

    model_config = ConfigDict(frozen=True)

    bucket: str
    secret: str


def read_settings() -> Settings:
    """Return the settings. Raises ValidationError that names what is missing."""
    names = {"bucket": "CORENT_SANDBOX_BUCKET", "secret": "CORENT_SANDBOX_SECRET"}
    return Settings.model_validate(
        {field: os.environ[name] for field, name in names.items() if name in os.environ}
    )
