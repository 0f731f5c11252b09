"""The list that keeps upstreams unknown: long enough, complete, and silent about our own words."""

import pytest

from corent.providers import catalog
from corent.routing.offers import Offer
from tests.forbidden_words import FORBIDDEN_WORDS, find_forbidden


def test_the_list_has_a_hundred_words_in_lower_case_and_none_twice() -> None:
    assert len(set(FORBIDDEN_WORDS)) == len(FORBIDDEN_WORDS) >= 100
    assert [word for word in FORBIDDEN_WORDS if word != word.lower()] == []


@pytest.mark.parametrize("word", FORBIDDEN_WORDS)
def test_every_word_is_found_in_the_middle_of_a_text(word: str) -> None:
    assert find_forbidden(f'{{"server":"https://{word.upper()}/x"}}') != []


# "default" names nobody: it is what a server of the operator's own is asked for.
@pytest.mark.parametrize(
    "offer", [offer for offer in catalog.offers() if offer.model != "default"], ids=lambda offer: offer.id
)
def test_every_model_of_the_catalog_is_found(offer: Offer) -> None:
    assert find_forbidden(f"made by {offer.model}.") != []


# Their names are words of plain English by themselves: their hosts are what tells.
PLAIN_NAMES = {"replicate", "runway", "stability", "together"}


@pytest.mark.parametrize(
    "provider", [name for name in catalog.PROVIDERS if name not in {"sandbox", *PLAIN_NAMES}]
)
def test_every_provider_of_the_catalog_is_found(provider: str) -> None:
    assert find_forbidden(f"x-upstream: {provider}") == [provider]


@pytest.mark.parametrize("base_url", [provider.base_url for provider in catalog.PROVIDERS.values()])
def test_every_host_of_the_catalog_is_found(base_url: str | None) -> None:
    assert base_url is None or find_forbidden(base_url) != []


@pytest.mark.parametrize(
    "text",
    [
        '{"error": {"type": "api_error", "code": "tier_unavailable", "message": "Try again."}}',
        '{"id": "job_01JD8ZK3V6W2Q9T5X7R4M1B0NC", "meta": {"model": "corent-image-fast", "cost_cents": 2}}',
        '{"reasoning": "Optimized for cost and speed.", "excluded": [{"name": "D"}]}',
        "co_live_Q3fAl9bFlXaIvEo0KlInGgRoKsOrAdAlLe12345",
        "Results are replicated; put the parts together. Stability matters. Runway lights at the airport.",
        "style must be one of photorealistic, illustration, anime, 3d, pixel-art, line-art, cinematic",
        "A false value, a default, an offal pie, reflux, a videographer and vidual colours.",
        "corent-image-studio corent-video-premium sandbox test mode",
        "https://127.0.0.1:3000/files/7h2k/0.png",
    ],
)
def test_our_own_text_hits_nothing(text: str) -> None:
    assert find_forbidden(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("veo3.1", ["veo"]),
        ("https://v3b.fal.media/files", ["fal.media"]),
        ("X-Fal-Request-Id: 1", ["x-fal"]),
        ("Software: Gemini; flux.1 and flux.1", ["gemini", "flux.1"]),
        ("delivery-eu1.bfl.ai", ["bfl.ai"]),
    ],
)
def test_names_are_found_in_any_dress(text: str, found: list[str]) -> None:
    assert find_forbidden(text) == found
