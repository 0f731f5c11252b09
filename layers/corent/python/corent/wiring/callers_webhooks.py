"""What a caller's webhook is checked and sealed with."""

from functools import cache

from corent.adapters.aws import KMS
from corent.adapters.kms import SecretSeal
from corent.adapters.safe_post import SafePost
from corent.wiring.local_hosts import caller_http_hosts
from corent.wiring.settings import Settings, read_settings


class SealSettings(Settings):
    webhook_key_id: str


class CallersWebhooks:
    """Webhooks of the place-order use case; made of parts that most requests never need."""

    def check(self, url: str) -> None:
        _post().check(url)

    def seal(self, secret: str, *, wallet_id: str, job_id: str) -> str:
        return _seal().seal(secret, wallet_id=wallet_id, job_id=job_id)


@cache
def _post() -> SafePost:
    return SafePost(http_hosts=caller_http_hosts())


@cache
def _seal() -> SecretSeal:
    return SecretSeal(KMS(), key_id=read_settings(SealSettings).webhook_key_id)
