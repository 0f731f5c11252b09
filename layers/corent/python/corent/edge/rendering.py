"""The one place where an error becomes an answer."""

import json
from typing import Any, Final

from corent.core.errors import CorentError
from corent.jobs.document import error_document

JSON_TYPE: Final = "application/json"
# When to come back, where the error itself knows no better.
RETRY_AFTER_DEFAULT_S: Final = 5


def error_body(error: CorentError, *, request_id: str) -> str:
    """The one error shape."""
    return json.dumps({"error": error_document(error, request_id=request_id)})


def error_headers(error: CorentError) -> dict[str, str]:
    """`Retry-After` on every 429 and 503, and wherever the error names a time."""
    if error.retry_after_s is None and error.status not in (429, 503):
        return {}
    return {"Retry-After": str(error.retry_after_s or RETRY_AFTER_DEFAULT_S)}


def error_answer(error: CorentError, *, request_id: str, headers: dict[str, str]) -> dict[str, Any]:
    """An error as an API Gateway proxy answer, made without a resolver."""
    sent = {
        "Content-Type": JSON_TYPE,
        "X-Request-Id": request_id,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        **error_headers(error),
        **headers,
    }
    return {
        "statusCode": error.status,
        "body": error_body(error, request_id=request_id),
        "isBase64Encoded": False,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
    }
