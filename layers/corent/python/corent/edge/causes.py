"""An unforeseen error as the log may have it: where it came from, without what it says.

Messages of foreign exceptions repeat what they were given, and that may be a prompt or a key.
"""

import traceback


def causes(error: BaseException) -> list[str]:
    """Each exception of the chain, the last one first: its type, its service's code, and its frames."""
    said = []
    each: BaseException | None = error
    while each is not None:
        frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(each.__traceback__)]
        said.append(" ".join([type(each).__qualname__, *_code(each), *frames]))
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return said


def _code(error: BaseException) -> list[str]:
    """`AccessDeniedException` and the like, where an AWS service refused."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return [code] if isinstance(code, str) else []
