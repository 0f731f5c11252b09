"""Make the tool specifications of the API: `python -m local.tools` writes them, `--check` compares.

The arguments are the fields of the endpoints' own bodies, with their rules and descriptions; written here is
only what no body says: what a tool is for, what comes back, and what is left out.

openai      Chat Completions' `tools`, with `strict`. Its rules, by OpenAI's guide "Structured outputs",
            section "Supported schemas", as told in GitHub's CodeTreatise/Gen-AI, lesson on strict mode, and
            by what openai 3.54.0 makes of a model (`lib/_pydantic.py`), both read 2026-11-28: the root is an
            object and no anyOf, every property is required, every object is closed, what may be left out is
            nullable instead; no allOf, oneOf, not, if, dependentRequired, patternProperties; of strings
            `pattern` and `format`, of numbers `minimum`, `maximum` and their kin. minLength, maxLength,
            default and title are not on that list and left out, and patterns are kept only where they
            describe the whole text.
claude      the Messages API's `tools`: a name of at most 64 letters, digits, _ and -, and an `input_schema`
            in JSON Schema 2020-12 with an object at its root (Anthropic's tool definition, as told in
            GitHub's api-evangelist/anthropic, `anthropic-tool-use-schema.json`, read 2026-11-28).
langchain   what `StructuredTool(name=, description=, args_schema=, func=)` takes: `args_schema` is JSON
            Schema with `title` and `description`, so that `convert_to_openai_tool(args_schema)` takes it too
            (langchain-core 1.7.2, `tools/structured.py`, `utils/function_calling.py`, read 2026-11-28).
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from corent.core.tiers import Kind, Preference
from corent.edge.bodies import JOB_CURSOR, Body
from corent.edge.bodies.images import ImageBody
from corent.edge.bodies.quotes import QuoteImageBody, QuoteVideoBody
from corent.edge.bodies.videos import VideoBody
from corent.providers.catalog import tiers

ROOT: Final = Path(__file__).resolve().parent.parent
DOCUMENT: Final = ROOT / "functions" / "tools_get" / "tools.json"

_WEBHOOK: Final = (
    "The answer of a tool goes back to the model, which polls; and a secret is nothing for a model to choose."
)
_METADATA: Final = "Its names are the caller's own, and a strict schema has no objects with free names."
_OF_NO_ORDER: Final = "It is no part of what is quoted."
_STRICT: Final = frozenset({"type", "enum", "description", "minimum", "maximum", "pattern"})

type Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """One endpoint as a function. `fields` are schemas by argument; `left_out` reasons by field."""

    name: str
    description: str
    method: str
    path: str
    fields: dict[str, Schema] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)


def make_tools() -> tuple[Tool, ...]:
    """Every tool, from the bodies and the catalog as they are."""
    webhook = {"webhook_url": _WEBHOOK, "webhook_secret": _WEBHOOK}
    image, video = fields_of(ImageBody), fields_of(VideoBody)
    return (
        Tool(
            name="generate_image",
            description=(
                "Make 1 to 4 images from a text prompt, or change an image given by its address. Costs "
                f"money, per image and by preference: {_prices(Kind.IMAGE)}; charged only when the images "
                "are delivered. Waits for up to wait_s seconds. Comes back with status completed and "
                "images, each with a url that stays valid for 30 days, a width and a height in pixels, "
                "and meta.cost_cents, what was charged in US cents. If it comes back with status "
                "processing, the images are not ready: call get_job with its id every few seconds. Do "
                "not order again."
            ),
            method="POST",
            path="/v1/images/generate",
            fields=_first(_required(ImageBody), _without(image, webhook)),
            required=_required(ImageBody),
            left_out=webhook,
        ),
        Tool(
            name="generate_video",
            description=(
                "Make one video of 1 to 10 seconds from a text prompt, optionally from a first frame. "
                f"Costs money, per second and by preference: {_prices(Kind.VIDEO)}; the total is rounded "
                "up to a whole cent, held at once, and charged only when the video is delivered. Never "
                "comes back with the video: a video is a job that takes from half a minute to several "
                "minutes. Comes back with an id and status processing. Call get_job with that id every 5 "
                "seconds until it has ended. Do not order again."
            ),
            method="POST",
            path="/v1/videos/generate",
            fields=_first(_required(VideoBody), _without(video, webhook)),
            required=_required(VideoBody),
            left_out=webhook,
        ),
        Tool(
            name="get_job",
            description=(
                "Read how an image or a video that was ordered stands. Free. Comes back with status "
                "queued, processing, completed, failed or cancelled; the last three are final. While it "
                "is queued or processing, meta.progress_percent is an estimate: call again after 2 to 5 "
                "seconds. Once completed, images or videos holds the results, each with a url that stays "
                "valid for 30 days, and meta.cost_cents is what was charged in US cents. Once failed, "
                "error says why, and nothing was charged."
            ),
            method="GET",
            path="/v1/jobs/{id}",
            fields={
                "id": {
                    "type": "string",
                    "pattern": JOB_CURSOR,
                    "description": "The id that an order came back with: job_ and 26 characters.",
                }
            },
            required=("id",),
        ),
        Tool(
            name="get_balance",
            description=(
                "Read how much money there is to spend. Free. Comes back with whole US cents: "
                "available_cents can be spent now, held_cents is set aside for orders in work, and "
                "balance_cents is both together."
            ),
            method="GET",
            path="/v1/account/balance",
        ),
        _quote(image, video),
    )


def _quote(image: dict[str, Schema], video: dict[str, Schema]) -> Tool:
    """One flat object for both kinds: a tool's arguments cannot be a choice of two at their root."""
    left_out: dict[str, str] = {
        name: _OF_NO_ORDER
        for name in ("webhook_url", "webhook_secret", "metadata", "quote_id", "wait_s")
        if name in image
    }
    own = dict.fromkeys(image.keys() - video.keys(), "Images only. ")
    own |= dict.fromkeys(video.keys() - image.keys(), "Videos only. ")
    fields = {
        "kind": {"type": "string", "enum": _kinds(), "description": "What would be ordered."},
        **{
            name: {**schema, "description": own.get(name, "") + schema["description"]}
            for name, schema in (video | image).items()
        },
    }
    ratio = {name: rule for name, rule in fields["aspect_ratio"].items() if name != "default"}
    ratios = ", ".join(video["aspect_ratio"]["enum"])
    ratio["description"] = (
        f"Width to height; of a video one of {ratios}. Left out, it is {image['aspect_ratio']['default']} "
        f"for an image and {video['aspect_ratio']['default']} for a video."
    )
    required = ("kind", *_required(ImageBody))
    return Tool(
        name="quote",
        description=(
            "Ask what an image or video order would cost and how long it would take, without buying it. "
            "Free. Takes the arguments of generate_image or generate_video; those of the other kind are "
            "left out. Comes back with price_cents in US cents, expected_ms, about the median time in "
            "milliseconds, p95_ms, and a quote_id: with it the same order costs just that for ten "
            "minutes."
        ),
        method="POST",
        path="/v1/quote",
        fields=_first(required, _without({**fields, "aspect_ratio": ratio}, left_out)),
        required=required,
        left_out=left_out,
    )


