"""GET /v1/jobs/{id}/stream: a job's events as they happen, as server-sent events.

`app` sends them over one connection, `handler` in windows where answers are held back until they are whole.
"""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import reading_jobs
from corent.edge.event_stream import STREAM_RESPONSES, EventStream, LastEventId, StreamApi, TokenQuery
from corent.wiring import accounts, money, streams

handler = StreamApi(
    access=reading_jobs(accounts.authenticate),
    tokens=streams.tokens,
    streams=streams.stream_job,
    clock=money.clock(),
)
app = EventStream(handler, is_behind_gateway=streams.is_behind_gateway)


@handler.routes.get("/v1/jobs/<job_id>/stream", responses=STREAM_RESPONSES)
def window(job_id: str, _token: TokenQuery = None, _last_event_id: LastEventId = None) -> Response[str]:
    return handler.window(job_id)
