"""The account endpoints' answers, as JSON and as tables."""

import base64
import binascii
import csv
import io
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response

from corent.core.clock import rfc3339
from corent.core.errors import InvalidRequestError
from corent.core.money import cents_floor
from corent.jobs.document import cost_cents, duration_ms
from corent.usecases.read_account import LedgerLine, Usage
from corent.usecases.wallets import Figures

CSV_TYPE: Final = "text/csv; charset=utf-8"
_ORDER: Final = re.compile(r"\d{13}#[\x21-\x7e]{1,200}")


def balance_body(figures: Figures) -> dict[str, int]:
    """Whole cents, rounded down; what is held is the difference, so that the three always agree."""
    total_cents = cents_floor(figures.total_micros)
    available_cents = cents_floor(figures.available_micros)
    return {
        "balance_cents": total_cents,
        "available_cents": available_cents,
        "held_cents": total_cents - available_cents,
    }


def usage_body(usage: Usage) -> dict[str, Any]:
    """The body of `GET /v1/account/usage`."""
    return {
        "total_spent_cents": cents_floor(usage.spent_micros),
        "total_jobs": usage.jobs_total,
        "recent_jobs": _job_rows(usage),
        "next_cursor": usage.recent.next_before,
    }


def usage_csv(usage: Usage) -> str:
    """The page's jobs as a table."""
    return _table(
        ("id", "kind", "status", "model", "cost_cents", "duration_ms", "created_at"),
        (row.values() for row in _job_rows(usage)),
    )


def entries_body(entries: list[LedgerLine], *, following: str | None) -> dict[str, Any]:
    """The body of `GET /v1/account/ledger`."""
    return {
        "entries": [_entry_row(entry) for entry in entries],
        "next_cursor": cursor_of_order(following),
    }


def cursor_of_order(following: str | None) -> str | None:
    """The cursor of the ledger page that begins there."""
    return base64.urlsafe_b64encode(following.encode()).decode() if following is not None else None


def csv_answer(table: str, *, path: str, query: dict[str, Any], cursor: str | None) -> Response[Any]:
    """A table, and a `Link` to the page that follows: a table has no field to say it in."""
    headers: dict[str, str | list[str]] = {}
    if cursor is not None:
        given = {name: value for name, value in {**query, "cursor": cursor}.items() if value is not None}
        headers["Link"] = f'<{path}?{urlencode(given)}>; rel="next"'
    return Response(status_code=200, content_type=CSV_TYPE, body=table, headers=headers)


def entries_csv(entries: list[LedgerLine]) -> str:
    """The page's entries as a table."""
    return _table(
        (
            *("id", "kind", "amount_cents", "available_change_cents", "created_at"),
            *("job_id", "batch_id", "receipt_url"),
        ),
        (_entry_row(entry).values() for entry in entries),
    )


def order_of_cursor(cursor: str | None) -> str | None:
    """Where a ledger page goes on. Raises InvalidRequestError for text that is no cursor of ours."""
    if cursor is None:
        return None
    try:
        order = base64.b64decode(cursor, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        order = ""
    if _ORDER.fullmatch(order) is None:
        raise InvalidRequestError(
            "cursor is not one that a list gave.", code="invalid_cursor", param="cursor"
        )
    return order


def time_ms(text: str | None, *, param: str) -> int | None:
    """An RFC 3339 time or a date, UTC where it names no zone. Raises InvalidRequestError."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or not 2000 <= moment.year <= 9000:
        raise InvalidRequestError(
            f"{param} must be an RFC 3339 time such as 2026-11-22T10:00:00Z.",
            code=f"invalid_{param}",
            param=param,
        )
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def _job_rows(usage: Usage) -> list[dict[str, Any]]:
    return [
        {
            "id": job.id,
            "kind": job.kind.value,
            "status": job.state.value,
            "model": job.tier,
            "cost_cents": cost_cents(job),
            "duration_ms": duration_ms(job),
            "created_at": rfc3339(job.created_at_ms),
        }
        for job in usage.recent.jobs
    ]


def _entry_row(entry: LedgerLine) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind,
        "amount_cents": cents_floor(entry.amount_micros),
        "available_change_cents": entry.available_sign * cents_floor(entry.amount_micros),
        "created_at": rfc3339(entry.at_ms),
        "job_id": entry.job_id,
        "batch_id": entry.batch_id,
        "receipt_url": entry.receipt_url,
    }


def _table(names: tuple[str, ...], rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()
