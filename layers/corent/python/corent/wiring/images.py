"""Image generation: the ledger, the offers, the providers behind them, and the way results take."""

import os
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aws_lambda_powertools.logging import Logger

from corent.adapters.aws import S3, Lambda, SecretsManager
from corent.adapters.dynamo.health import DynamoHealth
from corent.adapters.invocations import Invocations
from corent.adapters.s3_outputs import S3Outputs
from corent.adapters.safe_fetch import SafeFetch
from corent.adapters.secrets import ProviderSecrets
from corent.core.clock import SystemClock
from corent.core.upstream import Failure, ImageUpstream, UpstreamError
from corent.providers.catalog import PROVIDERS, offers, tiers
from corent.providers.credentials import Credentials
from corent.usecases.carry_image import CarryImage
from corent.usecases.generate_image import GenerateImage
from corent.usecases.image_attempts import ImageAttempts
from corent.usecases.offers_on_sale import OffersOnSale
from corent.wiring.accounts import dynamodb
from corent.wiring.money import jobs, settle_image, wallets
from corent.wiring.settings import Settings, read_settings

if TYPE_CHECKING:
    import httpx

log = Logger(service="corent")
LOCAL_STAGE = "local"
LOOPBACK = "127.0.0.1"
SELF_HOSTED = "selfhosted"  # Its server may ask for no key.


class ImageSettings(Settings):
    """`allow_loopback` lets callers of a local stage give loopback addresses; nothing elsewhere."""

    stage: str
    health_table: str
    results_bucket: str
    overdue_function: str = ""
    allow_loopback: bool = False


@cache
def settings() -> ImageSettings:
    return read_settings(ImageSettings)


@cache
def generate() -> GenerateImage:
    return GenerateImage(
        tiers=tiers(),
        offers=_on_sale(),
        wallets=wallets(),
        jobs=jobs(),
        attempts=_attempts(),
        settle=settle_image(),
        fetch_input=_fetch_input(),
        carry_on=Invocations(Lambda(), function=settings().overdue_function),
        clock=SystemClock(),
    )


@cache
def carry() -> CarryImage:
    return CarryImage(
        jobs=jobs(),
        attempts=_attempts(),
        settle=settle_image(),
        fetch_input=_fetch_input(),
        clock=SystemClock(),
    )


@cache
def _attempts() -> ImageAttempts:
    return ImageAttempts(
        offers={(offer.tier, offer.id): offer for offer in offers()},
        upstream=_upstream,
        fetch=SafeFetch(http_hosts=_local_hosts()),
        outputs=S3Outputs(S3(), bucket=settings().results_bucket),
        observe=_log_failed_attempt,
        clock=SystemClock(),
    )


def _log_failed_attempt(job_id: str, offer_id: str, failure: Failure) -> None:
    """What an upstream wrote is left out: it may repeat the prompt."""
    log.warning("attempt failed", job_id=job_id, offer=offer_id, failure=failure.value)


@cache
def _on_sale() -> OffersOnSale:
    return OffersOnSale(
        offers=offers(),
        credentialed=_with_secret,
        health=DynamoHealth(dynamodb(), table=settings().health_table),
        clock=SystemClock(),
    )


@cache
def _provider_secrets() -> ProviderSecrets:
    names = tuple(provider.secret_name for provider in PROVIDERS.values())
    return ProviderSecrets(_secrets_manager, names=names, clock=SystemClock())


@cache
def _secrets_manager() -> SecretsManager:
    return SecretsManager()


def _with_secret() -> frozenset[str]:
    """Providers an operator has put on offer, also where the secret cannot be used.

    A misspelt secret must not hand paying callers to the sandbox: its attempts fail, and are seen to fail.
    """
    stored = _provider_secrets()()
    return frozenset(name for name, provider in PROVIDERS.items() if provider.secret_name in stored)


def _usable(name: str, secret: dict[str, str] | None) -> Credentials | None:
    """The credentials of a secret, None where an operator left out or misspelt something.

    Plain http leads to the local stage's own hosts or nowhere: a secret that asks for more is not used.
    """
    if secret is None:
        return None
    urls = {field: secret[field] for field in ("base_url", "sync_base_url") if secret.get(field)}
    encrypted = all(
        url.startswith("https://") or (url.startswith("http://") and urlsplit(url).hostname in _local_hosts())
        for url in urls.values()
    )
    needs_key, needs_url = name != SELF_HOSTED, PROVIDERS[name].base_url is None
    if not encrypted or (needs_key and not secret.get("api_key")) or (needs_url and "base_url" not in urls):
        return None
    try:
        return Credentials(api_key=secret.get("api_key", ""), **urls)
    except ValueError:
        return None


def _upstream(name: str) -> ImageUpstream:
    """The adapter with the credentials in force now; made anew when they change."""
    credentials = _usable(name, _provider_secrets()().get(PROVIDERS[name].secret_name))
    if credentials is None:
        raise UpstreamError(Failure.AUTH, "it has no usable credentials")
    return _adapter(name, credentials)


@cache
def _adapter(name: str, credentials: Credentials) -> ImageUpstream:
    return PROVIDERS[name].make_images(_http_client(), credentials)


@cache
def _http_client() -> "httpx.Client":
    from corent.providers._http import make_client  # Imports httpx: only where an upstream is called.

    return make_client()


@cache
def _fetch_input() -> SafeFetch:
    allowed = settings().allow_loopback and settings().stage == LOCAL_STAGE
    return SafeFetch(http_hosts=frozenset({LOOPBACK}) if allowed else frozenset())


@cache
def _local_hosts() -> frozenset[str]:
    """Whom the local stage may call by plain http: this machine, and where its emulated services listen."""
    if settings().stage != LOCAL_STAGE:
        return frozenset()
    emulator = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname
    return frozenset({LOOPBACK, emulator} if emulator else {LOOPBACK})
