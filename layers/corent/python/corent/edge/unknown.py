"""Answers for routes and methods that do not exist, in the one error shape."""

from typing import Any

from corent.core.errors import CorentError, MethodNotAllowedError, NotFoundError
from corent.core.ids import new_ulid
from corent.edge.rendering import error_answer
from corent.edge.routes import ROUTES


def answer_unknown(event: dict[str, Any]) -> dict[str, Any]:
    """405 with `Allow` where the path has other methods, else 404."""
    methods = ROUTES.get(event["resource"])
    headers: dict[str, str] = {}
    error: CorentError
    if methods is None:
        error = NotFoundError("There is no such route.")
    else:
        headers["Allow"] = ", ".join(methods)
        error = MethodNotAllowedError(f"This route takes {' and '.join(methods)} only.")
    return error_answer(error, request_id=f"req_{new_ulid()}", headers=headers)
