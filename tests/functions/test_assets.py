"""Styles, scripts and icons: under names of their content, for ever."""

import hashlib
import json
from pathlib import Path

import pytest

import corent_pages.assets
from corent_pages.assets import asset_names, asset_url
from tests.functions.conftest import Cloud

FOLDER = Path(corent_pages.assets.__file__).with_name("assets")


@pytest.mark.parametrize("name", ["app.css", "app.js", "htmx.js", "mark.svg"])
def test_a_file_is_served_with_its_type_for_ever(cloud: Cloud, name: str) -> None:
    address = asset_url(name)
    answer = cloud.call(
        "assets_get", "GET", "/assets/{name}", path={"name": address.removeprefix("/assets/")}
    )
    assert answer.status == 200
    assert answer.text == (FOLDER / name).read_text(encoding="utf-8")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"].split(";")[0] in ("text/css", "text/javascript", "image/svg+xml")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert cloud.sent == []


def test_a_name_says_what_is_in_the_file() -> None:
    digest = hashlib.sha256((FOLDER / "app.css").read_bytes()).hexdigest()
    assert asset_url("app.css") == f"/assets/app.{digest[:12]}.css"


@pytest.mark.parametrize(
    "name",
    ["app.css", "app.000000000000.css", "../site.py", "..%2Fsite.py", "htmx.LICENSE", "vendored.json", ""],
)
def test_another_name_is_no_file(cloud: Cloud, name: str) -> None:
    answer = cloud.call("assets_get", "GET", "/assets/{name}", path={"name": name})
    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


def test_what_others_wrote_is_what_they_published() -> None:
    vendored = json.loads((FOLDER / "vendored.json").read_text(encoding="utf-8"))
    for name, source in vendored.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == source["sha256"]
        assert (FOLDER / source["licence_file"]).exists()
    ours = {"app.css", "app.js", "mark.svg"}
    assert set(asset_names().values()) == ours | set(vendored)
