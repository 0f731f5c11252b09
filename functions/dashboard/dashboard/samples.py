"""The same call from a shell and from Python, for who would rather type it."""

import json
import shlex
from typing import Any

KEY_VARIABLE = "CORENT_API_KEY"


def curl_of(base_url: str, path: str, body: dict[str, Any]) -> str:
    """A shell command. The key is a variable: samples are pasted into places where keys must not be."""
    return (
        f"curl {shlex.quote(base_url + path)} \\\n"
        f'  -H "Authorization: Bearer ${KEY_VARIABLE}" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(json.dumps(body, ensure_ascii=False))}"
    )


def python_of(base_url: str, kind: str, body: dict[str, Any]) -> str:
    """A program for our client. It takes the key from the environment."""
    arguments = "".join(f"    {name}={value!r},\n" for name, value in body.items())
    return (
        "from corent import Corent\n\n"
        f"client = Corent(base_url={base_url!r})\n"
        f"{kind} = client.{kind}s.generate(\n{arguments})\n"
        f"print({kind})"
    )
