"""Nothing is sold that lacks a source, a date, an adapter, abilities or tests; every tier has a choice."""

import shutil
import tomllib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corent.core.tiers import AspectRatio, ImageFormat, Kind, Resolution, Tier
from corent.providers.catalog import PROVIDERS, Provider
from corent.routing.offers import Offer
from tests.providers.completeness import ABILITIES, Surroundings, lacks
from tests.providers.test_catalog import SHIPPED, TIERS, TODAY, live
from tests.providers.test_contract import IMAGE_CASES, VIDEO_CASES

# A failover needs somebody else to go to: offers of a tier that make its default order, and who sells them.
OFFERS_MIN = 4
COMPANIES_MIN = 3

HERE = Path(__file__).parent


def independent_modules() -> frozenset[str]:
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (modules,) = [
        each["modules"] for each in contracts if each["name"] == "Providers do not import one another"
    ]
    return frozenset(modules)


AROUND = Surroundings(
    providers=PROVIDERS,
    contract_cases=frozenset((case.provider, case.kind) for case in (*IMAGE_CASES, *VIDEO_CASES)),
    tests=HERE,
    independent=independent_modules(),
    today=TODAY,
)
type Row = dict[str, Any]


def of_one(kind: Kind, change: Callable[[Row], object] = lambda _: None) -> dict[str, list[Row]]:
    """A catalog of one shipped row, changed."""
    row = deepcopy(SHIPPED[f"{kind}s"][0])
    change(row)
    return {"images": [], "videos": [], f"{kind}s": [row]}


def found(document: dict[str, list[Row]], around: Surroundings = AROUND) -> list[str]:
    return [line.partition(": ")[2] for line in lacks(document, around)]


def test_no_shipped_row_lacks_anything() -> None:
    assert lacks(SHIPPED, AROUND) == []


def test_every_adapter_has_a_case_in_the_contract_tests_also_before_it_has_a_row() -> None:
    adapted = {
        (provider.name, kind)
        for provider in PROVIDERS.values()
        for kind, adapter in ((Kind.IMAGE, provider.images), (Kind.VIDEO, provider.videos))
        if adapter
    }
    assert adapted == AROUND.contract_cases


every_kind = pytest.mark.parametrize("kind", list(Kind))


@every_kind
@pytest.mark.parametrize("source", [None, "", "          ", "a price", 7])
def test_a_row_without_a_source_is_found(kind: Kind, source: object) -> None:
    assert found(of_one(kind, lambda row: row.update(cost_source=source))) == ["no source of its cost"]
    assert found(of_one(kind, lambda row: row.pop("cost_source"))) == ["no source of its cost"]


@every_kind
@pytest.mark.parametrize("day", [None, "", "soon", "2025-12-31", "2099-01-01", 7])
def test_a_row_without_a_date_is_found(kind: Kind, day: object) -> None:
    assert found(of_one(kind, lambda row: row.update(cost_read_on=day))) == [
        "no date on which its cost was read"
    ]
    assert found(of_one(kind, lambda row: row.pop("cost_read_on"))) == ["no date on which its cost was read"]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in Kind for name in ABILITIES[kind]])
def test_a_row_without_an_ability_is_found(kind: Kind, name: str) -> None:
    assert found(of_one(kind, lambda row: row.pop(name))) == [f"no {name}"]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (Kind.IMAGE, "formats", []),
        (Kind.IMAGE, "asynchronous", None),
        (Kind.VIDEO, "durations_s", []),
        (Kind.VIDEO, "aspect_ratios", None),
        (Kind.VIDEO, "takes_image", None),
        (Kind.VIDEO, "offers", []),
    ],
)
def test_a_row_with_an_empty_ability_is_found(kind: Kind, name: str, value: object) -> None:
    assert found(of_one(kind, lambda row: row.update({name: value}))) == [f"no {name}"]


