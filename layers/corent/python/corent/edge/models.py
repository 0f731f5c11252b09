"""Tiers as OpenAI lists models."""

from typing import Final

from corent.core.errors import NotFoundError
from corent.core.tiers import Kind, Tier
from corent.edge.bodies.models import ModelReply, ModelsReply

# When these tiers were first described, 2026-11-22, in seconds since the epoch.
CREATED_S: Final = 1_795_305_600


def models_reply(tiers: tuple[Tier, ...]) -> ModelsReply:
    """Every tier, in the catalog's order."""
    return ModelsReply(object="list", data=[_model(tier) for tier in tiers])


def model_reply(name: str, *, tiers: tuple[Tier, ...]) -> ModelReply:
    """The tier of that name. Raises NotFoundError."""
    for tier in tiers:
        if tier.name == name:
            return _model(tier)
    raise NotFoundError("There is no such model.")


def _model(tier: Tier) -> ModelReply:
    return ModelReply.model_validate(
        {
            "id": tier.name,
            "object": "model",
            "created": CREATED_S,
            "owned_by": "corent",
            "kind": tier.kind.value,
            "preference": tier.preference.value,
            "price_micros": tier.price_micros,
            "unit": "image" if tier.kind is Kind.IMAGE else "second",
        }
    )
