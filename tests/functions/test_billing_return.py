"""The page that a payer comes back to: it says what happens now, and asks nobody for anything."""

import base64
import hashlib
import re
from typing import Any

import pytest

from tests.functions.conftest import Answer, Cloud


@pytest.fixture
def page(cloud: Cloud) -> Answer:
    return cloud.call("billing_return", "GET", "/dashboard/billing")


def test_it_is_a_page_and_needs_no_key(page: Answer) -> None:
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["X-Request-Id"].startswith("req_")
    assert "<h1>" in page.text


def test_its_policy_allows_its_own_style_and_nothing_else(page: Answer) -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    wanted = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    rules: dict[str, Any] = dict(
        rule.split(" ", 1) for rule in page.headers["Content-Security-Policy"].split("; ")
    )
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == f"'sha256-{wanted}'"
    assert "script-src" not in rules


def test_it_touches_no_table(cloud: Cloud, page: Answer) -> None:
    assert page.status == 200
    assert cloud.sent == []


def test_it_names_no_other_host(page: Answer) -> None:
    assert re.findall(r"https?://", page.text) == []
