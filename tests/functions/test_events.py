"""Every sample event in events/ goes through its function's handler."""

import json
from pathlib import Path
from typing import Any

import pytest

from corent.accounts.keys import is_well_formed
from corent.core.ids import is_id
from corent.edge.routes import PUBLIC_ROUTES, ROUTES
from tests.functions.conftest import CONTEXT, ROOT, Cloud, load

EVENTS = {path.stem: path for path in sorted((ROOT / "events").glob("*.json"))}
# The sandbox upstream has its own settings and its own tests.
OWN = ("sandbox_upstream", "sandbox_films")
STEPS = ("generation_", "batch_")
HTTP = [name for name in EVENTS if not name.startswith(("on_", "operator_", *STEPS)) and name not in OWN]
PUBLIC = {
    **{
        "status_get": 200,
        "openapi_get": 200,
        "tools_get": 200,
        "dashboard": 200,
        "docs": 200,
        "status_page": 200,
        "unknown_route": 405,
    },
    # Assets are named by what they contain.
    "assets_get": 404,
    # Not signed, and no account of the card processor is set up.
    **{"provider_callbacks": 401, "stripe_events": 503},
}


def event(name: str) -> Any:
    return json.loads(EVENTS[name].read_text(encoding="utf-8"))


def test_every_function_has_one_event_and_every_event_a_function() -> None:
    functions = {app.parent.name for app in (ROOT / "functions").glob("*/app.py")}
    assert set(EVENTS) == {*functions, "sandbox_films"}
    assert Path(ROOT / "events" / "README.md").exists()


@pytest.mark.parametrize("name", HTTP)
def test_an_http_event_gets_its_honest_answer(cloud: Cloud, name: str) -> None:
    answer = load(name).handler(event(name), CONTEXT)
    assert answer["statusCode"] == PUBLIC.get(name, 401)
    if name not in PUBLIC:
        assert json.loads(answer["body"])["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize("name", HTTP)
def test_an_http_event_is_one_of_a_route_and_carries_a_well_formed_key(name: str) -> None:
    sent = event(name)
    method, resource = sent["httpMethod"], sent["resource"]
    assert (method in ROUTES[resource]) == (name != "unknown_route")
    key = sent["headers"].get("Authorization", "").removeprefix("Bearer ")
    if name in PUBLIC:
        assert key == ""
        assert (method, resource) in PUBLIC_ROUTES or name == "unknown_route"
    else:
        assert is_well_formed(key)
    ids = [
        (sent["pathParameters"] or {}).get("id"),
        (sent["queryStringParameters"] or {}).get("request_id"),
    ]
    # A model's id is its name.
    named = [each for each in ids if each is not None and resource != "/v1/models/{id}"]
    assert all(is_id(each, prefix=each.partition("_")[0]) for each in named)


@pytest.mark.parametrize("name", [name for name in HTTP if name not in PUBLIC])
def test_with_a_good_key_a_protected_event_is_a_good_request(cloud: Cloud, name: str) -> None:
    from corent.wiring.operator import open_account

    sent = event(name)
    sent["headers"]["Authorization"] = f"Bearer {open_account(balance_cents=100).live_key}"
    answer = load(name).handler(sent, CONTEXT)
    wanted = {
        **dict.fromkeys(("images_generate", "images_generations", "videos_generate"), 503),
        **dict.fromkeys(("images_batch", "videos_batch", "quote"), 503),
        **dict.fromkeys(("batches_get", "batches_cancel"), 404),
        **dict.fromkeys(("jobs_get", "jobs_cancel", "jobs_webhook_get", "jobs_webhook_redeliver"), 404),
        **dict.fromkeys(("jobs_stream", "jobs_stream_token"), 404),
        **{"keys_create": 201, "keys_revoke": 404, "account_deposit": 503, "topup_set": 409},
    }
    assert answer["statusCode"] == (404 if name == "routing_explain" else wanted.get(name, 200))


@pytest.mark.parametrize(
    "name",
    [
        *("generation_submit", "generation_deliver", "generation_settle", "batch_begin", "batch_close"),
        "on_execution_ended",
        *("on_sweep_tick", "on_webhook_due", "on_accounts_check_tick", "on_balance_crossed"),
    ],
)
def test_a_trigger_with_nothing_to_do_writes_nothing(cloud: Cloud, name: str) -> None:
    load(name).handler(event(name), CONTEXT)
    assert {operation for operation, _ in cloud.sent} <= {"GetItem", "Query"}
    assert cloud.sent


def test_the_settled_job_of_the_event_is_folded(cloud: Cloud) -> None:
    load("on_job_settled").handler(event("on_job_settled"), CONTEXT)
    (stored,) = cloud.client("dynamodb").scan(TableName="health")["Items"]
    _minutes, jobs, _times, _retries = json.loads(stored["doc"]["S"])["t"]["corent-image-fast"]
    assert [took_ms for _ended, took_ms in jobs] == [900]
