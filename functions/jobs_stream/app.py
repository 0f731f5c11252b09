"""GET /v1/jobs/{id}/stream: the job's events as they happen (`app`), or in windows (`handler`)."""

from corent.edge.access import reading_jobs
from corent.edge.event_stream import EventStream, StreamApi
from corent.wiring import accounts, money, streams

handler = StreamApi(
    access=reading_jobs(accounts.authenticate),
    tokens=streams.tokens,
    streams=streams.stream_job,
    clock=money.clock(),
)
app = EventStream(handler, is_behind_gateway=streams.is_behind_gateway)
