"""The template's tables, made wherever a test needs them: one definition, read from template.yaml."""

from typing import Any

from tests.template.template import template

TABLES = {
    "keys": "KeysTable",
    "jobs": "JobsTable",
    "balances": "BalancesTable",
    "health": "HealthTable",
    "people": "PeopleTable",
}


def create_tables(client: Any) -> None:
    """Make the tables, named `keys`, `jobs`, `balances`, `health` and `people`."""
    resources = template()["Resources"]
    for name, resource in TABLES.items():
        properties = resources[resource]["Properties"]
        wanted = {
            key: properties[key]
            for key in ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
            if key in properties
        }
        client.create_table(TableName=name, **wanted)
