"""Whether a document has the fields that the contract says of an answer."""

from typing import Any

type Schema = dict[str, Any]


def problems_of(document: Any, answer_of: str, contract: dict[str, Any]) -> list[str]:
    """What is wrong with an answer of `METHOD /path`, or with one that is an `error`; empty when all is well.

    An object must be, in all its fields and theirs, one of the shapes of the operation's good answers.
    """
    if answer_of == "error":
        shapes = [contract["components"]["schemas"]["ErrorReply"]]
    else:
        method, _, path = answer_of.partition(" ")
        answers = contract["paths"][path][method.lower()]["responses"]
        shapes = [
            answer["content"]["application/json"]["schema"]
            for status, answer in answers.items()
            if status.startswith("2") and "application/json" in answer.get("content", {})
        ]
    tried = [_problems(document, shape, contract, at="$") for shape in shapes]
    return min(tried, key=len) if tried else [f"{answer_of} answers no JSON"]


def _problems(value: Any, schema: Schema, contract: dict[str, Any], *, at: str) -> list[str]:
    schema = _resolved(schema, contract)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return min((_problems(value, each, contract, at=at) for each in choices), key=len)
    kind = schema.get("type", "object" if "properties" in schema else None)
    if kind is not None and not _is_a(value, kind):
        return [f"{at} is no {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at} is none of {schema['enum']}"]
    if "const" in schema and value != schema["const"]:
        return [f"{at} is not {schema['const']}"]
    if isinstance(value, list) and "items" in schema:
        return [
            problem
            for index, item in enumerate(value)
            for problem in _problems(item, schema["items"], contract, at=f"{at}[{index}]")
        ]
    if isinstance(value, dict) and "properties" in schema:
        return _object_problems(value, schema, contract, at=at)
    return []


def _object_problems(
    value: dict[str, Any], schema: Schema, contract: dict[str, Any], *, at: str
) -> list[str]:
    properties: dict[str, Schema] = schema["properties"]
    found = [f"{at} lacks {name}" for name in schema.get("required", []) if name not in value]
    for name, inside in value.items():
        if name in properties:
            found += _problems(inside, properties[name], contract, at=f"{at}.{name}")
        else:
            found.append(f"{at} has {name}, which is no field")
    return found


def _is_a(value: Any, kind: str) -> bool:
    kinds: dict[str, tuple[type, ...]] = {
        "object": (dict,),
        "array": (list,),
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
        "null": (type(None),),
    }
    return isinstance(value, kinds[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _resolved(schema: Schema, contract: dict[str, Any]) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = contract["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return found
