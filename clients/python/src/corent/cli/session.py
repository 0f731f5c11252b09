"""Which key and which address a command uses."""

from __future__ import annotations

import os

from corent.cli import credentials
from corent.cli.terminal import NotUsableError
from corent.client import Corent
from corent.settings import DEFAULT_BASE_URL


def base_url(given: str | None) -> str:
    """Return the address: the option's, the environment's, the stored key's, or the placeholder."""
    named = given or os.environ.get("CORENT_BASE_URL")
    if named:
        return named.strip().rstrip("/")
    stored = credentials.load()
    return stored.base_url if stored else DEFAULT_BASE_URL


def client(given: str | None) -> Corent:
    """Return a client. Raises NotUsableError without a key for that address.

    CORENT_API_KEY comes before the stored key; the stored one is sent to no address but its own.
    """
    address = base_url(given)
    key = os.environ.get("CORENT_API_KEY")
    if not key:
        stored = credentials.load()
        if stored is None:
            raise NotUsableError("no API key: run `corent login`, or set CORENT_API_KEY.")
        if stored.base_url != address:
            raise NotUsableError(
                f"the stored key is for {stored.base_url}, not for {address}:"
                f" run `corent login --base-url {address}`."
            )
        key = stored.api_key
    return made(api_key=key, address=address)


def public_client(given: str | None) -> Corent:
    """Return a client without a key."""
    return made(api_key=None, address=base_url(given))


def made(*, api_key: str | None, address: str) -> Corent:
    """Return a client. Raises NotUsableError for a key or address that cannot be one."""
    try:
        return Corent(api_key=api_key, base_url=address)
    except ValueError as error:
        raise NotUsableError(str(error)) from error
