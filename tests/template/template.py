"""template.yaml as plain Python: `!Ref X` is {"Ref": "X"}, `!GetAtt A.B` is {"Fn::GetAtt": "A.B"}."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


class _Loader(yaml.SafeLoader):
    """A loader of its own, so that the short forms of CloudFormation's functions are known here only."""


def _construct(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _construct)


@cache
def template() -> dict[str, Any]:
    """Return the whole template."""
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), Loader=_Loader)  # noqa: S506 - a safe loader
    return loaded


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of every resource of a kind, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template()["Resources"].items()
        if resource["Type"] == kind
    }


def functions() -> dict[str, dict[str, Any]]:
    """Return the properties of every function, by logical id."""
    return resources("AWS::Serverless::Function")


def folder(function: dict[str, Any]) -> Path:
    """Return the folder of a function's code."""
    return ROOT / str(function["CodeUri"])


def statements(function: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every policy statement of a function's role."""
    for policy in function.get("Policies", []):
        yield from policy["Statement"]


def actions(statement: dict[str, Any]) -> list[str]:
    """Return the statement's actions, one or many."""
    found = statement["Action"]
    return [found] if isinstance(found, str) else found


def granted_resources(statement: dict[str, Any]) -> list[Any]:
    """Return the statement's resources, one or many."""
    found = statement["Resource"]
    return found if isinstance(found, list) else [found]


def routes(*, api: str = "Api") -> dict[tuple[str, str], str]:
    """Return (method, path) -> function folder's name, for one API; methods are upper case, ANY included."""
    return {
        (event["Properties"]["Method"].upper(), event["Properties"]["Path"]): folder(function).name
        for function in functions().values()
        for event in function.get("Events", {}).values()
        if event["Type"] == "Api" and event["Properties"]["RestApiId"] == {"Ref": api}
    }
