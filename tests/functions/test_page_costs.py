"""What a page costs: calls of the API, calls of the tables, modules at a cold start."""

import pytest

from corent_pages.assets import asset_url
from tests.functions.conftest import Cloud
from tests.functions.dashboard_world import Browser, Outside
from tests.functions.test_counts import NEVER, fresh

TOUCH = ("UpdateItem", "people")
# By page: the API's routes it asks, and its own calls of tables beside the one that says somebody is here.
PAGES: dict[str, tuple[list[str], list[tuple[str, str]]]] = {
    "/dashboard": (["/v1/account/balance", "/v1/account/usage"], []),
    "/dashboard/playground": ([], []),
    "/dashboard/jobs": (["/v1/jobs"], []),
    "/dashboard/keys": ([], [("Query", "keys")]),
    "/dashboard/billing": (
        ["/v1/account/alerts", "/v1/account/auto-topup", "/v1/account/balance", "/v1/account/ledger"],
        [],
    ),
    "/dashboard/settings": ([], [("Query", "people")]),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_just_what_it_shows(owner: Browser, outside: Outside, page: str) -> None:
    owner.get(page)
    asked, own = PAGES[page]
    outside.calls.clear()
    outside.cloud.sent.clear()
    assert owner.get(page).status == 200
    assert sorted(path for _, path, _, _ in outside.calls) == asked
    # The first call is the page's own; those of the API's handlers come after it in this one process.
    sent = [(operation, str(said.get("TableName"))) for operation, said in outside.cloud.sent]
    assert sent[: 1 + len(own)] == [TOUCH, *own]
    assert [call for call in sent if call[1] == "people"] == [
        TOUCH,
        *(each for each in own if each[1] == "people"),
    ]


def test_the_dashboard_loads_what_its_pages_need_and_no_more(cloud: Cloud) -> None:
    event = cloud.event("GET", "/dashboard/{proxy+}", path={"proxy": "sign-in"})
    modules = fresh(cloud, "dashboard", {**event, "path": "/dashboard/sign-in"})
    assert {"jinja2", "jwt", "httpx"} <= modules
    assert not (NEVER | {"markdown_it"}) & modules


def test_the_handbook_loads_no_client_of_anything(cloud: Cloud) -> None:
    modules = fresh(cloud, "docs", {**cloud.event("GET", "/docs"), "path": "/docs"})
    assert {"jinja2", "markdown_it"} <= modules
    assert not (NEVER | {"httpx", "botocore", "jwt", "cryptography"}) & modules
    assert cloud.sent == []


def test_the_status_page_loads_no_http_client(cloud: Cloud) -> None:
    modules = fresh(cloud, "status_page", cloud.event("GET", "/status"))
    assert not (NEVER | {"httpx", "jwt", "markdown_it"}) & modules


def test_a_file_is_served_without_a_template_engine(cloud: Cloud) -> None:
    name = asset_url("app.css").removeprefix("/assets/")
    modules = fresh(cloud, "assets_get", cloud.event("GET", "/assets/{name}", path={"name": name}))
    assert not (NEVER | {"httpx", "jinja2", "botocore", "jwt", "markdown_it"}) & modules
    assert cloud.sent == []
