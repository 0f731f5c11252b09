"""How webhooks were delivered."""

from functools import cache

from corent.usecases.read_deliveries import ReadDeliveries
from corent.wiring.batches import read_batches
from corent.wiring.money import outboxes, read_jobs
from corent.wiring.notices import notices


@cache
def read_deliveries() -> ReadDeliveries:
    return ReadDeliveries(jobs=read_jobs(), batches=read_batches(), notices=notices(), outboxes=outboxes())
