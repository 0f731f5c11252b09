"""The upstreams: who is on offer, and their adapters with the credentials in force now."""

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aws_lambda_powertools.logging import Logger

from corent.adapters.aws import S3, SecretsManager
from corent.adapters.dynamo.health import DynamoHealth
from corent.adapters.s3_outputs import S3Outputs
from corent.adapters.safe_fetch import SafeFetch
from corent.adapters.secrets import ProviderSecrets
from corent.core.clock import SystemClock
from corent.core.money import MICROS_PER_CENT
from corent.core.upstream import AccountUpstream, Failure, ImageUpstream, UpstreamError, VideoUpstream
from corent.providers.catalog import PROVIDERS, offers
from corent.providers.credentials import Credentials
from corent.usecases.judge_results import JudgeResults
from corent.usecases.offers_on_sale import DailyCaps, OffersOnSale
from corent.usecases.store_results import StoreResults
from corent.wiring.accounts import dynamodb
from corent.wiring.local_hosts import caller_http_hosts, local_hosts
from corent.wiring.settings import Settings, read_settings

if TYPE_CHECKING:
    import httpx

log = Logger(service="corent")
_CAP = "daily_cap_cents"


class UpstreamSettings(Settings):
    """`upstream_daily_cap_cents` is what all upstreams together may cost us a day; 0 is no cap."""

    health_table: str
    upstream_daily_cap_cents: int


class ResultSettings(Settings):
    results_bucket: str


@cache
def settings() -> UpstreamSettings:
    return read_settings(UpstreamSettings)


@cache
def on_sale() -> OffersOnSale:
    return OffersOnSale(
        offers=offers(),
        credentialed=_with_secret,
        caps=_caps,
        health=DynamoHealth(dynamodb(), table=settings().health_table, clock=SystemClock()),
        clock=SystemClock(),
    )


@cache
def fetch_input() -> SafeFetch:
    return SafeFetch(http_hosts=caller_http_hosts())


@cache
def store_results() -> StoreResults:
    bucket = read_settings(ResultSettings).results_bucket
    return StoreResults(judge=judge_results(), outputs=S3Outputs(S3(), bucket=bucket))


@cache
def judge_results() -> JudgeResults:
    return JudgeResults(fetch=SafeFetch(http_hosts=local_hosts()), clock=SystemClock())


class Upstreams:
    """Adapters by provider; made anew when their credentials change."""

    def images(self, name: str) -> ImageUpstream:
        return _images(name, _credentials(name))

    def videos(self, name: str) -> VideoUpstream:
        return _videos(name, _credentials(name))

    def account(self, name: str) -> AccountUpstream:
        """Either of its adapters: both are of the same account."""
        return self.videos(name) if PROVIDERS[name].images is None else self.images(name)


def log_failed_attempt(job_id: str, offer_id: str, failure: Failure) -> None:
    """What an upstream wrote is left out: it may repeat the prompt."""
    log.warning("attempt failed", job_id=job_id, offer=offer_id, failure=failure.value)


@cache
def provider_secrets() -> ProviderSecrets:
    names = tuple(provider.secret_name for provider in PROVIDERS.values())
    return ProviderSecrets(_secrets_manager, names=names, clock=SystemClock())


@cache
def _secrets_manager() -> SecretsManager:
    return SecretsManager()


def _with_secret() -> frozenset[str]:
    """Providers an operator has put on offer, also where the secret cannot be used.

    A misspelt secret must not hand paying callers to the sandbox: its attempts fail, and are seen to fail.
    """
    stored = provider_secrets()()
    return frozenset(name for name, provider in PROVIDERS.items() if provider.secret_name in stored)


def _caps() -> DailyCaps:
    """The total from the template's parameter, a provider's own from its secret.

    A cap that an operator misspelt is one of nothing: that provider is not bought from until it is mended.
    """
    stored = provider_secrets()()
    own = {
        name: _cap_micros(stored[provider.secret_name][_CAP])
        for name, provider in PROVIDERS.items()
        if _CAP in stored.get(provider.secret_name, {})
    }
    total_cents = settings().upstream_daily_cap_cents
    return DailyCaps(total_micros=total_cents * MICROS_PER_CENT if total_cents else None, micros=own)


def _cap_micros(cents: str) -> int:
    return int(cents) * MICROS_PER_CENT if cents.isascii() and cents.isdigit() else 0


def _credentials(name: str) -> Credentials:
    credentials = _usable(name, provider_secrets()().get(PROVIDERS[name].secret_name))
    if credentials is None:
        raise UpstreamError(Failure.AUTH, "it has no usable credentials")
    return credentials


def _usable(name: str, secret: dict[str, str] | None) -> Credentials | None:
    """The credentials of a secret, None where an operator left out or misspelt something.

    Plain http leads to the local stage's own hosts or nowhere: a secret that asks for more is not used.
    An empty secret may be one that cannot be read, with a cap in it: it is not used, even where no key
    is needed.
    """
    if not secret:
        return None
    urls = {field: secret[field] for field in ("base_url", "sync_base_url") if secret.get(field)}
    encrypted = all(
        url.startswith("https://") or (url.startswith("http://") and urlsplit(url).hostname in local_hosts())
        for url in urls.values()
    )
    needs_key, needs_url = PROVIDERS[name].needs_key, PROVIDERS[name].base_url is None
    if not encrypted or (needs_key and not secret.get("api_key")) or (needs_url and "base_url" not in urls):
        return None
    try:
        return Credentials(api_key=secret.get("api_key", ""), region=secret.get("region") or None, **urls)
    except ValueError:
        return None


@cache
def _images(name: str, credentials: Credentials) -> ImageUpstream:
    return PROVIDERS[name].make_images(_http_client(), credentials)


@cache
def _videos(name: str, credentials: Credentials) -> VideoUpstream:
    return PROVIDERS[name].make_videos(_http_client(), credentials)


@cache
def _http_client() -> "httpx.Client":
    from corent.providers._http import make_client  # Imports httpx: only where an upstream is called.

    return make_client()
