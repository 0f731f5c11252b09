"""GET /status: how each tier is doing and has been, as a page for anyone."""

from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.core.errors import CorentError
from corent.wiring import health
from corent_pages.public import PublicPages

pages = PublicPages([Path(__file__).parent])


def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    try:
        status = health.read_status()()
    except CorentError as error:
        return pages.page("status.html", status=error.status, kept_s=0, here="/status", found=None)
    return pages.page("status.html", kept_s=15, here="/status", found=status)
