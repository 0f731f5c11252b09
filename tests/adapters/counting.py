"""A DynamoDB client whose calls are counted, and that fails or is overtaken when told to."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError


class Counting:
    """Passes calls on to a real client."""

    def __init__(self, client: Any) -> None:
        self.calls: Counter[str] = Counter()
        self._client = client
        self._before: list[Callable[[], None]] = []
        self._failing: list[str] = []
        self._status = 400

    def before_next(self, act: Callable[[], None]) -> None:
        """Do this right before the next write is passed on."""
        self._before.append(act)

    def fail_next(self, code: str, *, status: int = 400) -> None:
        """Answer the next write with that error instead of passing it on."""
        self._failing.append(code)
        self._status = status

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def counted(**parameters: Any) -> Any:
            self.calls[name] += 1
            if name not in ("get_item", "query"):
                if self._before:
                    self._before.pop(0)()
                if self._failing:
                    answer: Any = {
                        "Error": {"Code": self._failing.pop(0), "Message": ""},
                        "ResponseMetadata": {"HTTPStatusCode": self._status},
                    }
                    raise ClientError(answer, name)
            return method(**parameters)

        return counted
