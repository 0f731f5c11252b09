"""Tool specifications as their users take them: checked by each vendor's rules, and called generically."""

import re
from typing import Any

from jsonschema import Draft202012Validator

# What OpenAI's strict mode knows (local/tools.py says by whom); a reader of it refuses everything else.
STRICT_KEYWORDS = {
    "string": {"type", "enum", "const", "description", "pattern", "format"},
    "number": {"type", "enum", "const", "description", "minimum", "maximum", "multipleOf"},
    "integer": {"type", "enum", "const", "description", "minimum", "maximum", "multipleOf"},
    "boolean": {"type", "enum", "const", "description"},
    "object": {"type", "description", "properties", "required", "additionalProperties"},
    "array": {"type", "description", "items", "minItems", "maxItems"},
    "null": {"type", "description"},
}
PROPERTIES_MAX = 5_000
ENUM_VALUES_MAX = 1_000
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def strict_violations(function: dict[str, Any]) -> list[str]:
    """What OpenAI would refuse of a function with `strict`."""
    found = [] if function.get("strict") is True else ["it is not strict"]
    if not NAME.fullmatch(function["name"]):
        found.append("the name is not one")
    parameters = function["parameters"]
    if parameters.get("type") != "object" or "anyOf" in parameters:
        found.append("the root is no object")
    return [*found, *_schema_violations(parameters, where="parameters")]


def _schema_violations(schema: dict[str, Any], *, where: str) -> list[str]:
    if set(schema) <= {"anyOf", "description"} and "anyOf" in schema:
        return [
            each
            for index, variant in enumerate(schema["anyOf"])
            for each in _schema_violations(variant, where=f"{where}.anyOf[{index}]")
        ]
    if "type" not in schema:
        return [f"{where} has no type"]
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    known = set().union(*(STRICT_KEYWORDS.get(each, set()) for each in types))
    found = [f"{where}: {keyword} is not known" for keyword in sorted(set(schema) - known)]
    if "enum" in schema:
        found += [f"{where}: the enum has {value!r}" for value in schema["enum"] if _type(value) not in types]
        if "null" in types and None not in schema["enum"]:
            found.append(f"{where} may be null, and its enum does not let it")
        if len(schema["enum"]) > ENUM_VALUES_MAX:
            found.append(f"{where}: the enum is too long")
    if "object" in types:
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False:
            found.append(f"{where} is not closed")
        if sorted(schema.get("required", ())) != sorted(properties):
            found.append(f"{where}: not every property is required")
        if len(properties) > PROPERTIES_MAX:
            found.append(f"{where} has too many properties")
        for name, each in properties.items():
            found += _schema_violations(each, where=f"{where}.{name}")
    if "array" in types:
        found += _schema_violations(schema["items"], where=f"{where}[]")
    return found


def _type(value: object) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    return names[type(value)]


def schemas_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The arguments' schema of every tool, by name, wherever its format keeps it."""
    found = {}
    for tool in document["tools"]:
        spec = tool.get("function", tool)
        places = ("parameters", "input_schema", "args_schema")
        (found[spec["name"]],) = (spec[place] for place in places if place in spec)
    return found


def assert_valid(schema: dict[str, Any], arguments: dict[str, Any]) -> None:
    """The schema is JSON Schema 2020-12, and the arguments are as it says."""
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(arguments)


def request_of(document: dict[str, Any], name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """How that tool is called with those arguments: nothing is known here but what the document says."""
    (endpoint,) = (each for each in document["endpoints"] if each["name"] == name)
    left = dict(arguments)
    path = re.sub(r"\{(\w+)\}", lambda found: str(left.pop(found[1])), endpoint["path"])
    body = {"json": left} if endpoint["method"] == "POST" else {}
    assert body or not left
    return {"method": endpoint["method"], "url": path, **body}


def strict_call(schema: dict[str, Any], **meant: Any) -> dict[str, Any]:
    """What a model under strict rules calls with: every argument, null where it means nothing by it."""
    return {**dict.fromkeys(schema["properties"]), **meant}