def test_the_list_of_abilities_is_the_catalogs_own() -> None:
    told = {"upstream", "model", "cost_micros", "cost_source", "cost_read_on", "retired_on"}
    for kind in Kind:
        assert {*ABILITIES[kind], *told} == set(SHIPPED[f"{kind}s"][0])


@pytest.mark.parametrize(
    ("kind", "upstream"), [(Kind.IMAGE, "nobody"), (Kind.IMAGE, "runway"), (Kind.VIDEO, "bfl")]
)
def test_a_row_without_an_adapter_of_its_kind_is_found(kind: Kind, upstream: str) -> None:
    assert found(of_one(kind, lambda row: row.update(upstream=upstream))) == ["no adapter"]


@pytest.mark.parametrize(
    "adapter", ["corent.providers.google_videos:Gone", "corent.providers.google_images:GoogleImages"]
)
def test_an_adapter_that_cannot_do_all_of_the_port_is_found(adapter: str) -> None:
    assert SHIPPED["videos"][0]["upstream"] == "google"
    around = replace(AROUND, providers={"google": Provider("google", None, videos=adapter)})
    assert "no adapter with all methods of the port" in found(of_one(Kind.VIDEO), around)


def test_an_adapter_that_cannot_be_imported_is_found() -> None:
    adapter = "corent.providers.nowhere:Nobody"
    around = replace(AROUND, providers={"google": Provider("google", None, videos=adapter)})
    assert found(of_one(Kind.VIDEO), around)[0] == "no adapter with all methods of the port"


@pytest.mark.parametrize("removed", ["the module's file", "the adapter's name"])
def test_a_row_without_fixtures_is_found(removed: str, tmp_path: Path) -> None:
    for path in HERE.glob("test_*.py"):
        shutil.copy(path, tmp_path)
    own = tmp_path / "test_google_videos.py"
    if removed == "the module's file":
        own.unlink()
    else:
        own.write_text(own.read_text(encoding="utf-8").replace("GoogleVideos", "Else"), encoding="utf-8")
    around = replace(AROUND, tests=tmp_path)
    assert found(of_one(Kind.VIDEO), around) == ["no fixtures"]
    assert found(of_one(Kind.IMAGE), around) == []


@every_kind
def test_a_row_without_a_case_in_the_contract_tests_is_found(kind: Kind) -> None:
    upstream = SHIPPED[f"{kind}s"][0]["upstream"]
    around = replace(AROUND, contract_cases=AROUND.contract_cases - {(upstream, kind)})
    assert found(of_one(kind), around) == ["no case in the contract tests"]


def test_a_row_without_a_place_in_the_import_contract_is_found() -> None:
    around = replace(AROUND, independent=AROUND.independent - {"corent.providers.google_videos"})
    assert found(of_one(Kind.VIDEO), around) == ["no place in the import contract"]


def test_every_lack_of_a_row_is_told_at_once_with_its_place() -> None:
    document = of_one(Kind.VIDEO, lambda row: row.update(cost_source="", durations_s=[]))
    assert lacks(document, AROUND) == [
        "videos[0] google/gemini-omni-1.1-flash: no source of its cost",
        "videos[0] google/gemini-omni-1.1-flash: no durations_s",
    ]


# ---- tiers -------------------------------------------------------------------------------------------


def makes_the_default(offer: Offer, *, kind: Kind) -> bool:
    """One square PNG; a film of 5 s, 16:9, 720p."""
    if kind is Kind.IMAGE:
        return AspectRatio.SQUARE in offer.aspect_ratios and ImageFormat.PNG in offer.formats
    return (
        5 in offer.durations_s
        and AspectRatio.WIDE in offer.aspect_ratios
        and Resolution.HD in offer.resolutions
    )


@pytest.mark.parametrize("tier", TIERS.values(), ids=lambda tier: tier.name)
def test_every_tier_has_a_choice_for_its_default_order(tier: Tier) -> None:
    able = [offer for offer in live(tier) if makes_the_default(offer, kind=tier.kind)]
    assert len(able) >= OFFERS_MIN
    assert len({offer.upstream for offer in able}) >= COMPANIES_MIN
