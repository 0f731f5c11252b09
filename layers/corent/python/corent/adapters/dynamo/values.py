"""DynamoDB's typed values: text, whole numbers, and nothing else."""

from typing import Any

type Value = dict[str, Any]


def text(value: str) -> Value:
    return {"S": value}


def number(value: int) -> Value:
    return {"N": str(value)}


def text_of(item: dict[str, Value], name: str) -> str:
    value: str = item[name]["S"]
    return value


def number_of(item: dict[str, Value], name: str) -> int:
    """A whole number; raises ValueError for one with a fraction: money has none."""
    return int(item[name]["N"])


def optional_text(item: dict[str, Value], name: str) -> str | None:
    return text_of(item, name) if name in item else None


def optional_number(item: dict[str, Value], name: str) -> int | None:
    return number_of(item, name) if name in item else None