def fields_of(body: type[Body]) -> dict[str, Schema]:
    """The body's fields as schemas, without references, titles, and null for what may be left out."""
    document = body.model_json_schema()
    definitions = document.get("$defs", {})
    return {name: _plain(schema, definitions) for name, schema in document["properties"].items()}


def _plain(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    if "$ref" in schema:
        schema = {**definitions[schema["$ref"].rpartition("/")[2]], **schema}
    variants = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(variants) == 1:
        schema = {**_plain(variants[0], definitions), **schema}
    said = {name: rule for name, rule in schema.items() if name not in ("title", "$ref", "anyOf")}
    if said.get("default", ...) is None:
        del said["default"]
    return said


def _first(required: tuple[str, ...], fields: dict[str, Schema]) -> dict[str, Schema]:
    """The fields in the order in which a model should think of them."""
    return {name: fields[name] for name in (*required, *(name for name in fields if name not in required))}


def _required(body: type[Body]) -> tuple[str, ...]:
    return tuple(name for name, described in body.model_fields.items() if described.is_required())


def _without(fields: dict[str, Schema], left_out: dict[str, str]) -> dict[str, Schema]:
    return {name: schema for name, schema in fields.items() if name not in left_out}


def _kinds() -> list[str]:
    return [fields_of(body)["kind"]["const"] for body in (QuoteImageBody, QuoteVideoBody)]


def _prices(kind: Kind) -> str:
    """`fast 2 ¢, cheap 1 ¢, …`, by the catalog."""
    micros = {tier.preference: tier.price_micros for tier in tiers() if tier.kind is kind}
    return ", ".join(f"{each.value} {micros[each] / 10_000:g} ¢" for each in Preference)


# ---- the three formats ---------------------------------------------------------------------------


def _object(tool: Tool) -> Schema:
    return {
        "type": "object",
        "properties": tool.fields,
        "required": list(tool.required),
        "additionalProperties": False,
    }


def _claude(tool: Tool) -> Schema:
    return {"name": tool.name, "description": tool.description, "input_schema": _object(tool)}


def _langchain(tool: Tool) -> Schema:
    about = {"title": tool.name, "description": tool.description}
    return {"name": tool.name, "description": tool.description, "args_schema": {**about, **_object(tool)}}


def _openai(tool: Tool) -> Schema:
    fields = {
        name: _strict(schema, required=name in tool.required)
        for name, schema in tool.fields.items()
        if schema["type"] != "object"
    }
    parameters = {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
    function = {"name": tool.name, "description": tool.description, "parameters": parameters, "strict": True}
    return {"type": "function", "function": function}


def _strict(schema: Schema, *, required: bool) -> Schema:
    """One field: what may be left out may be null instead, and says what that means."""
    kept = {name: rule for name, rule in schema.items() if name in _STRICT}
    if not _is_whole(kept.get("pattern", "")):
        kept.pop("pattern", None)
    if required:
        return kept
    kept["type"] = [schema["type"], "null"]
    if "enum" in schema:
        kept["enum"] = [*schema["enum"], None]
    default = f" Null means {_shown(schema['default'])}." if "default" in schema else " Null leaves it out."
    return {**kept, "description": schema["description"] + default}


def _shown(default: object) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)


def _is_whole(pattern: str) -> bool:
    return pattern.startswith("^") and pattern.endswith("$")


_FORMATS: Final = {"claude": _claude, "openai": _openai, "langchain": _langchain}


def make_documents() -> dict[str, Any]:
    """What `GET /v1/tools/{name}` answers, by name."""
    tools = make_tools()
    return {
        name: {
            "format": name,
            "tools": [render(tool) for tool in tools],
            "endpoints": [{"name": tool.name, "method": tool.method, "path": tool.path} for tool in tools],
            "left_out": [
                {"name": tool.name, "field": each, "reason": reason}
                for tool in tools
                for each, reason in _left_out(tool, strict=name == "openai").items()
            ],
        }
        for name, render in _FORMATS.items()
    }


def _left_out(tool: Tool, *, strict: bool) -> dict[str, str]:
    objects = {name: _METADATA for name, schema in tool.fields.items() if schema["type"] == "object"}
    return {**tool.left_out, **(objects if strict else {})}


def main() -> int:
    """Write the documents, or say whether the written ones are current."""
    text = json.dumps(make_documents(), indent=1, ensure_ascii=False) + "\n"
    if "--check" in sys.argv:
        current = DOCUMENT.exists() and DOCUMENT.read_text(encoding="utf-8") == text
        sys.stdout.write("tools.json is current\n" if current else "tools.json is old: make openapi\n")
        return 0 if current else 1
    DOCUMENT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
