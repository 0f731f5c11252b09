"""Settings from the environment: each wiring file names what it needs, and a missing one fails at start."""

import os

from pydantic import BaseModel, ConfigDict

PREFIX = "CORENT_"


class Settings(BaseModel):
    """Fields are `CORENT_<NAME>` variables."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def read_settings[T: Settings](model: type[T]) -> T:
    """The settings of one group. Raises ValidationError that names what is missing."""
    variables = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in os.environ.items()
        if name.startswith(PREFIX)
    }
    return model.model_validate(variables)
