"""The client's models say what the API's own description says, field by field."""

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from corent import answers, calls, orders
from corent.errors import InsufficientFundsError

DESCRIPTION = json.loads(
    (
        Path(__file__).resolve().parents[3] / "layers" / "pages" / "python" / "corent_pages" / "openapi.json"
    ).read_text()
)
SCHEMAS = DESCRIPTION["components"]["schemas"]
OUTSIDE = {"raw", "request_id", "replayed"}

ANSWERS = {
    "AcceptedBatchReply": answers.AcceptedBatch, "AcceptedJob": answers.AcceptedBatchJob,
    "AcceptedMeta": answers.AcceptedMeta, "AcceptedReply": answers.AcceptedJob, "AlertReply": answers.Alert,
    "AttemptReply": answers.Attempt, "BalanceReply": answers.Balance, "BatchCounts": answers.BatchCounts,
    "BatchJob": answers.BatchJob, "BatchReply": answers.Batch, "CandidateReply": answers.Candidate,
    "DayReply": answers.Day, "DepositReply": answers.Deposit, "ExcludedReply": answers.Excluded,
    "ExplainReply": answers.Explanation, "Image": answers.Image, "ImageMeta": answers.ImageMeta,
    "ImageReply": answers.ImageAnswer, "IncidentReply": answers.Incident, "JobError": answers.JobError,
    "JobMeta": answers.JobMeta, "JobReply": answers.Job, "JobsReply": answers.JobsPage,
    "KeyReply": answers.Key,
    "KeysReply": answers.KeysPage, "LedgerEntry": answers.LedgerEntry, "LedgerReply": answers.LedgerPage,
    "NewKeyReply": answers.NewKey, "QuoteReply": answers.Quote, "RevokedReply": answers.RevokedKey,
    "StatusReply": answers.Status, "StreamTokenReply": answers.StreamToken, "TierReply": answers.Tier,
    "TopUpReply": answers.TopUp, "UsageJob": answers.UsageJob, "UsageReply": answers.Usage,
    "Video": answers.Video,
    "WebhookReply": answers.WebhookLog, "WebhookState": answers.WebhookState,
    "WebhookTry": answers.WebhookTry,
    "Weights": answers.Weights,
}  # fmt: skip
# A stream's and a batch's job is a Job without its webhook; the error shape is `corent.errors`.
ELSEWHERE = {"JobDocument", "ErrorBody", "ErrorReply"}
# Answers and routes that are for others: OpenAI's clients, and agents that read their tools' specifications.
OF_OTHERS = {
    "GeneratedImage", "GenerationsReply", "LeftOutField", "ModelReply", "ModelsReply", "ToolEndpoint",
    "ToolsReply",
}  # fmt: skip
ROUTES_OF_OTHERS = {
    ("post", "/v1/images/generations"), ("get", "/v1/models"), ("get", "/v1/models/{id}"),
    ("get", "/v1/tools/{name}"),
}  # fmt: skip
REQUESTS = {
    "ImageItem": orders.ImageOrder, "VideoItem": orders.VideoOrder, "ImageBody": orders.ImageOptions,
    "VideoBody": orders.VideoOptions,
}  # fmt: skip


