"""OpenAI's own client above the handlers: its requests become events, and answers come back."""

from collections.abc import Callable
from typing import Any

import httpx2
from openai import OpenAI

from tests.functions.conftest import Answer, Cloud

ROUTES = {
    ("POST", "/v1/images/generations"): "images_generations",
    ("GET", "/v1/models"): "models_list",
}


class Wire:
    """What lies between the client and the API. `lost` answers are dealt with and never arrive.

    `before` is called before each request is dealt with; `sent` are the requests.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.lost = 0
        self.before: Callable[[], object] = lambda: None
        self.sent: list[httpx2.Request] = []
        self.answers: list[Answer] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.sent.append(request)
        self.before()
        answer = self._answer(request)
        self.answers.append(answer)
        if self.lost:
            self.lost -= 1
            raise httpx2.ReadTimeout("the answer is lost", request=request)
        return httpx2.Response(answer.status, headers=answer.headers, text=answer.text, request=request)

    def _answer(self, request: httpx2.Request) -> Answer:
        method, path = request.method, request.url.path
        given: dict[str, Any] = {
            "headers": {name: value for name, value in request.headers.items() if name != "content-length"},
            "raw": request.content.decode() or None,
        }
        if path.startswith("/v1/models/"):
            name = path.removeprefix("/v1/models/")
            return self._cloud.call("models_get", method, "/v1/models/{id}", path={"id": name}, **given)
        return self._cloud.call(ROUTES[method, path], method, path, **given)


def openai_client(wire: Wire, key: str, **options: Any) -> OpenAI:
    """The client with only its key and its address changed, and with a wire of its own."""
    http_client = httpx2.Client(transport=httpx2.MockTransport(wire))
    return OpenAI(api_key=key, base_url="https://api.corent.example/v1", http_client=http_client, **options)
