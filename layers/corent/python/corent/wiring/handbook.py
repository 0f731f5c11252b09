"""The handbook: all it needs to know is where it is read."""

from functools import cache

from corent.wiring.settings import Settings, read_settings


class HandbookSettings(Settings):
    """`public_base_url` is where callers reach us, without a slash at the end."""

    public_base_url: str


@cache
def base_url() -> str:
    return read_settings(HandbookSettings).public_base_url
