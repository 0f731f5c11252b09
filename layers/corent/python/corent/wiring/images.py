"""Image generation inside a request."""

from functools import cache

from corent.core.clock import SystemClock
from corent.providers.catalog import offers
from corent.usecases.generate_image import GenerateImage
from corent.usecases.inline_attempts import InlineAttempts
from corent.wiring.executions import executions
from corent.wiring.money import jobs, settle_job
from corent.wiring.orders import place_order
from corent.wiring.upstreams import Upstreams, log_failed_attempt, store_results


@cache
def generate() -> GenerateImage:
    return GenerateImage(
        place=place_order(),
        attempts=InlineAttempts(
            offers={(offer.tier, offer.id): offer for offer in offers()},
            upstream=Upstreams().images,
            store=store_results(),
            observe=log_failed_attempt,
            clock=SystemClock(),
        ),
        settle=settle_job(),
        jobs=jobs(),
        start=executions().start,
        clock=SystemClock(),
    )
