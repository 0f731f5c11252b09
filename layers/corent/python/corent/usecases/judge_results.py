"""Fetch what an upstream made and judge it by its bytes: it is what was asked for, or a bad reply."""

from dataclasses import dataclass, replace
from typing import Final

from corent.core import videos
from corent.core.clock import Clock
from corent.core.fetching import Fetch, FetchFailedError, FetchLimits, FetchRefusedError
from corent.core.pictures import NotAPictureError, clean_picture, media_type
from corent.core.tiers import AspectRatio
from corent.core.upstream import Failure, Generated, InlineFile, RemoteFile, UpstreamError
from corent.core.videos import NotAVideoError, clean_video
from corent.jobs.job import DeliveredFile, ImageOrder, Order, VideoOrder

MIB: Final = 1024 * 1024
IMAGE_LIMITS: Final = FetchLimits(bytes_max=32 * MIB, timeout_s=30.0, redirects_max=3)
VIDEO_LIMITS: Final = FetchLimits(bytes_max=128 * MIB, timeout_s=60.0, redirects_max=3)
# Upstreams round to their own grids; more than this is another picture than was asked for.
RATIO_TOLERANCE: Final = 0.08
# The last frame and a track of sound may end a little before or after.
DURATION_TOLERANCE_MS: Final = 500


@dataclass(frozen=True, slots=True)
class Result:
    """A file that is what was asked for, without its makers' metadata."""

    content: bytes
    media_type: str
    file: DeliveredFile


class JudgeResults:
    """Brings in all files of an order and checks each."""

    def __init__(self, *, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock

    def __call__(self, order: Order, generated: Generated, *, until_ms: int) -> list[Result]:
        """Every result, fetched by then. May be repeated. Raises UpstreamError unless all are as asked."""
        asked = order.n if isinstance(order, ImageOrder) else 1
        if len(generated.files) != asked:
            raise UpstreamError(
                Failure.BAD_REPLY, f"{len(generated.files)} files where {asked} were asked for"
            )
        return [self._judged(order, file, until_ms=until_ms) for file in generated.files]

    def _judged(self, order: Order, file: InlineFile | RemoteFile, *, until_ms: int) -> Result:
        if isinstance(order, ImageOrder):
            return _image(self._content(file, limits=IMAGE_LIMITS, until_ms=until_ms), order=order)
        return _video(self._content(file, limits=VIDEO_LIMITS, until_ms=until_ms), order=order)

    def _content(self, file: InlineFile | RemoteFile, *, limits: FetchLimits, until_ms: int) -> bytes:
        if isinstance(file, InlineFile):
            return file.content
        left_s = max(0.0, (until_ms - self._clock.now_ms()) / 1000)
        within = replace(limits, timeout_s=min(limits.timeout_s, left_s))
        try:
            return self._fetch(
                file.url, limits=within, allowed_hosts=file.allowed_hosts, headers=file.headers
            )
        except FetchRefusedError as error:
            raise UpstreamError(Failure.BAD_REPLY, f"result: {error}") from error
        except FetchFailedError as error:
            raise UpstreamError(Failure.EXPIRED, f"result: {error}") from error


def _image(content: bytes, *, order: ImageOrder) -> Result:
    try:
        picture = clean_picture(content)
    except NotAPictureError as error:
        raise UpstreamError(Failure.BAD_REPLY, f"result {error}") from error
    if picture.format is not order.output_format:
        raise UpstreamError(Failure.BAD_REPLY, f"{picture.format} where {order.output_format} was asked for")
    _check_ratio(picture.width_px, picture.height_px, asked=order.aspect_ratio)
    return Result(
        content=picture.content,
        media_type=media_type(picture.format),
        file=DeliveredFile(width_px=picture.width_px, height_px=picture.height_px),
    )


def _video(content: bytes, *, order: VideoOrder) -> Result:
    try:
        video = clean_video(content)
    except NotAVideoError as error:
        raise UpstreamError(Failure.BAD_REPLY, f"result {error}") from error
    _check_ratio(video.width_px, video.height_px, asked=order.aspect_ratio)
    if abs(video.duration_ms - order.duration_s * 1000) > DURATION_TOLERANCE_MS:
        raise UpstreamError(Failure.BAD_REPLY, f"{video.duration_ms} ms for {order.duration_s} s")
    return Result(
        content=video.content,
        media_type=videos.MEDIA_TYPE,
        file=DeliveredFile(
            width_px=video.width_px, height_px=video.height_px, duration_s=round(video.duration_ms / 1000)
        ),
    )


def _check_ratio(width_px: int, height_px: int, *, asked: AspectRatio) -> None:
    width, height = (int(side) for side in asked.split(":"))
    if abs(width_px * height / (height_px * width) - 1) > RATIO_TOLERANCE:
        raise UpstreamError(Failure.BAD_REPLY, f"{width_px} x {height_px} for {asked}")