def kinds(schema: dict[str, Any]) -> set[str]:
    """The JSON types a schema allows."""
    if "$ref" in schema:
        return kinds(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return set().union(*(kinds(each) for each in schema["anyOf"]))
    if "type" not in schema:
        return {"string"}  # a name, of a list of them
    return {schema["type"]}


def hinted(hint: Any) -> set[str]:
    """The JSON types a type hint allows."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return set().union(*(hinted(each) for each in get_args(hint)))
    if is_dataclass(hint) or origin in (Mapping, dict):
        return {"object"}
    if origin is tuple:
        return {"array"}
    names = {str: "string", int: "integer", float: "number", bool: "boolean", types.NoneType: "null"}
    return {names[hint]}


def test_every_answer_of_the_api_has_its_class() -> None:
    replies = {name for name, schema in SCHEMAS.items() if schema.get("type") == "object"}
    asked = {name for name in replies if name.endswith("Body") or name in {"ImageItem", "VideoItem"}}
    assert replies - asked - ELSEWHERE - OF_OTHERS == set(ANSWERS)


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_answers_fields_and_types_are_those_of_the_description(name: str) -> None:
    described = SCHEMAS[name]["properties"]
    ours = {field.name for field in fields(ANSWERS[name])}
    if issubclass(ANSWERS[name], answers.Answer):
        ours -= OUTSIDE
    assert ours == set(described)
    hints = get_type_hints(ANSWERS[name])
    for field, schema in described.items():
        # What only one of two answers has may be missing, and is None then.
        assert hinted(hints[field]) - {"null"} == kinds(schema) - {"null"}, field
        assert "null" not in kinds(schema) or "null" in hinted(hints[field]), field


def test_a_streams_job_has_the_fields_of_a_polled_one_but_its_webhook() -> None:
    assert set(SCHEMAS["JobReply"]["properties"]) - set(SCHEMAS["JobDocument"]["properties"]) == {"webhook"}


def test_errors_offer_every_amount_of_the_error_shape() -> None:
    shape = set(SCHEMAS["ErrorBody"]["properties"])
    amounts = {name for name in shape if name.endswith("_cents")}
    assert all(isinstance(getattr(InsufficientFundsError, name), property) for name in amounts)
    assert shape - amounts == {"type", "code", "message", "param", "request_id", "retryable"}


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_an_orders_fields_are_those_of_the_description(name: str) -> None:
    assert set(get_type_hints(REQUESTS[name])) | {"prompt"} == set(SCHEMAS[name]["properties"])


def test_a_quotes_fields_are_those_of_both_kinds() -> None:
    both = set(SCHEMAS["QuoteImageBody"]["properties"]) | set(SCHEMAS["QuoteVideoBody"]["properties"])
    assert set(get_type_hints(orders.QuoteOptions)) | {"prompt"} == both


@pytest.mark.parametrize("kind", ["image", "video"])
def test_the_rules_for_checking_orders_are_the_descriptions(kind: str) -> None:
    described = SCHEMAS[f"{kind.capitalize()}Item"]["properties"]
    assert set(orders.RULES[kind]) == set(described)
    for name, schema in described.items():
        rule = orders.RULES[kind][name]
        one = next((each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"), schema)
        one = SCHEMAS[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        assert rule.choices == tuple(one.get("enum", ())), name
        assert rule.nullable == ("anyOf" in schema), name
        assert rule.pattern == one.get("pattern"), name
        for limit, keywords in (("minimum", ("minimum", "minLength")), ("maximum", ("maximum", "maxLength"))):
            found = next((one[each] for each in keywords if each in one), None)
            assert getattr(rule, limit) == found, (name, limit)


def test_every_route_of_the_description_has_its_call() -> None:
    some = {"limit": None, "cursor": None}
    one = "job_1"
    made = [
        calls.generate_image("x", idempotency_key=None, options={}),
        calls.generate_video("x", idempotency_key=None, options={}),
        *(
            calls.batch(
                kind, ["x"], max_cost_cents=None, webhook_url=None, webhook_secret=None, idempotency_key=None
            )
            for kind in ("image", "video")
        ),
        calls.quote("x", options={}), calls.explain(one), calls.status(), calls.job(one),
        calls.jobs(status=None, kind=None, **some), calls.cancel_job(one), calls.webhook_log(one),
        calls.redeliver(one), calls.stream_token(one), calls.stream(one), calls.batch_document(one),
        calls.cancel_batch(one), calls.balance(), calls.usage(since=None, until=None, **some),
        calls.ledger(**some),
        calls.deposit(500, save_card=False, idempotency_key=None), calls.top_up(),
        calls.set_top_up(threshold_cents=1, amount_cents=1, monthly_cap_cents=1), calls.end_top_up(),
        calls.alert(), calls.set_alert(low_balance_cents=1, webhook_url="x", webhook_secret=None),
        calls.end_alert(), calls.keys(), calls.revoke_key(one),
        calls.create_key(
            "x", mode=None, scopes=None, limit_cents=None, expires_at=None, idempotency_key=None
        ),
    ]  # fmt: skip
    ours = {(call.method.lower(), call.path.replace(one, "{id}")) for call in made}
    described = {(method, path) for path, methods in DESCRIPTION["paths"].items() for method in methods}
    assert ours == described - ROUTES_OF_OTHERS
