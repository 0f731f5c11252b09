"""GET /status: every tier, ninety days of each, and an honest page when nothing can be read."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from corent.adapters.dynamo.health import DynamoHealth
from corent.adapters.dynamo.health_items import dump_status
from corent.core.clock import day_of
from corent.core.errors import TemporarilyUnavailableError
from corent.health.status import Figures, Incident, Level, Standing, StatusDocument, Uptime
from corent.providers.catalog import tiers
from tests.fakes import FakeClock
from tests.forbidden_words import find_forbidden
from tests.functions.conftest import Answer, Cloud

TIER = "corent-image-fast"
MINUTES_A_DAY = 1_440


def page_of(cloud: Cloud) -> Answer:
    return cloud.call("status_page", "GET", "/status")


def write(cloud: Cloud, document: StatusDocument) -> None:
    """What the prober last wrote."""
    cloud.client("dynamodb").put_item(
        TableName="health",
        Item={
            "pk": {"S": "HEALTH"},
            "sk": {"S": "STATUS"},
            "doc": {"S": json.dumps(dump_status(document))},
            "ver": {"N": "1"},
        },
    )


def days_before(now_ms: int, **uptimes: Uptime) -> dict[str, Uptime]:
    """Days by how long ago they were: `days_before(now_ms, d0=…)` is today's."""
    today = datetime.fromtimestamp(now_ms / 1000, tz=UTC)
    return {f"{today - timedelta(days=int(name[1:])):%Y-%m-%d}": seen for name, seen in uptimes.items()}


def tier_of(page: Answer, name: str = TIER) -> str:
    """The part of the page that is about that tier."""
    (found,) = [part for part in page.text.split("<section") if f">{name}</h2>" in part]
    return found


def test_every_tier_is_shown_before_anything_was_measured(cloud: Cloud) -> None:
    page = page_of(cloud)
    assert page.status == 200
    for tier in tiers():
        part = tier_of(page, tier.name)
        assert "no figures yet" in part
        assert "no calls just now" in part
        assert "operational" in part
        assert part.count('class="day unknown"') == 90
    assert "older than five minutes" in page.text
    assert "None on record" in page.text


