"""Make the first image over the API, the way any caller would, and show how."""

import json
import shlex
from collections.abc import Callable
from typing import Any

import httpx

from local.place import ROOT, Place, StackError

BODY = {"prompt": "a lighthouse on a cliff at dawn, watercolour"}
TIMEOUT_S = 60.0


def make(place: Place, local: dict[str, Any], *, say: Callable[[str], None]) -> None:
    """Generate one image with the live key, save it, and print the command, the answer and where it is."""
    url = f"{local['base_url']}/v1/images/generate"
    say("\nMaking a first image:\n")
    say(f"  curl {url} \\")
    say(f"    -H 'Authorization: Bearer {local['live_key']}' \\")
    say("    -H 'Content-Type: application/json' \\")
    say(f"    -d {shlex.quote(json.dumps(BODY))}\n")
    with httpx.Client(
        headers={"Authorization": f"Bearer {local['live_key']}"}, timeout=TIMEOUT_S, trust_env=False
    ) as http:
        reply = http.post(url, json=BODY)
        say(json.dumps(reply.json(), indent=2))
        if reply.status_code != httpx.codes.OK:
            raise StackError(f"The first image failed with status {reply.status_code}; the answer is above.")
        image_url = reply.json()["images"][0]["url"]
        place.first_image.write_bytes(http.get(image_url).raise_for_status().content)
    say(f"\nThe image: {image_url}\nsaved as:  {place.first_image.relative_to(ROOT, walk_up=True)}")
