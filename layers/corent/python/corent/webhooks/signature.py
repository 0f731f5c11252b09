"""What proves that a webhook is Corent's: headers over the exact bytes that are sent.

    webhook-id           the event: the same for every try
    webhook-timestamp    seconds since the epoch: new for every try
    webhook-signature    v1,<base64 HMAC-SHA256 of "id.timestamp.body">, the scheme of Standard Webhooks
    X-Corent-Signature   hex HMAC-SHA256 of the body alone

The key of both is the secret's UTF-8 bytes. Without a secret there are no signatures.
"""

import base64
import hashlib
import hmac

type Headers = tuple[tuple[str, str], ...]


def signed_headers(body: bytes, *, event_id: str, timestamp_s: int, secret: str | None) -> Headers:
    """The four headers, or the first two when there is no secret. An empty secret raises ValueError."""
    told = (("webhook-id", event_id), ("webhook-timestamp", str(timestamp_s)))
    if secret is None:
        return told
    if not secret:
        raise ValueError("an empty secret signs nothing")
    key = secret.encode()
    standard = hmac.digest(key, b"%s.%d.%s" % (event_id.encode(), timestamp_s, body), hashlib.sha256)
    return (
        *told,
        ("webhook-signature", f"v1,{base64.b64encode(standard).decode()}"),
        ("X-Corent-Signature", hmac.digest(key, body, hashlib.sha256).hex()),
    )
