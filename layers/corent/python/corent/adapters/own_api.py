"""Our own API, called over HTTP with a caller's key: the dashboard is a client like any other.

Whatever a page does goes through the rules of the API: limits, idempotency, the ledger, the error shape.
"""

from typing import Any, Final

import httpx

from corent.core.errors import RelayedError, UnansweredError

CONNECT_S: Final = 3.0


class OwnApi:
    """The API as one caller. Raises RelayedError and UnansweredError."""

    def __init__(self, *, client: httpx.Client, base_url: str, key: str, read_s: float) -> None:
        self._client = client
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {key}"}
        self._timeout = httpx.Timeout(read_s, connect=CONNECT_S)

    def get(self, path: str, **query: str | int | None) -> Any:
        """The parsed answer. Values that are None or empty are left out of the query."""
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return self._send("GET", path, params=given).json()

    def get_table(self, path: str) -> tuple[str, str | None]:
        """One page of a list as CSV, and the path of the page that follows."""
        answer = self._send("GET", path, headers={"Accept": "text/csv"})
        following = answer.links.get("next", {}).get("url")
        return answer.text, following

    def post(self, path: str, body: Any = None, *, idempotency_key: str | None = None) -> Any:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._send("POST", path, json=body, headers=headers).json()

    def put(self, path: str, body: Any) -> Any:
        return self._send("PUT", path, json=body).json()

    def delete(self, path: str) -> Any:
        return self._send("DELETE", path).json()

    def _send(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **sent: Any
    ) -> httpx.Response:
        """The answer, if it is one of the API's that refuses nothing."""
        try:
            answer = self._client.request(
                method,
                self._base_url + path,
                headers={**self._headers, **(headers or {})},
                timeout=self._timeout,
                **sent,
            )
            is_json = answer.headers.get("content-type", "").startswith("application/json")
            body: Any = answer.json() if is_json else None
        except (httpx.TransportError, ValueError) as failed:
            raise UnansweredError from failed
        if answer.status_code < 400:
            return answer
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict) or "code" not in error:
            raise UnansweredError
        raise RelayedError(error, status=answer.status_code)
