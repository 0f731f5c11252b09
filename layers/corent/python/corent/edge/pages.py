"""Pages for people: HTML that runs no script and asks no other host for anything."""

import base64
import hashlib
import re
from typing import Any, Final

from corent.core.ids import new_ulid

_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def page_answer(html: str) -> dict[str, Any]:
    """The answer with that page; its own styles are allowed by their hashes, and nothing else is."""
    styles = " ".join(f"'sha256-{_hash(style)}'" for style in _STYLE.findall(html))
    policy = (
        f"default-src 'none'; style-src {styles or "'none'"}; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Request-Id": f"req_{new_ulid()}",
        "Cache-Control": "no-store",
    }
    return {
        "statusCode": 200,
        "body": html,
        "isBase64Encoded": False,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
    }


def _hash(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
