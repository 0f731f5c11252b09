"""Validation failures in the one error shape: the field named, the rule said, the input not echoed."""

from typing import Any, Final

from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import ValidationError

from corent.core.errors import CorentError, InvalidRequestError, MalformedJsonError
from corent.edge.bodies import IMAGE_TAG, VIDEO_TAG, Body

# What stands in a place and is no part of what the caller sent.
_NOT_SENT: Final = frozenset({"body", "query", "path", "header", IMAGE_TAG, VIDEO_TAG})


def refused(error: RequestValidationError) -> CorentError:
    """The error for the first broken rule."""
    first: dict[str, Any] = error.errors()[0]
    place = [part for part in first["loc"] if part not in _NOT_SENT]
    param = _param(place)
    if first["type"] == "json_invalid":
        return MalformedJsonError("The body is not valid JSON.")
    if first["type"] == "missing":
        if not param:
            return InvalidRequestError("The body is missing.", code="missing_field")
        return InvalidRequestError(f"{param} is missing.", code="missing_field", param=param)
    if first["type"] == "extra_forbidden":
        return InvalidRequestError(
            f"{param} is not a field of this request.", code="unknown_field", param=param
        )
    if not place:
        return InvalidRequestError("The body must be a JSON object.", code="invalid_body")
    message = str(first["msg"]).removeprefix("Value error, ")
    # In a batch, what is wrong is the item's field.
    in_item = place[0] == "requests" and len(place) > 2
    field = place[2] if in_item else place[0]
    return InvalidRequestError(f"{param}: {message}", code=f"invalid_{field}", param=param)


def checked[B: Body](model: type[B], fields: dict[str, Any]) -> B:
    """A body made of a form's fields, by the rules of the endpoint. Raises what the endpoint would answer."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise refused(RequestValidationError(error.errors())) from error


def _param(place: list[Any]) -> str:
    """`metadata.colour`, `scopes[2]`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
