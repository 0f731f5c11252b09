"""Images for clients that repeat by themselves: every image's purchase, and who is asking for it."""

import random
from functools import cache

from corent.accounts.limiter import LimitedError
from corent.adapters.aws import S3
from corent.adapters.dynamo.series import DynamoSeries
from corent.adapters.s3_outputs import S3Outputs
from corent.core.idempotency import fingerprint
from corent.edge.generations import PATH
from corent.edge.http import Exchange
from corent.edge.tries import try_of
from corent.usecases.generate_for_client import GenerateForClient
from corent.usecases.read_results import ReadResults
from corent.usecases.recognise_call import RecogniseCall
from corent.wiring import images
from corent.wiring.accounts import dynamodb
from corent.wiring.money import clock, jobs, settings, wallets
from corent.wiring.settings import read_settings
from corent.wiring.upstreams import ResultSettings


@cache
def recognise() -> RecogniseCall:
    return RecogniseCall(
        series=DynamoSeries(dynamodb(), table=settings().jobs_table), clock=clock(), random=random.random
    )


@cache
def generate() -> GenerateForClient:
    return GenerateForClient(
        generate=images.generate(), recognise=recognise(), wallets=wallets(), jobs=jobs(), clock=clock()
    )


@cache
def read_results() -> ReadResults:
    bucket = read_settings(ResultSettings).results_bucket
    return ReadResults(results=S3Outputs(S3(), bucket=bucket))


def turned_away(error: LimitedError, exchange: Exchange) -> None:
    """Note a request over its key's rate: its client comes again, and that is then no repeat of another call.

    A caller's own Idempotency-Key says as much by itself. Raises TemporarilyUnavailableError.
    """
    if error.wallet_id is None or error.key_sha256 is None or "idempotency-key" in exchange.headers:
        return
    recognise().turned_away(
        try_of(exchange),
        wallet_id=error.wallet_id,
        key_sha256=error.key_sha256,
        fingerprint=fingerprint("POST", PATH, exchange.raw_body),
    )
