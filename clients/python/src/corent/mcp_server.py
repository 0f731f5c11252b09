"""The API's tools for agents, by the Model Context Protocol over stdin and stdout (extra `mcp`).

Tools wait less than a minute unless told otherwise: many clients give up on a call after 60 s. What is not
ready by then is answered as it stands, with its id; `get_job` takes it up again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Annotated, Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field
from typing_extensions import TypedDict

from corent import __version__
from corent.answers import Job, JobError
from corent.async_client import AsyncCorent
from corent.errors import CorentError, WaitTimeoutError
from corent.orders import ImageRatio, Kind, OnRefusal, OutputFormat, Preference, Resolution, Style, VideoRatio

WAIT_S = 50.0
WAIT_MAX_S = 600.0
INSTRUCTIONS = (
    "Generates images and videos on a prepaid balance. Prices are fixed and charged once, only for what is"
    " delivered; `quote` tells a price before. A result is a link that stays valid for 30 days. When a job is"
    " still queued or processing, call get_job with its id; ordering again would buy again, unless the same"
    " idempotency_key is given."
)

Prompt = Annotated[str, Field(description="What is to be seen.", min_length=1, max_length=4_000)]
PreferenceOf = Annotated[Preference, Field(description="What matters most; it decides tier and price.")]
Seed = Annotated[int | None, Field(description="For similar results again.", ge=0, le=2_147_483_647)]
Negative = Annotated[
    str | None, Field(description="What should not be seen.", min_length=1, max_length=2_000)
]
ImageUrl = Annotated[
    str | None,
    Field(description="Public https address of an image to start from (of a video: its first frame)."),
]
MaxCost = Annotated[int | None, Field(description="Refuse when the price is above this, in US cents.", ge=0)]
Refusal = Annotated[
    OnRefusal, Field(description="failover: when the content is refused, one other is asked.")
]
IdempotencyKey = Annotated[
    str | None,
    Field(description="The same order with the same key is bought once, for 24 hours.", max_length=255),
]
WaitS = Annotated[float, Field(description="How long to wait for the end, in seconds.", ge=0, le=WAIT_MAX_S)]
JobId = Annotated[str, Field(description="The job's id, job_….")]


class File(TypedDict, total=False):
    """One result."""

    url: str
    width: int
    height: int
    duration_s: int


class JobMeta(TypedDict):
    """What the job has come to; cost_cents is 0 until it has completed."""

    model: str
    cost_cents: int
    duration_ms: int | None
    progress_percent: int


class JobProblem(TypedDict):
    """Why the job failed."""

    code: str
    message: str
    request_id: str
    retryable: bool


class JobState(TypedDict):
    """A job as it stands: queued, processing, completed, failed or cancelled."""

    id: str
    kind: str
    status: str
    files: list[File]
    meta: JobMeta
    error: JobProblem | None


class Money(TypedDict):
    """The balance, in US cents."""

    balance_cents: int
    available_cents: int
    held_cents: int


class Price(TypedDict):
    """What an order costs and about how long it takes; binding until expires_at with the quote_id."""

    quote_id: str
    model: str
    price_cents: int
    expected_ms: int
    p95_ms: int
    expires_at: str


Session = Context[AsyncCorent, Any]


@contextmanager
def _said() -> Iterator[None]:
    """Turn the client's errors into the tool's: code and message, for the agent to read."""
    try:
        yield
    except CorentError as error:
        again = " It may be tried again." if error.retryable else ""
        raise ToolError(
            f"{error.code}: {error.message}{again} (request {error.request_id or 'unknown'})"
        ) from error
    except ValueError as error:
        # An id or a key that cannot be one; the client finds that before it sends anything.
        raise ToolError(f"invalid_request: {error}") from error


def _problem(error: JobError) -> JobProblem:
    return {
        "code": error.code,
        "message": error.message,
        "request_id": error.request_id,
        "retryable": error.retryable,
    }


def _state(job: Job) -> JobState:
    error = job.error
    return {
        "id": job.id,
        "kind": job.kind,
        "status": job.status,
        "files": list(job.raw.get("images") or job.raw.get("videos") or []),
        "meta": {
            "model": job.meta.model,
            "cost_cents": job.meta.cost_cents,
            "duration_ms": job.meta.duration_ms,
            "progress_percent": job.meta.progress_percent,
        },
        "error": None if error is None else _problem(error),
    }


async def _waited(context: Session, job_id: str, wait_s: float) -> Job:
    """Return the job once it has ended or the time is over, with a progress notification for each change."""
    client = context.request_context.lifespan_context
    job: Job | None = None
    if wait_s > 0:
        try:
            async with aclosing(client.jobs.watch(job_id, timeout_s=wait_s)) as changes:
                async for job in changes:
                    await context.report_progress(job.meta.progress_percent, 100, f"{job.id} is {job.status}")
        except WaitTimeoutError:
            pass
    if job is None or not job.has_ended:
        job = await client.jobs.get(job_id)
    return job


def _delivered(job: Job) -> JobState:
    """Return what an order came to; that it failed is a tool error, as if it had been refused at once."""
    if job.error is not None:
        raise ToolError(
            f"{job.error.code}: {job.error.message}"
            f" ({job.id}, request {job.error.request_id}; nothing was charged)"
        )
    return _state(job)


async def generate_image(
    context: Session,
    prompt: Prompt,
    preference: PreferenceOf = "balanced",
    aspect_ratio: ImageRatio = "1:1",
    style: Style | None = None,
    n: Annotated[int, Field(description="How many images; each has its price.", ge=1, le=4)] = 1,
    output_format: OutputFormat = "png",
    seed: Seed = None,
    negative_prompt: Negative = None,
    image_url: ImageUrl = None,
    on_refusal: Refusal = "fail",
    max_cost_cents: MaxCost = None,
    idempotency_key: IdempotencyKey = None,
    wait_s: WaitS = WAIT_S,
) -> JobState:
    """Generate images from a prompt and wait for them. Costs money; `quote` tells how much."""
    client = context.request_context.lifespan_context
    with _said():
        answer = await client.images.generate(
            prompt,
            idempotency_key=idempotency_key,
            preference=preference,
            aspect_ratio=aspect_ratio,
            style=style,
            n=n,
            output_format=output_format,
            seed=seed,
            negative_prompt=negative_prompt,
            image_url=image_url,
            on_refusal=on_refusal,
            max_cost_cents=max_cost_cents,
            wait_s=0,
        )
        return _delivered(await _waited(context, answer.id, wait_s))


async def generate_video(
    context: Session,
    prompt: Prompt,
    preference: PreferenceOf = "balanced",
    aspect_ratio: VideoRatio = "16:9",
    duration_s: Annotated[int, Field(description="Length in whole seconds.", ge=1, le=10)] = 5,
    resolution: Resolution = "720p",
    seed: Seed = None,
    negative_prompt: Negative = None,
    image_url: ImageUrl = None,
    on_refusal: Refusal = "fail",
    max_cost_cents: MaxCost = None,
    idempotency_key: IdempotencyKey = None,
    wait_s: WaitS = WAIT_S,
) -> JobState:
    """Generate a video from a prompt and wait for it, maybe minutes. Costs money; `quote` tells how much."""
    client = context.request_context.lifespan_context
    with _said():
        answer = await client.videos.generate(
            prompt,
            idempotency_key=idempotency_key,
            preference=preference,
            aspect_ratio=aspect_ratio,
            duration_s=duration_s,
            resolution=resolution,
            seed=seed,
            negative_prompt=negative_prompt,
            image_url=image_url,
            on_refusal=on_refusal,
            max_cost_cents=max_cost_cents,
        )
        return _delivered(await _waited(context, answer.id, wait_s))


async def get_job(context: Session, job_id: JobId, wait_s: WaitS = 0.0) -> JobState:
    """Look at an image's or video's job, or wait for it; costs nothing."""
    with _said():
        return _state(await _waited(context, job_id, wait_s))


async def get_balance(context: Session) -> Money:
    """Look at the prepaid balance; costs nothing."""
    with _said():
        answer = await context.request_context.lifespan_context.account.balance()
    return {
        "balance_cents": answer.balance_cents,
        "available_cents": answer.available_cents,
        "held_cents": answer.held_cents,
    }


async def quote(
    context: Session,
    prompt: Prompt,
    kind: Annotated[Kind, Field(description="What is to be made.")] = "image",
    preference: PreferenceOf = "balanced",
    aspect_ratio: Annotated[ImageRatio | None, Field(description="A video: 16:9, 9:16 or 1:1.")] = None,
    n: Annotated[int | None, Field(description="How many images.", ge=1, le=4)] = None,
    duration_s: Annotated[int | None, Field(description="A video's length in seconds.", ge=1, le=10)] = None,
    resolution: Annotated[Resolution | None, Field(description="A video's.")] = None,
) -> Price:
    """Tell what an order would cost and take, without buying it; costs nothing."""
    given = {"aspect_ratio": aspect_ratio, "n": n, "duration_s": duration_s, "resolution": resolution}
    options: Any = {name: value for name, value in given.items() if value is not None}
    with _said():
        answer = await context.request_context.lifespan_context.quote(
            prompt, kind=kind, preference=preference, **options
        )
    return {
        "quote_id": answer.quote_id,
        "model": answer.model,
        "price_cents": answer.price_cents,
        "expected_ms": answer.expected_ms,
        "p95_ms": answer.p95_ms,
        "expires_at": answer.expires_at,
    }


def server(*, api_key: str | None, base_url: str) -> MCPServer[AsyncCorent]:
    """Return the server with its five tools."""

    @asynccontextmanager
    async def lifespan(_server: MCPServer[AsyncCorent]) -> AsyncIterator[AsyncCorent]:
        async with AsyncCorent(api_key=api_key, base_url=base_url) as client:
            yield client

    made: MCPServer[AsyncCorent] = MCPServer(
        "corent", version=__version__, instructions=INSTRUCTIONS, lifespan=lifespan, log_level="WARNING"
    )
    buys = ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
    )
    looks = ToolAnnotations(read_only_hint=True, open_world_hint=True)
    for tool, hints in (
        (generate_image, buys),
        (generate_video, buys),
        (get_job, looks),
        (get_balance, looks),
        (quote, looks),
    ):
        made.add_tool(tool, annotations=hints)
    return made


def serve(*, api_key: str | None, base_url: str) -> None:
    """Serve on stdin and stdout until stdin ends."""
    server(api_key=api_key, base_url=base_url).run("stdio")
