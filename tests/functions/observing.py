"""What the functions write: lines of the log as Lambda would have them, and metrics among them."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from corent.edge.logs import log
from corent.edge.metrics import METRICS, NAMESPACE


@contextmanager
def written_lines() -> Iterator[io.StringIO]:
    """Everything that our loggers write, in their own format."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(log.registered_formatter)
    logger = logging.getLogger("corent")
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield text
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def lines_of(text: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.getvalue().splitlines()]


type Counted = dict[tuple[str, tuple[tuple[str, str], ...]], list[float]]


def counted(capsys: pytest.CaptureFixture[str]) -> Counted:
    """The values of each metric by its dimensions, since the last time. Each line must be of the format."""
    values: Counted = {}
    for text in capsys.readouterr().out.splitlines():
        if '"_aws"' not in text:
            continue
        line = json.loads(text)
        head = line.pop("_aws")
        (described,) = head["CloudWatchMetrics"]
        assert isinstance(head["Timestamp"], int)
        assert described["Namespace"] == NAMESPACE
        (names,) = described["Dimensions"]
        dimensions = tuple(sorted((name, line.pop(name)) for name in names))
        for metric in described["Metrics"]:
            measured = METRICS[metric["Name"]]
            assert metric["Unit"] == measured.unit
            assert frozenset(names) in measured.dimensions
            values.setdefault((metric["Name"], dimensions), []).extend(line.pop(metric["Name"]))
        assert line == {}
    return values
