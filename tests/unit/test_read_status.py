"""The public status as anyone reads it: what was written last, and whether that is old."""

from typing import Any

import pytest

from corent.health.status import Figures, Incident, Level, Standing, StatusDocument, Uptime
from corent.usecases.read_status import STALE_AFTER_MS, ReadStatus
from tests.fakes import START_MS, FakeClock
from tests.image_world import FILM_TIER, TIER


class FakeHealth:
    def __init__(self, document: StatusDocument) -> None:
        self.document = document
        self.reads = 0

    def read_status(self) -> StatusDocument:
        self.reads += 1
        return self.document


def shown(document: StatusDocument) -> dict[str, Any]:
    store = FakeHealth(document)
    body = ReadStatus(health=store, tiers=(TIER, FILM_TIER), clock=FakeClock())()  # type: ignore[arg-type] # Reads only.
    assert store.reads == 1
    return body


@pytest.mark.parametrize(
    ("age_ms", "stale"), [(0, False), (STALE_AFTER_MS, False), (STALE_AFTER_MS + 1, True), (None, True)]
)
def test_status_is_stale_five_minutes_after_the_last_look(age_ms: int | None, stale: bool) -> None:
    looked_ms = None if age_ms is None else START_MS - age_ms
    assert shown(StatusDocument(updated_at_ms=looked_ms))["stale"] is stale


def test_every_tier_is_shown_even_before_the_first_look() -> None:
    body = shown(StatusDocument())
    assert body["updated_at"] is None
    assert [(tier["name"], tier["status"], tier["uptime_90d"]) for tier in body["tiers"]] == [
        (TIER.name, "operational", None),
        (FILM_TIER.name, "operational", None),
    ]


def test_a_whole_tier() -> None:
    document = StatusDocument(
        standings={
            TIER.name: Standing(
                level=Level.DEGRADED,
                days={"2026-11-22": Uptime(90, 10), "2026-11-21": Uptime(100, 0), "2026-11-20": Uptime()},
            )
        },
        figures={TIER.name: Figures(1_200, 3_400, 0.987)},
        updated_at_ms=START_MS,
    )
    assert shown(document)["tiers"][0] == {
        "name": TIER.name,
        "status": "degraded",
        "latency_ms_p50": 1_200,
        "latency_ms_p95": 3_400,
        "success_rate": 0.987,
        "uptime_90d": 0.95,
        "uptime_by_day": [
            {"date": "2026-11-20", "uptime": None},
            {"date": "2026-11-21", "uptime": 1.0},
            {"date": "2026-11-22", "uptime": 0.9},
        ],
    }


def test_incidents_are_shown_newest_first_with_an_open_one_unended() -> None:
    old = Incident(
        TIER.name, Level.OUTAGE, opened_at_ms=START_MS - 7_200_000, closed_at_ms=START_MS - 3_600_000
    )
    new = Incident(FILM_TIER.name, Level.DEGRADED, opened_at_ms=START_MS)
    incidents = shown(StatusDocument(incidents=(old, new)))["incidents"]
    assert [(each["tier"], each["status"]) for each in incidents] == [
        (FILM_TIER.name, "degraded"),
        (TIER.name, "outage"),
    ]
    assert incidents[0]["closed_at"] is None
    assert incidents[1]["closed_at"].endswith("Z")
