"""GET /status: how each tier is doing and has been, as a page for anyone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.core.errors import CorentError, InternalError
from corent.edge.causes import causes
from corent.edge.logs import log
from corent.wiring import health
from corent_pages.public import PublicPages

DAYS_SHOWN: Final = 90
pages = PublicPages([Path(__file__).parent])


def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    try:
        status = health.read_status()()
    except CorentError as error:
        return _unknown(error)
    except Exception as error:  # noqa: BLE001 - as in the API: said in the log, not on the page
        log.error("unhandled error", causes=causes(error))
        return _unknown(InternalError())
    return pages.page("status.html", kept_s=15, here="/status", found=status, bars=bars_of(status))


def _unknown(error: CorentError) -> dict[str, Any]:
    return pages.page("status.html", status=error.status, kept_s=0, here="/status", found=None)


def bars_of(status: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Each of the last days of each tier, oldest first; uptime None where nobody looked."""
    updated_at = status["updated_at"]
    newest = datetime.fromisoformat(updated_at) if updated_at else datetime.now(UTC)
    dates = [f"{newest - timedelta(days=ago):%Y-%m-%d}" for ago in reversed(range(DAYS_SHOWN))]
    known = {
        tier["name"]: {day["date"]: day["uptime"] for day in tier["uptime_by_day"]}
        for tier in status["tiers"]
    }
    return {
        name: [{"date": date, "uptime": days.get(date)} for date in dates] for name, days in known.items()
    }
