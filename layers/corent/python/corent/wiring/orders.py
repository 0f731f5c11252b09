"""Orders: the one write that makes a job, and what a caller's webhook is checked and sealed with."""

from functools import cache

from corent.adapters.aws import KMS
from corent.adapters.kms import SecretSeal
from corent.adapters.safe_post import SafePost
from corent.core.clock import SystemClock
from corent.providers.catalog import tiers
from corent.usecases.draft_job import DraftJob
from corent.usecases.place_order import PlaceOrder
from corent.wiring.local_hosts import caller_http_hosts
from corent.wiring.money import jobs, wallets
from corent.wiring.settings import Settings, read_settings
from corent.wiring.upstreams import fetch_input, on_sale


class SealSettings(Settings):
    webhook_key_id: str


class CallersWebhooks:
    """Webhooks of the place-order use case; made of parts that most requests never need."""

    def check(self, url: str) -> None:
        _post().check(url)

    def seal(self, secret: str, *, wallet_id: str, job_id: str) -> str:
        return _seal().seal(secret, wallet_id=wallet_id, job_id=job_id)


@cache
def draft_job() -> DraftJob:
    return DraftJob(tiers=tiers(), offers=on_sale())


@cache
def place_order() -> PlaceOrder:
    return PlaceOrder(
        draft=draft_job(),
        wallets=wallets(),
        jobs=jobs(),
        webhooks=CallersWebhooks(),
        fetch_input=fetch_input(),
        clock=SystemClock(),
    )


@cache
def _post() -> SafePost:
    return SafePost(http_hosts=caller_http_hosts())


@cache
def _seal() -> SecretSeal:
    return SecretSeal(KMS(), key_id=read_settings(SealSettings).webhook_key_id)
