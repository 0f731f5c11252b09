"""What provider tests share: a request, a clock that tests move, and upstreams answered from a script."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx

from corent.core.tiers import AspectRatio, ImageFormat, Resolution
from corent.core.upstream import ImageRequest, InputImage, VideoRequest
from corent.providers.credentials import Credentials

# 1 x 1 pixel, the smallest whole PNG.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
PNG_BASE64 = base64.b64encode(PNG).decode("ascii")
KEY = "k-test"
REQUEST = ImageRequest(
    prompt="a red fox",
    aspect_ratio=AspectRatio.WIDE,
    width_px=1360,
    height_px=768,
    count=1,
    output_format=ImageFormat.PNG,
    reference="job_01-1",
    attempt=1,
)
VIDEO_REQUEST = VideoRequest(
    prompt="a red fox",
    aspect_ratio=AspectRatio.WIDE,
    resolution=Resolution.HD,
    width_px=1280,
    height_px=720,
    duration_s=5,
    reference="job_01-1",
    attempt=1,
)
INPUT_IMAGE = InputImage(content=PNG, media_type="image/png")
CREDENTIALS = Credentials(api_key=KEY)

type Answer = httpx.Response | Exception
type Handler = Callable[[httpx.Request], httpx.Response]


class FakeClock:
    """Time that stands still until a test moves it."""

    def __init__(self, *, now_ms: int = 1_795_341_000_000) -> None:
        self._now_ms = now_ms
        self._elapsed_s = 0.0

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return self._elapsed_s

    def sleep(self, duration_s: float) -> None:
        self._elapsed_s += duration_s


class Script:
    """Answers requests one after the other and keeps them."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self) -> httpx.Client:
        return client(self)


def client(handler: Handler) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(handler), trust_env=False)


def asked(**changes: Any) -> ImageRequest:
    return replace(REQUEST, **changes)


def filmed(**changes: Any) -> VideoRequest:
    return replace(VIDEO_REQUEST, **changes)


@dataclass
class Stream(httpx.SyncByteStream):
    """A body in parts; `before_each` runs before each part."""

    parts: Iterator[bytes]
    before_each: Callable[[], None] = lambda: None

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts:
            self.before_each()
            yield part
