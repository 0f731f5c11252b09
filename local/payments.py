"""The payments of a local stack: a stand-in for Stripe, with an address and keys that outlive a restart."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from local import accounts, aws
from local.place import Place
from local.stripe_stand_in.server import Running, running

SECRET: Final = "corent/stripe"  # noqa: S105  The name of one.


def events_url(place: Place) -> str:
    """Return where the stand-in delivers its events."""
    return f"{place.base_url}/v1/stripe/events"


@contextmanager
def running_payments(place: Place) -> Iterator[Running]:
    """Serve the stand-in from threads of this process, and let the functions know of it by their secret."""
    kept_file = place.folder / "stripe.json"
    kept = _kept(kept_file)
    with ExitStack() as stack:
        try:
            stripe = stack.enter_context(_serving(place, kept, port=kept.get("port", 0)))
        except OSError:
            # Somebody else has the port of the last start: pay pages opened then are found no more.
            stripe = stack.enter_context(_serving(place, kept, port=0))
        keep = {
            "port": urlsplit(stripe.base_url).port,
            "api_key": stripe.api_key,
            "webhook_secret": stripe.webhook_secret,
        }
        accounts.write_privately(kept_file, json.dumps(keep))
        put_secret(stripe, place=place)
        yield stripe


def _serving(place: Place, kept: dict[str, Any], *, port: int) -> AbstractContextManager[Running]:
    return running(
        events_url=events_url(place),
        state=place.folder / "stripe-state.json",
        # Whoever reaches the emulator reaches the stand-in, from a container too.
        host=place.aws_host,
        port=port,
        api_key=kept.get("api_key"),
        webhook_secret=kept.get("webhook_secret"),
    )


def put_secret(stripe: Running, *, place: Place) -> None:
    """Put the stand-in's keys where the functions read them, unless an operator has put others there."""
    client = aws.secrets()
    secret = {
        "api_key": stripe.api_key,
        "webhook_secret": stripe.webhook_secret,
        "base_url": stripe.base_url,
    }
    try:
        found = client.get_secret_value(SecretId=SECRET)["SecretString"]
    except client.exceptions.ResourceNotFoundException:
        client.create_secret(Name=SECRET, SecretString=json.dumps(secret))
        return
    if _is_of_a_stand_in(found, place=place):
        client.put_secret_value(SecretId=SECRET, SecretString=json.dumps(secret))


def _is_of_a_stand_in(text: str, *, place: Place) -> bool:
    try:
        host = urlsplit(json.loads(text)["base_url"]).hostname
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return host in ("127.0.0.1", place.aws_host)


def _kept(file: Path) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return kept
