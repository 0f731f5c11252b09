"""What the template promises to operators: an alarm with a page for what can go wrong, and a dashboard."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from corent.edge.metrics import METRICS, NAMESPACE
from corent.providers.catalog import offers
from tests.template.template import ROOT, functions, resources, template

ALARMS = resources("AWS::CloudWatch::Alarm")
RUNBOOKS = {path.name: path.read_text() for path in (ROOT / "docs" / "runbooks").glob("*.md")}
PAGES = sorted(set(RUNBOOKS) - {"README.md"})
TIERS = sorted({offer.tier for offer in offers()})
# The emulator of the local stage knows plain alarms only.
COMPUTED = sorted(name for name, alarm in ALARMS.items() if "Metrics" in alarm)
# What services count, with the dimensions they count it by: alarms on anything else would see nothing.
SERVICES = {
    "AWS/ApiGateway": {frozenset({"ApiName", "Stage"})},
    "AWS/Lambda": {frozenset({"FunctionName"}), frozenset()},
    "AWS/SQS": {frozenset({"QueueName"})},
    "AWS/States": {frozenset({"StateMachineArn"})},
    "AWS/DynamoDB": {frozenset({"TableName"}), frozenset({"TableName", "Operation"})},
}


def page_of(name: str) -> str:
    (page,) = re.findall(r"\(docs/runbooks/([a-z-]+\.md)\)\.$", ALARMS[name]["AlarmDescription"])
    return str(page)


def watched(alarm: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Namespace, metric and dimensions of all that an alarm watches."""
    described = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
    for each in described or [alarm]:
        dimensions = {each["Name"]: each["Value"] for each in each.get("Dimensions", [])}
        yield each["Namespace"], each["MetricName"], dimensions


# ---- alarms and pages ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_every_alarm_wakes_somebody_and_names_its_page(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == [{"Ref": "Alarms"}]
    assert f"`{name}`" in RUNBOOKS[page_of(name)]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_names_alarms_that_exist_and_says_what_to_do(page: str) -> None:
    named = set(re.findall(r"`(\w+Alarm)`", RUNBOOKS[page]))
    assert named
    assert named == {name for name in ALARMS if page_of(name) == page}
    for said in ("**Means.**", "**Callers see.**", "**Look at.**", "**Do.**", "**Over when.**"):
        assert said in RUNBOOKS[page]
    assert f"[{page}]({page})" in RUNBOOKS["README.md"]


@pytest.mark.parametrize("page", sorted(RUNBOOKS))
def test_links_of_pages_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)#:]+)", RUNBOOKS[page]):
        assert (ROOT / "docs" / "runbooks" / link).resolve().exists(), link


@pytest.mark.parametrize("page", sorted(RUNBOOKS))
def test_pages_ask_the_log_for_lines_that_are_written(page: str) -> None:
    code = "".join(path.read_text() for path in (ROOT / "layers/corent/python/corent").rglob("*.py"))
    code += "".join(path.read_text() for path in (ROOT / "functions").rglob("*.py"))
    equal = re.findall(r'message = "([^"]+)"', RUNBOOKS[page])
    listed = re.findall(r"message in \[([^]]+)\]", RUNBOOKS[page])
    for line in (*equal, *(line for some in listed for line in re.findall(r'"([^"]+)"', some))):
        assert f'"{line}"' in code


@pytest.mark.parametrize("page", sorted(RUNBOOKS))
def test_pages_name_metrics_functions_outputs_and_widgets_that_exist(page: str) -> None:
    titles = " ".join(each["properties"]["title"] for each in dashboard()["widgets"])
    for line in re.findall(r"^- Dashboard: (.+(?:\n  .+)*)", RUNBOOKS[page], re.MULTILINE):
        for title in re.findall(r'"([^"]+)"', line):
            assert title in titles
    for name in re.findall(r"\b(?:output|outputs) `?(\w+Name|\w+Arn)\b", RUNBOOKS[page]):
        assert name in template()["Outputs"]


def test_money_alarms_lead_on_to_the_operation_of_money() -> None:
    money = {"books-differ.md", "checks-not-run.md", "payments.md", "claw-back-shortfall.md"}
    assert {page for page in money if "(../operating-money.md" in RUNBOOKS[page]} == money


# ---- what is watched -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_every_alarm_watches_what_is_counted(name: str) -> None:
    for namespace, metric, dimensions in watched(ALARMS[name]):
        if namespace == NAMESPACE:
            assert frozenset(dimensions) in METRICS[metric].dimensions
        else:
            assert frozenset(dimensions) in SERVICES[namespace]
        assert dimensions.get("tier", TIERS[0]) in TIERS


@pytest.mark.parametrize("name", COMPUTED)
def test_what_is_computed_is_deployed_on_aws_only_and_from_ten_metrics_at_most(name: str) -> None:
    assert template()["Resources"][name]["Condition"] == "IsAws"
    expression, *metrics = ALARMS[name]["Metrics"]
    assert 2 <= len(metrics) <= 10
    assert not any(each["ReturnData"] for each in metrics)
    assert "METRICS()" in expression["Expression"] or all(
        each["Id"] in expression["Expression"] for each in metrics
    )


@pytest.mark.parametrize("tier", TIERS)
def test_every_tier_has_its_two_alarms_and_they_are_alike(tier: str) -> None:
    of_tier = {
        name: alarm
        for name, alarm in ALARMS.items()
        if {each.get("tier") for *_, each in watched(alarm)} == {tier}
    }
    prefix = "".join(word.capitalize() for word in tier.split("-")[1:])
    assert set(of_tier) == {f"{prefix}OutAlarm", f"{prefix}FailingAlarm"}
    for kind in ("Out", "Failing"):
        first = json.dumps(ALARMS[f"ImageFast{kind}Alarm"])
        assert json.dumps(of_tier[f"{prefix}{kind}Alarm"]) == first.replace("corent-image-fast", tier)


