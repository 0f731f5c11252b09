"""Metrics as lines of CloudWatch's embedded format."""

import json
from typing import Any

import pytest

from corent.edge.metrics import METRICS, NAMESPACE, VALUES_MAX, Unit, count, emit


@pytest.fixture(autouse=True)
def _as_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    # Powertools' own metrics would take this for a dimension.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "corent")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_has_all_metrics_of_one_set_of_dimensions(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"JobsCompleted": 2, "JobDurationMs": [100, 300]}, tier="t")
    (line,) = lines(capsys)
    (described,) = line["_aws"]["CloudWatchMetrics"]
    assert described == {
        "Namespace": NAMESPACE,
        "Dimensions": [["tier"]],
        "Metrics": [
            {"Name": "JobsCompleted", "Unit": "Count"},
            {"Name": "JobDurationMs", "Unit": "Milliseconds"},
        ],
    }
    assert isinstance(line["_aws"]["Timestamp"], int)
    assert (line["tier"], line["JobsCompleted"], line["JobDurationMs"]) == ("t", [2], [100, 300])


def test_what_has_no_dimension_gets_none(capsys: pytest.CaptureFixture[str]) -> None:
    count("BreakersOpen", 0)
    (line,) = lines(capsys)
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]
    assert set(line) == {"_aws", "BreakersOpen"}


def test_more_values_than_a_line_may_have_go_into_several(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"JobsCompleted": 250, "JobDurationMs": list(range(250))}, tier="t")
    said = lines(capsys)
    assert [len(line["JobDurationMs"]) for line in said] == [VALUES_MAX, VALUES_MAX, 50]
    assert [value for line in said for value in line["JobDurationMs"]] == list(range(250))
    assert [line.get("JobsCompleted") for line in said] == [[250], None, None]


def test_a_metric_without_values_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"JobsCompleted": 0, "JobDurationMs": []}, tier="t")
    emit({"JobDurationMs": []}, tier="t")
    (line,) = lines(capsys)
    assert "JobDurationMs" not in line


@pytest.mark.parametrize("dimensions", [{}, {"offer": "o"}, {"tier": "t", "offer": "o"}])
def test_a_metric_comes_by_its_own_dimensions_only(dimensions: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="JobsCompleted"):
        emit({"JobsCompleted": 1}, **dimensions)


def test_no_metric_is_counted_by_anything_of_a_caller() -> None:
    dimensions = {name for each in METRICS.values() for one in each.dimensions for name in one}
    assert dimensions == {"tier", "offer", "outcome", "upstream"}


def test_a_name_that_says_its_unit_has_it() -> None:
    for name, measured in METRICS.items():
        assert (measured.unit is Unit.MILLISECONDS) == name.endswith("Ms")
        assert (measured.unit is Unit.PERCENT) == name.endswith("Percent")
