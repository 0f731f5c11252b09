"""What each endpoint's answers look like in the OpenAPI document. Read when the document is made."""

from typing import Any, Final

from pydantic import BaseModel

from corent.edge.bodies import ErrorReply

_MEANINGS: Final = {
    200: "Done.",
    201: "Made.",
    202: "Accepted; the work goes on. Poll the job.",
    400: "The body is not JSON.",
    401: "The API key is missing or not valid.",
    402: "The money does not suffice.",
    403: "The key or the account may not do this.",
    404: "There is no such object.",
    409: "The object is in another state than this needs, or the first request with this key is unfinished.",
    413: "The body is too large.",
    422: "A field breaks a rule, or the content was refused.",
    429: "Too many requests.",
    500: "Something went wrong on our side.",
    503: "Not available just now.",
}
READ_ERRORS: Final = (401, 403, 404, 422, 429, 500, 503)
WRITE_ERRORS: Final = (400, 401, 403, 404, 413, 422, 429, 500, 503)
CHANGE_ERRORS: Final = (401, 403, 404, 409, 422, 429, 500, 503)
CONFLICT_ERRORS: Final = (400, 401, 403, 404, 409, 413, 422, 429, 500, 503)
QUOTE_ERRORS: Final = (400, 401, 402, 403, 413, 422, 429, 500, 503)
SPEND_ERRORS: Final = (400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 503)


def responses(
    answers: dict[int, type[BaseModel]], *, errors: tuple[int, ...], csv: bool = False
) -> dict[int, Any]:
    """The `responses` of a route: what it answers, and the errors it may answer instead."""
    described: dict[int, Any] = {
        status: {"description": _MEANINGS[status], "content": {"application/json": {"model": model}}}
        for status, model in {**dict.fromkeys(errors, ErrorReply), **answers}.items()
    }
    if csv:
        described[200]["content"]["text/csv"] = {"schema": {"type": "string"}}
    return described
