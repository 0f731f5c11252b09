"""Templates: everything in them is escaped, and a name that is missing is an error."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from corent_pages.assets import asset_url

TEMPLATES: Final = Path(__file__).with_name("templates")


def templates(folders: Sequence[Path]) -> Environment:
    """An environment that looks in these folders first, and then among the shared templates."""
    environment = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["asset"] = asset_url
    environment.filters |= {"dollars": dollars, "moment": moment, "day": day, "seconds": seconds}
    return environment


def dollars(cents: int) -> str:
    """`$1,234.56`, `-$0.02`."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def moment(time: str) -> str:
    """`28 Nov 2026, 14:03:09 UTC` of an RFC 3339 time."""
    return f"{_time(time):%-d %b %Y, %H:%M:%S} UTC"


def day(time: str) -> str:
    """`28 Nov` of an RFC 3339 time or a date."""
    return f"{_time(time):%-d %b}"


def seconds(duration_ms: int | None) -> str:
    """`1.4 s`, `2 min 5 s`, or a dash."""
    if duration_ms is None:
        return "–"  # noqa: RUF001 - the typographer's dash, for people
    if duration_ms < 60_000:
        return f"{duration_ms / 1000:.1f} s"
    return f"{duration_ms // 60_000} min {duration_ms % 60_000 // 1000} s"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
