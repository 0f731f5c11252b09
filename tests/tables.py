"""The template's tables, made wherever a test needs them: one definition, read from template.yaml."""

from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"
TABLES = {"keys": "KeysTable", "jobs": "JobsTable", "balances": "BalancesTable", "health": "HealthTable"}


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as plain values."""


def _tagged(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    return {suffix: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]  # The only kind left.


_Loader.add_multi_constructor("!", _tagged)


def template() -> dict[str, Any]:
    """The template as a document."""
    document: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - safe
    return document


def create_tables(client: Any) -> None:
    """Make the four tables, named `keys`, `jobs`, `balances` and `health`."""
    resources = template()["Resources"]
    for name, resource in TABLES.items():
        properties = resources[resource]["Properties"]
        wanted = {
            key: properties[key]
            for key in ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
            if key in properties
        }
        client.create_table(TableName=name, **wanted)