def test_each_of_ninety_days_has_its_own_bar_and_a_day_without_figures_says_so(
    cloud: Cloud, clock: FakeClock
) -> None:
    now_ms = clock.now_ms()
    days = days_before(
        now_ms,
        d0=Uptime(MINUTES_A_DAY, 0),
        d1=Uptime(MINUTES_A_DAY - 60, 60),
        d4=Uptime(MINUTES_A_DAY // 2, MINUTES_A_DAY // 2),
        d89=Uptime(MINUTES_A_DAY, 0),
        d95=Uptime(0, MINUTES_A_DAY),
    )
    write(cloud, StatusDocument(standings={TIER: Standing(days=days)}, updated_at_ms=now_ms))
    part = tier_of(page_of(cloud))
    bars = re.findall(r'class="day (\w+)" x="(\d+)".*?<title>([^<]*)</title>', part)
    assert [int(x) for _, x, _ in bars] == [10 * number for number in range(90)]
    shown = [level for level, _, _ in bars]
    assert (shown[89], shown[88], shown[85], shown[0]) == ("good", "warn", "bad", "good")
    assert shown.count("unknown") == 86
    assert bars[88][2].endswith(": 95.83 %")
    assert bars[87][2].endswith(": no figures")
    today = datetime.fromisoformat(day_of(now_ms))
    assert bars[89][2].startswith(f"{today:%-d %b}:")


def test_figures_are_told_in_words(cloud: Cloud, clock: FakeClock) -> None:
    figures = {TIER: Figures(latency_ms_p50=1_440, latency_ms_p95=125_000, success_rate=0.987)}
    standings = {TIER: Standing(days=days_before(clock.now_ms(), d0=Uptime(999, 1)))}
    document = StatusDocument(standings=standings, figures=figures, updated_at_ms=clock.now_ms())
    write(cloud, document)
    part = tier_of(page_of(cloud))
    for words in ("99.900 %", "98.7 %", "1.4 s", "2 min 5 s"):
        assert words in part


@pytest.mark.parametrize(
    ("levels", "note", "words"),
    [
        ({}, "good", "All tiers are working."),
        ({TIER: Level.DEGRADED}, "warn", "1 of 8 tiers has trouble."),
        ({TIER: Level.OUTAGE}, "bad", "1 of 8 tiers has trouble."),
        (
            {TIER: Level.OUTAGE, "corent-video-fast": Level.DEGRADED},
            "bad",
            "2 of 8 tiers have trouble.",
        ),
    ],
)
def test_the_first_line_says_how_it_is(
    cloud: Cloud, clock: FakeClock, levels: dict[str, Level], note: str, words: str
) -> None:
    standings = {name: Standing(level=level) for name, level in levels.items()}
    write(cloud, StatusDocument(standings=standings, updated_at_ms=clock.now_ms()))
    page = page_of(cloud)
    assert f'<p class="note {note}" role="status"><strong>{words}</strong>' in page.text
    for name, level in levels.items():
        assert level.value in tier_of(page, name)


def test_after_five_minutes_without_a_look_it_says_so_and_claims_nothing(
    cloud: Cloud, clock: FakeClock
) -> None:
    write(cloud, StatusDocument(updated_at_ms=clock.now_ms()))
    assert "All tiers are working" in page_of(cloud).text
    clock.sleep(301)
    page = page_of(cloud)
    assert "older than five minutes" in page.text
    assert "All tiers are working" not in page.text


def test_incidents_are_listed_newest_first_and_an_open_one_is_open(cloud: Cloud, clock: FakeClock) -> None:
    now_ms = clock.now_ms()
    incidents = (
        Incident("corent-video-fast", Level.OUTAGE, now_ms - 7_200_000, now_ms - 3_600_000),
        Incident(TIER, Level.DEGRADED, now_ms - 600_000),
    )
    write(cloud, StatusDocument(incidents=incidents, updated_at_ms=now_ms))
    table = page_of(cloud).text.partition('id="incidents"')[2]
    assert table.index(TIER) < table.index("corent-video-fast")
    assert table.count("still open") == 1
    assert "None on record" not in table


def test_when_the_table_does_not_answer_the_page_says_that_nothing_is_known(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any, **__: Any) -> None:
        raise TemporarilyUnavailableError("the table at 10.0.0.7")

    monkeypatch.setattr(DynamoHealth, "read_status", down)
    page = page_of(cloud)
    assert page.status == 503
    assert "The status is not known just now" in page.text
    assert "10.0.0.7" not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_a_page_may_be_kept_for_moments_and_loads_only_our_own(cloud: Cloud) -> None:
    page = page_of(cloud)
    assert page.headers["Cache-Control"] == "public, max-age=15"
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', page.text)
    assert loaded
    assert all(address.startswith("/assets/") for address in loaded)


def test_a_page_is_one_read(cloud: Cloud) -> None:
    cloud.sent.clear()
    page_of(cloud)
    assert [operation for operation, _ in cloud.sent] == ["GetItem"]


def test_nothing_and_nobody_is_named(cloud: Cloud, clock: FakeClock) -> None:
    incidents = (Incident(TIER, Level.OUTAGE, clock.now_ms() - 600_000),)
    write(cloud, StatusDocument(incidents=incidents, updated_at_ms=clock.now_ms()))
    assert find_forbidden(page_of(cloud).text) == []


def test_a_stored_document_that_cannot_be_read_is_a_page_without_its_words(cloud: Cloud) -> None:
    cloud.client("dynamodb").put_item(
        TableName="health",
        Item={"pk": {"S": "HEALTH"}, "sk": {"S": "STATUS"}, "doc": {"S": "{broken"}, "ver": {"N": "1"}},
    )
    page = page_of(cloud)
    assert page.status == 500
    assert "The status is not known just now" in page.text
    assert "broken" not in page.text
