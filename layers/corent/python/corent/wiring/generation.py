"""The steps of the state machine."""

from functools import cache

from corent.core.callback_tokens import mint_token
from corent.core.clock import SystemClock
from corent.providers.catalog import PROVIDERS, offers
from corent.routing.offers import Offer
from corent.usecases.carry_generation import CarryGeneration, Upkeep
from corent.usecases.offers_on_sale import SANDBOX
from corent.wiring.callback_secret import callback_secret
from corent.wiring.executions import executions
from corent.wiring.money import jobs, settle_job
from corent.wiring.settings import Settings, read_settings
from corent.wiring.upstreams import Upstreams, fetch_input, log_failed_attempt, store_results


class CallbackSettings(Settings):
    """`callback_base_url` is where upstreams reach the API, without a slash at the end."""

    callback_base_url: str


@cache
def steps() -> CarryGeneration:
    return CarryGeneration(
        jobs=jobs(),
        settle=settle_job(),
        store=store_results(),
        fetch_input=fetch_input(),
        tell=executions().tell,
        upkeep=Upkeep(
            offers={(offer.tier, offer.id): offer for offer in offers()},
            upstreams=Upstreams(),
            callback_url=callback_url,
            is_repeatable=_is_repeatable,
            observe=log_failed_attempt,
        ),
        clock=SystemClock(),
    )


def callback_url(provider: str, job_id: str, attempt: int) -> str | None:
    """Where that upstream may report an attempt's end; None where it could not reach us anyway."""
    base_url = read_settings(CallbackSettings).callback_base_url
    if not base_url.startswith("https://") and provider != SANDBOX:
        return None
    token = mint_token(job_id, attempt=attempt, provider=provider, secret=callback_secret()())
    return f"{base_url}/v1/callbacks/{provider}/{token}"


def _is_repeatable(offer: Offer) -> bool:
    return PROVIDERS[offer.upstream].idempotent_submits
