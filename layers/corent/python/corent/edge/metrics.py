"""Metrics for alarms and the operator's dashboard, as lines of the log in CloudWatch's embedded format."""

from typing import Final

from aws_lambda_powertools.metrics import MetricUnit, single_metric

NAMESPACE: Final = "Corent"


def count(name: str, value: int, **dimensions: str) -> None:
    """One metric of a report; each set of dimensions is a metric of its own."""
    with single_metric(name=name, unit=MetricUnit.Count, value=value, namespace=NAMESPACE) as metric:
        for dimension, of in dimensions.items():
            metric.add_dimension(name=dimension, value=of)
