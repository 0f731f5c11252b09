"""The catalog: every row complete, every tier served, nothing sold below its cost."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from corent.core.tiers import AspectRatio, ImageFormat, Kind, Preference, Resolution, Tier
from corent.providers import (
    bedrock,
    bfl,
    catalog,
    fal,
    fal_videos,
    google_images,
    google_videos,
    ideogram,
    luma,
    openai_images,
    recraft,
    replicate,
    runway,
    stability,
    together,
    xai,
)
from corent.providers._fal import QUEUE_BASE_URL
from corent.providers.catalog import PROVIDERS, CatalogError, read_catalog
from corent.providers.credentials import Credentials
from corent.routing.offers import Offer
from tests.providers.doubles import Script

TODAY = date(2026, 11, 28)
TIERS = {tier.name: tier for tier in catalog.tiers()}
IMAGE_TIERS = [tier for tier in catalog.tiers() if tier.kind is Kind.IMAGE]
VIDEO_TIERS = [tier for tier in catalog.tiers() if tier.kind is Kind.VIDEO]
OFFERS = catalog.offers()
IMAGE_OFFERS = [offer for offer in OFFERS if TIERS[offer.tier].kind is Kind.IMAGE]
VIDEO_OFFERS = [offer for offer in OFFERS if TIERS[offer.tier].kind is Kind.VIDEO]
# What callers may order: ratios and whole seconds.
VIDEO_RATIOS = {AspectRatio.WIDE, AspectRatio.TALL, AspectRatio.SQUARE}
VIDEO_LENGTHS_S = range(1, 11)
STAND_IN = Credentials(api_key="k", base_url="http://127.0.0.1:9")
SHIPPED: dict[str, Any] = json.loads(
    Path(catalog.__file__).with_name("catalog.json").read_text(encoding="utf-8")
)

every_offer = pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.id)
every_image_offer = pytest.mark.parametrize("offer", IMAGE_OFFERS, ids=lambda offer: offer.id)
every_video_offer = pytest.mark.parametrize("offer", VIDEO_OFFERS, ids=lambda offer: offer.id)
every_video_tier = pytest.mark.parametrize("tier", VIDEO_TIERS, ids=lambda tier: tier.name)
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
    for cost_micros in (offer.cost_micros, offer.cost_1080p_micros or 0):
        assert 0 <= cost_micros <= TIERS[offer.tier].price_micros


@every_offer
def test_every_offer_says_who_published_its_cost_and_when(offer: Offer) -> None:
    assert len(offer.cost_source) >= 10
    assert date(2026, 1, 1) <= offer.cost_read_on <= TODAY


@every_offer
def test_every_offer_has_sound_priors(offer: Offer) -> None:
    assert 0 < offer.typical_latency_ms < offer.slow_latency_ms
    assert 0 < offer.quality < 1
    assert offer.aspect_ratios


@every_image_offer
def test_every_offer_of_images_makes_four_of_some_format(offer: Offer) -> None:
    assert offer.formats
    assert offer.count_max == 4


@every_video_offer
def test_every_offer_of_videos_makes_what_can_be_ordered(offer: Offer) -> None:
    assert offer.asynchronous
    assert set(offer.durations_s) <= set(VIDEO_LENGTHS_S)
    assert set(offer.aspect_ratios) <= VIDEO_RATIOS
    assert Resolution.HD in offer.resolutions
    assert (Resolution.FULL_HD in offer.resolutions) == (offer.cost_1080p_micros is not None)


@every_offer
def test_every_offer_is_adapted_by_somebody(offer: Offer) -> None:
    assert offer.upstream in PROVIDERS


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


@every_video_tier
@pytest.mark.parametrize("ratio", sorted(VIDEO_RATIOS))
@pytest.mark.parametrize("resolution", list(Resolution))
def test_somebody_makes_every_plain_video_of_the_default_length(
    tier: Tier, ratio: AspectRatio, resolution: Resolution
) -> None:
    able = [
        offer
        for offer in live(tier)
        if 5 in offer.durations_s and ratio in offer.aspect_ratios and resolution in offer.resolutions
    ]
    assert able != []


@every_video_tier
@pytest.mark.parametrize("duration_s", VIDEO_LENGTHS_S)
def test_somebody_makes_a_video_of_every_length(tier: Tier, duration_s: int) -> None:
    assert [offer.id for offer in live(tier) if duration_s in offer.durations_s] != []


@every_video_tier
def test_every_video_tier_takes_a_first_frame_and_a_seed_at_the_default_length(tier: Tier) -> None:
    able = [offer for offer in live(tier) if 5 in offer.durations_s]
    assert any(offer.takes_image for offer in able)
    assert any(offer.takes_seed for offer in able)


@every_video_tier
def test_the_sandbox_shows_three_different_films_that_can_be_anything(tier: Tier) -> None:
    rows = [offer for offer in OFFERS if offer.tier == tier.name and offer.upstream == "sandbox"]
    assert {offer.model for offer in rows} == {"sandbox-swift", "sandbox-steady", "sandbox-fine"}
    assert len({offer.typical_latency_ms for offer in rows}) == len({offer.quality for offer in rows}) == 3
    for offer in rows:
        assert (offer.cost_micros, offer.cost_1080p_micros) == (0, 0)
        assert offer.takes_seed
        assert offer.takes_image
        assert offer.takes_negative_prompt
        assert set(offer.resolutions) == set(Resolution)
        assert set(offer.aspect_ratios) == VIDEO_RATIOS
        assert set(offer.durations_s) == set(VIDEO_LENGTHS_S)


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


@pytest.mark.parametrize("name", ["gpt-image-1", "dall-e", "imagen", "preview", "gemini-2.5", "sora"])
def test_nothing_on_its_way_out_is_listed(name: str) -> None:
    assert [offer.id for offer in OFFERS if name in offer.model] == []


def test_every_fal_model_is_an_endpoint_the_adapter_knows() -> None:
    assert {offer.model for offer in IMAGE_OFFERS if offer.upstream == "fal"} == set(fal.ENDPOINTS)


def test_only_fals_fast_endpoints_answer_at_once() -> None:
    asynchronous = {offer.model: offer.asynchronous for offer in IMAGE_OFFERS if offer.upstream == "fal"}
    assert asynchronous == {model: not endpoint.answers_at_once for model, endpoint in fal.ENDPOINTS.items()}


def test_what_fal_takes_is_what_its_endpoints_take() -> None:
    for offer in (offer for offer in IMAGE_OFFERS if offer.upstream == "fal"):
        endpoint = fal.ENDPOINTS[offer.model]
        assert offer.takes_negative_prompt == endpoint.takes_negative_prompt
        assert offer.takes_image == (endpoint.edit is not None)


def images_of(upstream: str) -> list[Offer]:
    return [offer for offer in IMAGE_OFFERS if offer.upstream == upstream]


def test_every_model_of_stability_is_one_the_adapter_knows_in_ratios_it_makes() -> None:
    assert {offer.model for offer in images_of("stability")} == set(stability.MODELS)
    for offer in images_of("stability"):
        assert set(offer.aspect_ratios) == stability.RATIOS
        # Only two of its paths make webp; the turbo model may not know a negative prompt.
        assert (ImageFormat.WEBP in offer.formats) == (stability.MODELS[offer.model].field is None)
        assert offer.takes_negative_prompt == ("turbo" not in offer.model)
        assert offer.takes_seed
        assert not offer.takes_image


def test_every_model_of_ideogram_is_one_the_adapter_knows_in_ratios_it_makes() -> None:
    assert {offer.model for offer in images_of("ideogram")} == set(ideogram.MODELS)
    for offer in images_of("ideogram"):
        model = ideogram.MODELS[offer.model]
        assert set(offer.aspect_ratios) == set(model.ratios)
        assert offer.takes_negative_prompt == (model.rendering_speed is not None)
        assert offer.formats == (ImageFormat.PNG,)
        assert not offer.takes_image


def test_recraft_is_offered_in_ratios_and_formats_it_makes() -> None:
    for offer in images_of("recraft"):
        assert set(offer.aspect_ratios) == recraft.RATIOS
        assert offer.formats == (ImageFormat.PNG, ImageFormat.WEBP)
        assert not offer.takes_image


def test_bedrock_is_offered_in_ratios_and_formats_it_makes() -> None:
    for offer in images_of("bedrock"):
        assert set(offer.aspect_ratios) == bedrock.RATIOS
        assert offer.formats == (ImageFormat.PNG, ImageFormat.JPEG)
        assert not offer.takes_image


@pytest.mark.parametrize("model", ["recraftv4_1_pro", "stability.stable-image-ultra-v1:1"])
def test_a_model_that_costs_more_than_the_dearest_tier_is_not_listed(model: str) -> None:
    assert [offer.id for offer in OFFERS if offer.model == model] == []


def test_who_has_no_price_has_no_offer() -> None:
    without = {name for name in PROVIDERS if not any(offer.upstream == name for offer in OFFERS)}
    assert without == {"together"}


def videos_of(upstream: str) -> list[Offer]:
    return [offer for offer in VIDEO_OFFERS if offer.upstream == upstream]


@pytest.mark.parametrize("offer", videos_of("fal"), ids=lambda offer: f"{offer.model} {offer.tier}")
def test_what_a_video_of_fal_takes_is_what_its_endpoint_takes(offer: Offer) -> None:
    endpoint = fal_videos.ENDPOINTS[offer.model]
    assert set(offer.resolutions) <= set(endpoint.resolutions)
    assert offer.takes_image == (endpoint.from_image is not None)
    assert offer.takes_seed == endpoint.takes_seed
    assert offer.takes_negative_prompt == endpoint.takes_negative_prompt


@pytest.mark.parametrize("offer", videos_of("runway"), ids=lambda offer: f"{offer.model} {offer.tier}")
def test_what_a_video_of_runway_takes_is_what_its_model_takes(offer: Offer) -> None:
    model = runway.MODELS[offer.model]
    asked = {(ratio, resolution) for ratio in offer.aspect_ratios for resolution in offer.resolutions}
    assert asked <= set(model.ratios)
    assert model.from_text
    assert model.from_image or not offer.takes_image
    assert offer.takes_seed == model.takes_seed
    assert offer.takes_negative_prompt == model.takes_negative_prompt


@pytest.mark.parametrize("offer", videos_of("replicate"), ids=lambda offer: f"{offer.model} {offer.tier}")
def test_what_a_video_of_replicate_takes_is_what_its_model_takes(offer: Offer) -> None:
    model = replicate.MODELS[offer.model]
    assert set(offer.resolutions) <= set(model.resolutions)
    assert offer.takes_image == (model.image is not None)
    assert not offer.takes_seed
    assert not offer.takes_negative_prompt


@pytest.mark.parametrize("offer", videos_of("xai"), ids=lambda offer: f"{offer.model} {offer.tier}")
def test_what_a_video_of_xai_takes_is_what_its_model_takes(offer: Offer) -> None:
    assert set(offer.resolutions) <= set(xai.MODELS[offer.model])
    assert not offer.takes_image
    assert not offer.takes_seed
    assert not offer.takes_negative_prompt


@pytest.mark.parametrize(
    ("name", "base_url"),
    [
        ("openai", openai_images.BASE_URL),
        ("fal", QUEUE_BASE_URL),
        ("google", google_images.BASE_URL),
        ("google", google_videos.BASE_URL),
        ("runway", runway.BASE_URL),
        ("replicate", replicate.BASE_URL),
        ("luma", luma.BASE_URL),
        ("xai", xai.BASE_URL),
        ("bfl", bfl.BASE_URL),
        ("stability", stability.BASE_URL),
        ("ideogram", ideogram.BASE_URL),
        ("recraft", recraft.BASE_URL),
        ("together", together.BASE_URL),
        ("bedrock", bedrock.BASE_URL),
        ("selfhosted", None),
        ("sandbox", None),
    ],
)
def test_every_provider_says_where_it_answers_and_where_its_secret_is(
    name: str, base_url: str | None
) -> None:
    assert PROVIDERS[name].base_url == base_url
    assert PROVIDERS[name].secret_name == f"corent/providers/{name}"


@pytest.mark.parametrize("name", [name for name, provider in PROVIDERS.items() if provider.images])
def test_every_provider_of_images_can_be_made(name: str) -> None:
    adapter = PROVIDERS[name].make_images(Script().client(), STAND_IN)
    assert callable(adapter.submit)
    assert callable(adapter.check)


@pytest.mark.parametrize("name", [name for name, provider in PROVIDERS.items() if provider.videos])
def test_every_provider_of_videos_can_be_made(name: str) -> None:
    adapter = PROVIDERS[name].make_videos(Script().client(), STAND_IN)
    assert callable(adapter.submit)
    assert callable(adapter.check)
    assert callable(adapter.cancel)


def test_only_who_may_ask_for_no_key_or_knows_us_by_our_role_needs_none() -> None:
    assert {name for name, provider in PROVIDERS.items() if not provider.needs_key} == {
        "selfhosted",
        "bedrock",
    }


def test_no_provider_is_made_for_what_it_does_not_sell() -> None:
    with pytest.raises(CatalogError):
        PROVIDERS["runway"].make_images(Script().client(), STAND_IN)
    with pytest.raises(CatalogError):
        PROVIDERS["bfl"].make_videos(Script().client(), STAND_IN)


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
    """A catalog of the shipped tiers and one shipped image model, with these fields changed."""
    model = {**SHIPPED["images"][0], **changes}
    return json.dumps({"tiers": SHIPPED["tiers"], "images": [model], "videos": []})


def changed_video(**changes: Any) -> str:
    """A catalog of the shipped tiers and one shipped video model, with these fields changed."""
    model = {**SHIPPED["videos"][0], **changes}
    return json.dumps({"tiers": SHIPPED["tiers"], "images": [], "videos": [model]})


def test_the_shipped_rows_pass_when_nothing_is_changed() -> None:
    assert len(read_catalog(changed()).offers) == len(SHIPPED["images"][0]["offers"])
    assert len(read_catalog(changed_video()).offers) == len(SHIPPED["videos"][0]["offers"])


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
        changed_video(upstream="bfl"),
        changed_video(cost_micros=126_001),
        changed_video(cost_1080p_micros="0"),
        changed_video(durations_s=[]),
        changed_video(durations_s=[5.0]),
        changed_video(durations_s=[0]),
        changed_video(durations_s=[True]),
        changed_video(takes_image=None),
        changed_video(asynchronous=True),
        changed_video(formats=["mp4"]),
        changed_video(offers=[{"tier": "corent-image-fast", "quality": 0.5}]),
        json.dumps({"tiers": [{}], "images": [], "videos": []}),
    ],
)
def test_a_catalog_with_a_mistake_is_not_taken(text: str) -> None:
    with pytest.raises(CatalogError):
        read_catalog(text)


def test_a_date_of_retirement_is_read() -> None:
    offers = read_catalog(changed(retired_on="2027-01-31")).offers
    assert {offer.retired_on for offer in offers} == {date(2027, 1, 31)}


@pytest.mark.parametrize(
    ("full_hd_micros", "resolutions"),
    [(126_000, tuple(Resolution)), (126_001, (Resolution.HD,)), (None, (Resolution.HD,))],
)
def test_1080p_is_offered_only_where_the_tiers_price_covers_it(
    full_hd_micros: int | None, resolutions: tuple[Resolution, ...]
) -> None:
    places = [{"tier": "corent-video-premium", "quality": 0.5}]
    (offer,) = read_catalog(changed_video(cost_1080p_micros=full_hd_micros, offers=places)).offers
    assert offer.resolutions == resolutions
    assert (offer.cost_1080p_micros is not None) == (Resolution.FULL_HD in resolutions)
