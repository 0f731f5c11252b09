"""GET /v1/tools/{name}: specifications that their vendors take, and calls that endpoints take unchanged."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib._pydantic import to_strict_json_schema
from openai.types.chat import ChatCompletionFunctionToolParam
from pydantic import TypeAdapter

from corent.edge.bodies.images import ImageBody
from corent.edge.bodies.quotes import QuoteBody
from corent.edge.bodies.videos import VideoBody
from corent.edge.routes import ROUTES
from corent.usecases.open_account import OpenedAccount
from local import tools
from tests.forbidden_words import find_forbidden
from tests.functions.conftest import ROOT, Answer, Cloud
from tests.functions.upstreams import Conversation, Files, serving_files
from tests.tool_calls import assert_valid, request_of, schemas_of, strict_call, strict_violations

NAMES = ("claude", "openai", "langchain")
TOOLS = ["generate_image", "generate_video", "get_job", "get_balance", "quote"]
BODIES = {"generate_image": ImageBody, "generate_video": VideoBody}
FUNCTIONS = {
    "/v1/images/generate": "images_generate",
    "/v1/videos/generate": "videos_generate",
    "/v1/jobs/{id}": "jobs_get",
    "/v1/account/balance": "account_balance",
    "/v1/quote": "quote",
}


def read(cloud: Cloud, name: str) -> Answer:
    return cloud.call("tools_get", "GET", "/v1/tools/{name}", path={"name": name})


def document(name: str) -> dict[str, Any]:
    written: dict[str, Any] = json.loads((ROOT / "functions/tools_get/tools.json").read_text())
    found: dict[str, Any] = written[name]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_format_has_the_same_tools_without_a_key_and_may_be_cached(cloud: Cloud, name: str) -> None:
    answer = read(cloud, name)
    assert answer.status == 200
    assert answer.json == document(name)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert list(schemas_of(answer.json)) == TOOLS


@pytest.mark.parametrize("name", ["gemini", "", "OpenAI", "openai.json", "..", "ü"])
def test_a_format_that_is_not_there_is_404(cloud: Cloud, name: str) -> None:
    answer = read(cloud, name)
    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


def test_no_name_but_its_own_is_in_it(cloud: Cloud) -> None:
    # Two of the formats are named for whom they are for; nothing else in them is.
    said = "".join(read(cloud, name).text for name in NAMES)
    assert find_forbidden(said.replace('"format": "openai"', "").replace('"format":"openai"', "")) == []


def test_the_written_documents_are_those_of_the_bodies() -> None:
    assert json.loads((ROOT / "functions/tools_get/tools.json").read_text()) == tools.make_documents()


@pytest.mark.parametrize("name", NAMES)
def test_every_tool_is_called_at_a_route_that_exists(name: str) -> None:
    endpoints = document(name)["endpoints"]
    assert [each["name"] for each in endpoints] == TOOLS
    assert all(each["method"] in ROUTES[each["path"]] for each in endpoints)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tool", BODIES)
def test_every_field_of_the_endpoint_is_an_argument_or_left_out_with_a_reason(name: str, tool: str) -> None:
    left_out = {each["field"]: each["reason"] for each in document(name)["left_out"] if each["name"] == tool}
    arguments = schemas_of(document(name))[tool]["properties"]
    assert set(BODIES[tool].model_fields) == {*arguments, *left_out}
    assert not arguments.keys() & left_out
    assert set(left_out) == {"webhook_url", "webhook_secret", *(["metadata"] if name == "openai" else [])}
    assert all(left_out.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_tool_and_every_argument_says_what_it_is(name: str) -> None:
    for tool in document(name)["tools"]:
        spec = tool.get("function", tool)
        assert len(spec["description"]) > 100
    for schema in schemas_of(document(name)).values():
        assert all(len(field["description"]) > 10 for field in schema["properties"].values())


@pytest.mark.parametrize("name", NAMES)
def test_the_descriptions_say_what_it_costs_and_that_videos_are_polled(name: str) -> None:
    said = {
        spec["name"]: spec["description"]
        for tool in document(name)["tools"]
        for spec in [tool.get("function", tool)]
    }
    assert "fast 2 ¢, cheap 1 ¢, balanced 4 ¢, quality 12 ¢" in said["generate_image"]
    assert "fast 8 ¢, cheap 5 ¢, balanced 12.6 ¢, quality 30 ¢" in said["generate_video"]
    assert "get_job" in said["generate_video"]
    assert all("Free" in said[tool] for tool in ("get_job", "get_balance", "quote"))


# ---- each vendor's rules ---------------------------------------------------------------------------


@pytest.mark.parametrize("tool", document("openai")["tools"], ids=TOOLS)
def test_openais_strict_rules_are_kept(tool: dict[str, Any]) -> None:
    assert set(tool) == {"type", "function"}
    assert tool["type"] == "function"
    assert set(tool["function"]) == {"name", "description", "parameters", "strict"}
    assert strict_violations(tool["function"]) == []
    TypeAdapter(ChatCompletionFunctionToolParam).validate_python(tool)


@pytest.mark.parametrize("tool", BODIES)
def test_openais_own_package_requires_the_same_of_the_same_model(tool: str) -> None:
    theirs = to_strict_json_schema(BODIES[tool])
    ours = schemas_of(document("openai"))[tool]
    assert (ours["type"], ours["additionalProperties"]) == ("object", theirs["additionalProperties"])
    assert set(ours["required"]) == set(theirs["required"]) - {"metadata", "webhook_url", "webhook_secret"}


@pytest.mark.parametrize(
    ("change", "violation"),
    [
        ({"strict": False}, "it is not strict"),
        ({"parameters": {"anyOf": [], "type": "object"}}, "the root is no object"),
        ({"required": []}, "not every property is required"),
        ({"additionalProperties": True}, "is not closed"),
        ({"a": {"type": "string", "maxLength": 4}}, "maxLength is not known"),
        ({"a": {"type": "string", "default": "x"}}, "default is not known"),
        ({"a": {"oneOf": []}}, "has no type"),
        ({"a": {"type": "object", "properties": {}, "required": []}}, "is not closed"),
        ({"a": {"type": ["string", "null"], "enum": ["x"]}}, "may be null"),
    ],
    ids=str,
)
def test_what_breaks_a_strict_rule_is_found(change: dict[str, Any], violation: str) -> None:
    field = {"a": change.pop("a", {"type": "string"})}
    parameters = {"type": "object", "properties": field, "required": ["a"], "additionalProperties": False}
    top = {name: change.pop(name) for name in ("strict", "parameters") if name in change}
    function = {"name": "f", "strict": True, "parameters": {**parameters, **change}, **top}
    assert violation in " ".join(strict_violations(function))


@pytest.mark.parametrize("tool", document("claude")["tools"], ids=TOOLS)
def test_claudes_tools_have_json_schema_with_an_object_at_its_root(tool: dict[str, Any]) -> None:
    assert set(tool) == {"name", "description", "input_schema"}
    schema = tool["input_schema"]
    assert schema["type"] == "object"
    assert not {"anyOf", "oneOf", "allOf", "$ref", "$defs"} & set(json.dumps(schema).split('"'))
    assert_valid(schema, EXAMPLES[tool["name"]])


@pytest.mark.parametrize("tool", document("langchain")["tools"], ids=TOOLS)
def test_langchains_tools_carry_a_schema_that_names_and_describes_itself(tool: dict[str, Any]) -> None:
    assert set(tool) == {"name", "description", "args_schema"}
    schema = tool["args_schema"]
    assert (schema["title"], schema["description"]) == (tool["name"], tool["description"])
    assert_valid(schema, EXAMPLES[tool["name"]])


EXAMPLES: dict[str, dict[str, Any]] = {
    "generate_image": {"prompt": "a red fox", "preference": "fast", "n": 2},
    "generate_video": {"prompt": "a red fox runs", "duration_s": 2},
    "get_job": {"id": "job_01M81Y9DXCQAE5FE239C74RJYB"},
    "get_balance": {},
    "quote": {"kind": "video", "prompt": "a red fox runs", "duration_s": 2},
}


# ---- what a model may call, the endpoints take -----------------------------------------------------


@dataclass
class Executor:
    """Calls tools at the handlers, knowing only what a document says."""

    cloud: Cloud
    key: str
    name: str

    def __call__(self, tool: str, arguments: dict[str, Any]) -> Answer:
        written = document(self.name)
        assert_valid(schemas_of(written)[tool], arguments)
        request = request_of(written, tool, arguments)
        (resource,) = (each["path"] for each in written["endpoints"] if each["name"] == tool)
        given = {"path": {"id": arguments["id"]}} if "{id}" in resource else {}
        body = request.get("json")
        function = FUNCTIONS[resource]
        return self.cloud.call(function, request["method"], resource, key=self.key, body=body, **given)


@pytest.fixture(scope="module")
def files() -> Any:
    with serving_files() as served:
        yield served


@pytest.mark.parametrize("name", NAMES)
def test_each_tool_is_called_as_its_document_says(
    cloud: Cloud, account: OpenedAccount, upstream: Callable[..., None], files: Files, name: str
) -> None:
    upstream("sandbox", Conversation(files))
    execute = Executor(cloud, account.test_key, name)
    schemas = schemas_of(document(name))

    def call(tool: str, **meant: Any) -> Answer:
        return execute(tool, strict_call(schemas[tool], **meant) if name == "openai" else meant)

    quoted = call("quote", kind="image", prompt="a red fox", preference="fast")
    assert (quoted.status, quoted.json["price_cents"]) == (200, 2)
    assert call("quote", kind="video", prompt="a fox runs", duration_s=2).json["price_cents"] == 26
    bought = call("generate_image", prompt="a red fox", preference="fast", quote_id=quoted.json["quote_id"])
    assert (bought.status, bought.json["meta"]["cost_cents"]) == (200, 2)
    assert call("get_job", id=bought.json["id"]).json["status"] == "completed"
    film = call("generate_video", prompt="a fox runs")
    assert (film.status, film.json["status"]) == (202, "processing")
    assert call("get_balance").json == {"balance_cents": 9_998, "available_cents": 9_935, "held_cents": 63}


def values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Whatever one argument of the strict form may be."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    numbers = {"min_value": schema.get("minimum"), "max_value": schema.get("maximum")}
    kinds: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "null": st.none,
        "integer": lambda: st.integers(**numbers),
        "number": lambda: st.floats(**numbers, allow_nan=False),
        "string": lambda: st.text(min_size=1, max_size=20),
    }
    return st.one_of([kinds[each]() for each in types])


def strict_arguments(tool: str) -> st.SearchStrategy[dict[str, Any]]:
    properties = schemas_of(document("openai"))[tool]["properties"]
    # What no schema says in this form: it is text of a certain kind.
    texts = {
        "prompt": st.just("a red fox"),
        "image_url": st.none() | st.just("https://pictures.example/a.png"),
        "quote_id": st.none(),
    }
    return st.fixed_dictionaries(
        {name: texts[name] if name in texts else values_of(schema) for name, schema in properties.items()}
    )


@given(strict_arguments("generate_image"))
def test_whatever_a_strict_image_call_may_say_is_a_good_body(arguments: dict[str, Any]) -> None:
    ImageBody.model_validate(arguments)


@given(strict_arguments("generate_video"))
def test_whatever_a_strict_video_call_may_say_is_a_good_body(arguments: dict[str, Any]) -> None:
    VideoBody.model_validate(arguments)


# ---- null is a field that is left out --------------------------------------------------------------


@pytest.mark.parametrize("body", [ImageBody, VideoBody])
def test_a_body_of_nulls_is_the_body_without_them(body: Any) -> None:
    nulls = dict.fromkeys(set(body.model_fields) - {"prompt"})
    assert body.model_validate({"prompt": "x", **nulls}) == body.model_validate({"prompt": "x"})


QUOTE = TypeAdapter(QuoteBody)


@pytest.mark.parametrize("kind", ["image", "video", None])
def test_a_quote_takes_nulls_of_the_other_kind(kind: str | None) -> None:
    nulls = dict.fromkeys({*ImageBody.model_fields, *VideoBody.model_fields} - {"prompt"})
    asked = {"prompt": "x", **nulls, "kind": kind}
    assert QUOTE.validate_python(asked) == QUOTE.validate_python({"prompt": "x", "kind": kind})


def send(cloud: Cloud, account: OpenedAccount, route: str, body: dict[str, Any]) -> Answer:
    return cloud.call(FUNCTIONS[route], "POST", route, key=account.live_key, body=body)


@pytest.mark.parametrize("route", ["/v1/images/generate", "/v1/videos/generate", "/v1/quote"])
def test_null_is_no_value_of_a_field_that_is_required(
    cloud: Cloud, account: OpenedAccount, route: str
) -> None:
    error = send(cloud, account, route, {"prompt": None}).json["error"]
    assert (error["code"], error["param"]) == ("invalid_prompt", "prompt")


@pytest.mark.parametrize("route", ["/v1/images/generate", "/v1/videos/generate", "/v1/quote"])
def test_null_does_not_make_a_field_known(cloud: Cloud, account: OpenedAccount, route: str) -> None:
    error = send(cloud, account, route, {"prompt": "a fox", "colour": None}).json["error"]
    assert (error["code"], error["param"]) == ("unknown_field", "colour")


@pytest.mark.parametrize(
    ("function", "route", "body", "code"),
    [
        ("keys_create", "/v1/account/keys", {"label": "k", "scopes": None}, "invalid_scopes"),
        (
            "account_deposit",
            "/v1/account/deposit",
            {"amount_cents": 500, "save_card": None},
            "invalid_save_card",
        ),
    ],
)
def test_null_means_nothing_where_leaving_a_field_out_grants_something(
    cloud: Cloud, account: OpenedAccount, function: str, route: str, body: dict[str, Any], code: str
) -> None:
    answer = cloud.call(function, "POST", route, key=account.live_key, body=body)
    assert (answer.status, answer.json["error"]["code"]) == (422, code)
