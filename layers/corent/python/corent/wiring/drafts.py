"""Drafts: what an order costs and how it would be routed, before any money is touched."""

from functools import cache

from corent.providers.catalog import tiers
from corent.usecases.draft_job import DraftJob
from corent.wiring.upstreams import on_sale


@cache
def draft_job() -> DraftJob:
    return DraftJob(tiers=tiers(), offers=on_sale())
