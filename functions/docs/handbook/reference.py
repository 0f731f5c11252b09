"""The API reference: every operation of the contract, with its fields and an example of each answer."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from corent_pages.contract import contract

# Operations by the part of the path that says what they are about, in the order of a reader's interest.
GROUPS: Final = {
    "images": "Images",
    "videos": "Videos",
    "jobs": "Jobs",
    "batches": "Batches",
    "quote": "Quotes",
    "routing": "Routing",
    "account": "Account",
    "models": "Models",
    "tools": "Tool specifications",
    "status": "Status",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field, as a reader wants to know it."""

    name: str
    kind: str
    rules: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `request` and `answers` are examples, as JSON or empty; errors are (status, meaning)."""

    method: str
    path: str
    summary: str
    needs_key: bool
    parameters: list[Field]
    body: list[Field]
    sample: dict[str, Any]
    answers: list[tuple[str, list[Field]]]
    errors: list[tuple[str, str]]

    @property
    def anchor(self) -> str:
        return f"{self.method.lower()}{self.path.replace('/', '-').replace('{', '').replace('}', '')}"


@cache
def samples() -> dict[str, dict[str, Any]]:
    """For each `METHOD /path` a request that works, and what came back: recorded, see `local/samples.py`."""
    text = Path(__file__).with_name("samples.json").read_text(encoding="utf-8")
    recorded: dict[str, dict[str, Any]] = json.loads(text)
    return recorded


@cache
def operations() -> dict[str, list[Operation]]:
    """All operations by the title of their group."""
    found: dict[str, list[Operation]] = {title: [] for title in GROUPS.values()}
    for path, item in contract()["paths"].items():
        for method, described in item.items():
            title = GROUPS[path.removeprefix("/v1/").split("/")[0]]
            found[title].append(_operation(method.upper(), path, described))
    return {title: listed for title, listed in found.items() if listed}


def _operation(method: str, path: str, described: dict[str, Any]) -> Operation:
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    answers: list[tuple[str, list[Field]]] = []
    errors: list[tuple[str, str]] = []
    for status, answer in described["responses"].items():
        if status.startswith("2"):
            schema = answer.get("content", {}).get("application/json", {}).get("schema")
            answers.append((status, _fields(schema) if schema else []))
        else:
            errors.append((status, answer["description"]))
    return Operation(
        method=method,
        path=path,
        summary=described["summary"],
        needs_key="security" in described,
        parameters=[
            Field(
                name=parameter["name"],
                kind=f"{_kind(parameter['schema'])}, in the {parameter['in']}",
                rules=_rules(parameter["schema"]),
                is_required=bool(parameter.get("required")),
            )
            for parameter in described.get("parameters", [])
        ],
        body=_fields(body) if body else [],
        sample=samples().get(f"{method} {path}", {}),
        answers=answers,
        errors=errors,
    )


def _fields(schema: dict[str, Any]) -> list[Field]:
    """The fields of an object; of several shapes, those of all, each once."""
    schema = _resolved(schema)
    fields: dict[str, Field] = {}
    for shape in schema.get("anyOf") or schema.get("oneOf") or [schema]:
        resolved = _resolved(shape)
        for name, described in resolved.get("properties", {}).items():
            fields.setdefault(
                name,
                Field(
                    name=name,
                    kind=_kind(described),
                    rules=_rules(described),
                    is_required=name in resolved.get("required", []),
                ),
            )
    return list(fields.values())


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rsplit("/", 1)[-1]
    return {**contract()["components"]["schemas"][name], **{k: v for k, v in schema.items() if k != "$ref"}}


def _choices(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The shapes a value may have, without null."""
    schema = _resolved(schema)
    shapes = [_resolved(shape) for shape in schema.get("anyOf") or schema.get("oneOf") or [schema]]
    return [shape for shape in shapes if shape.get("type") != "null"]


def _kind(schema: dict[str, Any]) -> str:
    """`string`, `integer or null`, `list of objects`."""
    kinds: list[str] = []
    for shape in _choices(schema):
        kind = str(shape.get("type", "object" if "properties" in shape else "string"))
        if kind == "array":
            inside = {str(each.get("type", "object")) for each in _choices(shape.get("items", {}))}
            kind = f"list of {' or '.join(sorted(inside))}s"
        kinds.append(kind)
    has_null = any(shape.get("type") == "null" for shape in _resolved(schema).get("anyOf", []))
    return " or ".join(dict.fromkeys([*kinds, *(["null"] if has_null else [])]))


def _rules(schema: dict[str, Any]) -> str:
    """What a value must be like, in words."""
    rules: list[str] = []
    for shape in _choices(schema):
        if "enum" in shape:
            rules.append("one of " + ", ".join(f"{value}" for value in shape["enum"]))
        if "const" in shape:
            rules.append(f"always {shape['const']}")
        for low, high, unit in (
            ("minimum", "maximum", ""),
            ("minLength", "maxLength", " characters"),
            ("minItems", "maxItems", " items"),
        ):
            if low in shape or high in shape:
                ends = (_whole(shape.get(low)), _whole(shape.get(high)))
                rules.append(f"{' to '.join(end for end in ends if end) or ''}{unit}")
    default = _resolved(schema).get("default")
    if default is not None:
        rules.append(f"default {default}")
    return "; ".join(dict.fromkeys(rules))


def _whole(number: float | None) -> str:
    return "" if number is None else f"{number:g}" if number < 1e6 else f"{number:,.0f}"
