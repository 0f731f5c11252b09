"""Every minute: ask all upstreams how they do, generate a little, and write every tier's public status."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.probing import probe_report
from corent.wiring import probing


def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return probe_report(probing.probe_upstreams()())
