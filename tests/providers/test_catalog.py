"""The catalog: every row complete, every tier served, nothing sold below its cost."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from corent.core.tiers import AspectRatio, ImageFormat, Kind, Preference, Tier
from corent.providers import bfl, catalog, fal, google_images, openai_images
from corent.providers.catalog import PROVIDERS, CatalogError, read_catalog
from corent.providers.credentials import Credentials
from corent.routing.offers import Offer
from tests.providers.doubles import Script

TODAY = date(2026, 11, 22)
TIERS = {tier.name: tier for tier in catalog.tiers()}
IMAGE_TIERS = [tier for tier in catalog.tiers() if tier.kind is Kind.IMAGE]
OFFERS = catalog.offers()
SHIPPED: dict[str, Any] = json.loads(
    Path(catalog.__file__).with_name("catalog.json").read_text(encoding="utf-8")
)

every_offer = pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.id)
every_image_tier = pytest.mark.parametrize("tier", IMAGE_TIERS, ids=lambda tier: tier.name)


def live(tier: Tier) -> list[Offer]:
    return [
        offer
        for offer in OFFERS
        if offer.tier == tier.name
        and offer.upstream not in {"sandbox", "selfhosted"}
        and (offer.retired_on is None or offer.retired_on > TODAY)
    ]


def test_the_tiers_are_the_published_ones() -> None:
    sold = {(tier.kind, tier.preference): (tier.name, tier.price_micros) for tier in TIERS.values()}
    assert sold == {
        (Kind.IMAGE, Preference.FAST): ("corent-image-fast", 20_000),
        (Kind.IMAGE, Preference.CHEAP): ("corent-image-economy", 10_000),
        (Kind.IMAGE, Preference.BALANCED): ("corent-image-standard", 40_000),
        (Kind.IMAGE, Preference.QUALITY): ("corent-image-studio", 120_000),
        (Kind.VIDEO, Preference.FAST): ("corent-video-fast", 80_000),
        (Kind.VIDEO, Preference.CHEAP): ("corent-video-economy", 50_000),
        (Kind.VIDEO, Preference.BALANCED): ("corent-video-premium", 126_000),
        (Kind.VIDEO, Preference.QUALITY): ("corent-video-cinematic", 300_000),
    }


@every_offer
def test_no_offer_costs_more_than_its_tier_is_sold_for(offer: Offer) -> None:
    assert 0 <= offer.cost_micros <= TIERS[offer.tier].price_micros


@every_offer
def test_every_offer_says_who_published_its_cost_and_when(offer: Offer) -> None:
    assert len(offer.cost_source) >= 10
    assert date(2026, 1, 1) <= offer.cost_read_on <= TODAY


@every_offer
def test_every_offer_has_sound_priors_and_abilities(offer: Offer) -> None:
    assert 0 < offer.typical_latency_ms < offer.slow_latency_ms
    assert 0 < offer.quality < 1
    assert offer.formats
    assert offer.aspect_ratios
    assert offer.count_max == 4


@every_offer
def test_every_offer_is_adapted_by_somebody(offer: Offer) -> None:
    assert offer.upstream in PROVIDERS


@every_image_tier
def test_every_image_tier_has_three_live_offers_of_two_companies(tier: Tier) -> None:
    assert len(live(tier)) >= 3
    assert len({offer.upstream for offer in live(tier)}) >= 2


@every_image_tier
@pytest.mark.parametrize("ratio", list(AspectRatio))
@pytest.mark.parametrize("image_format", [ImageFormat.PNG, ImageFormat.JPEG])
def test_failover_is_possible_for_every_plain_request(
    tier: Tier, ratio: AspectRatio, image_format: ImageFormat
) -> None:
    able = [offer for offer in live(tier) if ratio in offer.aspect_ratios and image_format in offer.formats]
    assert len(able) >= 2


@every_image_tier
def test_every_image_tier_takes_an_input_image(tier: Tier) -> None:
    assert any(offer.takes_image for offer in live(tier))


@every_image_tier
def test_the_sandbox_shows_three_different_candidates_that_can_do_everything(tier: Tier) -> None:
    rows = [offer for offer in OFFERS if offer.tier == tier.name and offer.upstream == "sandbox"]
    assert {offer.model for offer in rows} == {"sandbox-swift", "sandbox-steady", "sandbox-fine"}
    assert len({offer.typical_latency_ms for offer in rows}) == len({offer.quality for offer in rows}) == 3
    for offer in rows:
        assert (offer.asynchronous, offer.cost_micros, offer.count_max) == (True, 0, 4)
        assert offer.takes_seed
        assert offer.takes_image
        assert offer.takes_negative_prompt
        assert set(offer.formats) == set(ImageFormat)
        assert set(offer.aspect_ratios) == set(AspectRatio)


@every_image_tier
def test_every_image_tier_can_use_the_operators_own_server(tier: Tier) -> None:
    rows = [offer for offer in OFFERS if offer.tier == tier.name and offer.upstream == "selfhosted"]
    assert [offer.model for offer in rows] == ["default"]


def test_an_input_image_is_not_taken_where_it_would_cost_more_than_the_tier() -> None:
    taken = {offer.tier: offer.takes_image for offer in OFFERS if offer.model == "gpt-image-2:low"}
    assert taken == {"corent-image-fast": True, "corent-image-economy": False}


@pytest.mark.parametrize("name", ["gpt-image-1", "dall-e", "imagen", "preview", "gemini-2.5"])
def test_nothing_on_its_way_out_is_listed(name: str) -> None:
    assert [offer.id for offer in OFFERS if name in offer.model] == []


def test_every_fal_model_is_an_endpoint_the_adapter_knows() -> None:
    assert {offer.model for offer in OFFERS if offer.upstream == "fal"} == set(fal.ENDPOINTS)


def test_only_fals_fast_endpoints_answer_at_once() -> None:
    asynchronous = {offer.model: offer.asynchronous for offer in OFFERS if offer.upstream == "fal"}
    assert asynchronous == {model: not endpoint.answers_at_once for model, endpoint in fal.ENDPOINTS.items()}


def test_what_fal_takes_is_what_its_endpoints_take() -> None:
    for offer in (offer for offer in OFFERS if offer.upstream == "fal"):
        endpoint = fal.ENDPOINTS[offer.model]
        assert offer.takes_negative_prompt == endpoint.takes_negative_prompt
        assert offer.takes_image == (endpoint.edit is not None)


@pytest.mark.parametrize(
    ("name", "base_url"),
    [
        ("openai", openai_images.BASE_URL),
        ("fal", fal.QUEUE_BASE_URL),
        ("google", google_images.BASE_URL),
        ("bfl", bfl.BASE_URL),
        ("selfhosted", None),
        ("sandbox", None),
    ],
)
def test_every_provider_says_where_it_answers_and_where_its_secret_is(
    name: str, base_url: str | None
) -> None:
    assert PROVIDERS[name].base_url == base_url
    assert PROVIDERS[name].secret_name == f"corent/providers/{name}"


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_provider_can_be_made(name: str) -> None:
    credentials = Credentials(api_key="k", base_url="http://127.0.0.1:9")
    adapter = PROVIDERS[name].make_images(Script().client(), credentials)
    assert callable(adapter.submit)
    assert callable(adapter.check)


def test_reading_the_catalog_imports_no_adapter_and_no_http_library() -> None:
    program = (
        "import sys; from corent.providers import catalog; catalog.offers();"
        "print([name for name in sys.modules if name in ('httpx', 'httpcore', 'ssl')"
        " or name.startswith('corent.providers.') and name != 'corent.providers.catalog'])"
    )
    package_root = str(Path(catalog.__file__).parents[2])
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": package_root},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "[]"


def changed(**changes: Any) -> str:
    """A catalog of the shipped tiers and one shipped model, with these fields changed."""
    model = {**SHIPPED["images"][0], **changes}
    return json.dumps({"tiers": SHIPPED["tiers"], "images": [model]})


def test_the_shipped_rows_pass_when_nothing_is_changed() -> None:
    assert len(read_catalog(changed()).offers) == len(SHIPPED["images"][0]["offers"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        changed(upstream="nobody"),
        changed(model=""),
        changed(cost_micros=1.5),
        changed(cost_micros=True),
        changed(cost_micros=-1),
        changed(cost_micros=10_001),
        changed(cost_source=None),
        changed(cost_read_on="yesterday"),
        changed(retired_on="soon"),
        changed(typical_latency_ms=99_999_999),
        changed(asynchronous="no"),
        changed(formats=["gif"]),
        changed(formats=[]),
        changed(aspect_ratios=["1:1", "1:1"]),
        changed(count_max=0),
        changed(offers=[]),
        changed(offers=[{"tier": "corent-image-gone", "quality": 0.5}]),
        changed(offers=[{"tier": "corent-video-fast", "quality": 0.5}]),
        changed(offers=[{"tier": "corent-image-fast", "quality": 5.0}]),
        changed(offers=[{"tier": "corent-image-fast", "quality": 0.5}] * 2),
        changed(offers=[{"tier": "corent-image-fast", "quality": 0.5, "note": "x"}]),
        changed(note="x"),
        json.dumps({"tiers": [{}], "images": []}),
    ],
)
def test_a_catalog_with_a_mistake_is_not_taken(text: str) -> None:
    with pytest.raises(CatalogError):
        read_catalog(text)


def test_a_date_of_retirement_is_read() -> None:
    offers = read_catalog(changed(retired_on="2027-01-31")).offers
    assert {offer.retired_on for offer in offers} == {date(2027, 1, 31)}