def test_every_queue_of_dead_letters_has_an_alarm() -> None:
    targets = [
        *(queue["RedrivePolicy"]["deadLetterTargetArn"] for queue in queues().values() if redrives(queue)),
        *(target for function in functions().values() for target in failure_targets(function)),
    ]
    dead = {target["Fn::GetAtt"].removesuffix(".Arn") for target in targets}
    seen = {
        dimensions["QueueName"]["Fn::GetAtt"].removesuffix(".QueueName")
        for alarm in ALARMS.values()
        for namespace, metric, dimensions in watched(alarm)
        if (namespace, metric) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    }
    assert dead == {name for name, queue in queues().items() if not redrives(queue)} == seen


def queues() -> dict[str, dict[str, Any]]:
    return resources("AWS::SQS::Queue")


def redrives(queue: dict[str, Any]) -> bool:
    return "RedrivePolicy" in queue


def failure_targets(function: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in (function.get("EventInvokeConfig"), *(e["Properties"] for e in events(function))):
        target = (each or {}).get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if target is not None:
            yield target


def events(function: dict[str, Any]) -> list[dict[str, Any]]:
    return list(function.get("Events", {}).values())


def test_whatever_nobody_waits_for_has_its_errors_watched() -> None:
    unattended = {
        name
        for name, function in functions().items()
        if "EventInvokeConfig" in function or any(each["Type"] != "Api" for each in events(function))
    }
    seen = {
        dimensions["FunctionName"]["Ref"]
        for alarm in ALARMS.values()
        for namespace, metric, dimensions in watched(alarm)
        if (namespace, metric) == ("AWS/Lambda", "Errors")
    }
    assert seen == unattended


def test_every_machine_has_its_failures_and_time_outs_watched() -> None:
    seen = {
        (dimensions["StateMachineArn"]["Ref"], metric)
        for alarm in ALARMS.values()
        for namespace, metric, dimensions in watched(alarm)
        if namespace == "AWS/States"
    }
    machines = resources("AWS::Serverless::StateMachine")
    assert seen == {
        (machine, metric) for machine in machines for metric in ("ExecutionsFailed", "ExecutionsTimedOut")
    }


def test_every_table_has_its_throttles_watched() -> None:
    seen = {
        (dimensions["TableName"]["Ref"], metric)
        for alarm in ALARMS.values()
        for namespace, metric, dimensions in watched(alarm)
        if namespace == "AWS/DynamoDB" and metric.endswith("ThrottleEvents")
    }
    assert {table for table, _ in seen} == set(resources("AWS::DynamoDB::Table"))
    assert len(seen) == 2 * len(resources("AWS::DynamoDB::Table"))


def test_the_two_apis_are_told_apart_by_name() -> None:
    names = {name: api["Name"] for name, api in resources("AWS::Serverless::Api").items()}
    assert names == {
        "Api": {"Ref": "AWS::StackName"},
        "SandboxApi": {"Fn::Sub": "${AWS::StackName}-sandbox"},
    }


# ---- the dashboard ---------------------------------------------------------------------------------


def dashboard() -> dict[str, Any]:
    (body,) = [each["DashboardBody"]["Fn::Sub"] for each in resources("AWS::CloudWatch::Dashboard").values()]
    parsed: dict[str, Any] = json.loads(body)
    return parsed


def shown() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Namespace, metric and names of dimensions of all that is drawn, searched for or not."""
    for widget in dashboard()["widgets"]:
        for metric in widget["properties"]["metrics"]:
            if isinstance(metric[0], dict):
                found = re.match(r"SEARCH\('\{([^}]+)\} MetricName=\"(\w+)\"", metric[0]["expression"])
                assert found is not None
                namespace, *names = found[1].split(",")
                yield namespace, found[2], frozenset(names)
            else:
                namespace, name, *dimensions = metric[:-1]
                yield namespace, name, frozenset(dimensions[::2])


def test_the_dashboard_shows_what_is_counted() -> None:
    for namespace, metric, dimensions in shown():
        known = METRICS[metric].dimensions if namespace == NAMESPACE else SERVICES[namespace]
        assert dimensions in known, (metric, dimensions)


def test_the_dashboard_refers_to_what_the_template_has() -> None:
    (body,) = [each["DashboardBody"]["Fn::Sub"] for each in resources("AWS::CloudWatch::Dashboard").values()]
    referred = {name.partition(".")[0] for name in re.findall(r"\$\{([^}]+)\}", body)}
    assert referred - {"AWS::Region", "AWS::StackName"} <= set(template()["Resources"])


def test_everything_that_is_counted_is_shown_or_watched() -> None:
    looked_at = {(metric, dimensions) for namespace, metric, dimensions in shown() if namespace == NAMESPACE}
    looked_at |= {
        (metric, frozenset(dimensions))
        for alarm in ALARMS.values()
        for namespace, metric, dimensions in watched(alarm)
        if namespace == NAMESPACE
    }
    assert looked_at == {(name, one) for name, measured in METRICS.items() for one in measured.dimensions}


def test_no_widget_covers_another() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in dashboard()["widgets"]:
        x, y, width, height = (widget[name] for name in ("x", "y", "width", "height"))
        cells = {(x + i, y + j) for i in range(width) for j in range(height)}
        assert not taken & cells
        assert x + width <= 24
        taken |= cells
