"""Upstreams as a caller's request meets them: each provider's whole conversation, told from a script.

The texts carry every provider's own words, so that a leak of any of them would show.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.pictures import png

BASE_URL = "http://127.0.0.1:9"
LIVE_PROVIDERS = (
    *("openai", "selfhosted", "fal", "google", "bfl"),
    *("stability", "ideogram", "recraft", "bedrock"),
)


class Files:
    """Files on a loopback address, as a provider's delivery host has them."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.contents: dict[str, bytes] = {}

    def put(self, name: str, content: bytes) -> str:
        """Where the file is now."""
        self.contents[f"/{name}"] = content
        return f"{self.address}/{name}"


@contextmanager
def serving_files() -> Iterator[Files]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.contents.get(self.path.partition("?")[0])
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    files = Files(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield files
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Conversation:
    """Answers any provider's requests with one picture; an asynchronous one is ready when first asked."""

    def __init__(self, files: Files, picture: bytes | None = None) -> None:
        self._files = files
        self.picture = picture if picture is not None else png()
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path
        if path == "/v1/images/generations":
            return self._openai(request)
        if path.endswith(":generateContent"):
            return self._google(path)
        if path.startswith("/fal-ai/"):
            return self._fal(request)
        if path.startswith("/v1/generations"):
            return self._sandbox(request)
        if path.startswith("/v2beta/stable-image/"):
            return self._stability()
        if "/ideogram-" in path:
            return self._ideogram()
        if path.startswith("/model/"):
            return self._bedrock()
        return self._bfl(request)

    @property
    def _base64(self) -> str:
        return base64.b64encode(self.picture).decode()

    def _url(self, name: str) -> str:
        return self._files.put(name, self.picture)

    def _openai(self, request: httpx.Request) -> httpx.Response:
        model = json.loads(request.content)["model"]
        return httpx.Response(
            200,
            json={
                "created": 1,
                "model": model,
                "data": [{"b64_json": self._base64, "revised_prompt": f"As DALL-E and {model} see it"}],
                "usage": {
                    "input_tokens_details": {"text_tokens": 12, "image_tokens": 0},
                    "output_tokens": 1056,
                },
            },
            headers={"openai-organization": "corent", "x-request-id": "req_openai_1", "server": "vllm"},
        )

    def _stability(self) -> httpx.Response:
        answer = {"image": self._base64, "finish_reason": "SUCCESS", "seed": 343940597}
        return httpx.Response(200, json=answer, headers={"server": "api.stability.ai"})

    def _ideogram(self) -> httpx.Response:
        url = self._url("ideogram.ai/api/images/ephemeral/x.png")
        entry = {"url": url, "prompt": "As Ideogram sees it", "is_image_safe": True, "seed": 12345}
        return httpx.Response(200, json={"data": [entry]}, headers={"server": "ideogram.ai"})

    def _bedrock(self) -> httpx.Response:
        answer = {"seeds": [2130420379], "finish_reasons": [None], "images": [self._base64]}
        return httpx.Response(200, json=answer, headers={"x-amzn-requestid": "bedrock-1"})

    def _google(self, path: str) -> httpx.Response:
        part = {"inlineData": {"mimeType": "image/jpeg", "data": self._base64}}
        candidate = {"finishReason": "STOP", "content": {"parts": [{"text": "Made with Google AI"}, part]}}
        return httpx.Response(
            200,
            json={"candidates": [candidate], "modelVersion": path.rpartition("/")[2]},
            headers={"server": "generativelanguage.googleapis.com"},
        )

    def _fal(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        headers = {"x-fal-request-id": "764cabcf", "x-fal-served-from": "fal.run"}
        if request.method == "POST" and not json.loads(request.content).get("sync_mode"):
            place = f"{BASE_URL}{path}/requests/764cabcf"
            body = {"status": "IN_QUEUE", "status_url": f"{place}/status", "response_url": place}
            return httpx.Response(200, json=body, headers=headers)
        if path.endswith("/status"):
            return httpx.Response(200, json={"status": "COMPLETED", "logs": "fal.ai"}, headers=headers)
        url = (
            f"data:image/png;base64,{self._base64}"
            if request.method == "POST"
            else self._url("fal.media/files/a/flux.png")
        )
        return httpx.Response(200, json={"images": [{"url": url}], "model": "flux"}, headers=headers)

    def _bfl(self, request: httpx.Request) -> httpx.Response:
        headers = {"server": "bfl.ai"}
        if request.method == "POST":
            body = {"id": "t1", "polling_url": f"{BASE_URL}/v1/get_result?id=t1", "cost": 3.0}
            return httpx.Response(200, json=body, headers=headers)
        sample = self._url("delivery.bfl.ai/flux.png")
        return httpx.Response(
            200, json={"id": "t1", "status": "Ready", "result": {"sample": sample}}, headers=headers
        )

    def _sandbox(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(202, json={"id": "gen_1", "status": "running", "poll_after_ms": 100})
        images = [{"url": self._url("sandbox-swift.png"), "width": 64, "height": 64}]
        return httpx.Response(200, json={"id": "gen_1", "status": "done", "images": images})


class Films:
    """The sandbox, making films: done when it has been looked at often enough."""

    def __init__(self, files: Files, content: bytes) -> None:
        self._url = files.put("sandbox-swift.mp4", content)
        self.looks_until_done = 1
        self.refuse_first: httpx.Response | None = None
        self.asked: list[httpx.Request] = []

    @property
    def callback_urls(self) -> list[str]:
        """Where each submit asked to be called back."""
        submits = [request for request in self.asked if request.url.path.endswith("/generations")]
        return [json.loads(request.content)["callback_url"] for request in submits]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.path.endswith("/cancel"):
            return httpx.Response(200, json={"id": "gen_1", "status": "cancelled"})
        if request.method == "POST":
            refusal, self.refuse_first = self.refuse_first, None
            running = {"id": "gen_1", "status": "running", "poll_after_ms": 100, "progress_percent": 0}
            return refusal or httpx.Response(202, json=running)
        self.looks_until_done -= 1
        if self.looks_until_done >= 0:
            running = {"id": "gen_1", "status": "running", "poll_after_ms": 100, "progress_percent": 40}
            return httpx.Response(200, json=running)
        video = {"url": self._url, "width": 1280, "height": 720, "duration_s": 5}
        return httpx.Response(200, json={"id": "gen_1", "status": "done", "videos": [video]})
