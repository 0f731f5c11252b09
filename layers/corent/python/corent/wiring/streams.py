"""Streams of jobs, and the tokens that open them."""

from functools import cache

from corent.adapters.aws import SecretsManager
from corent.adapters.secrets import TokenSecret
from corent.usecases.stream_job import StreamJob
from corent.usecases.stream_tokens import StreamTokens
from corent.wiring import money
from corent.wiring.settings import Settings, read_settings


class StreamSettings(Settings):
    """`stream_secret` is the name of the secret that tokens are made with."""

    stage: str
    stream_secret: str


@cache
def settings() -> StreamSettings:
    return read_settings(StreamSettings)


@cache
def stream_job() -> StreamJob:
    return StreamJob(jobs=money.jobs(), public_base_url=money.settings().public_base_url, clock=money.clock())


@cache
def tokens() -> StreamTokens:
    secret = TokenSecret(SecretsManager(), name=settings().stream_secret)
    return StreamTokens(jobs=money.jobs(), secret=secret, clock=money.clock())


def is_behind_gateway() -> bool:
    """Whether API Gateway stands in front of a stream's connection; locally the front does."""
    return settings().stage != "local"
