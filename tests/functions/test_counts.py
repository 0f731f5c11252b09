"""What a warm image request and a video cost: calls, write units and modules, counted at the handlers."""

import base64
import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from corent.adapters import aws
from corent.providers.catalog import offers
from corent.usecases.open_account import OpenedAccount
from corent.wiring import images
from tests.fakes import FakeClock
from tests.films import film
from tests.functions.conftest import CONTEXT, ROOT, Cloud, clear_wiring, load
from tests.functions.upstreams import LIVE_PROVIDERS, Conversation, Files, Films, serving_files
from tests.metering import Meter, metered
from tests.pictures import encoded, png

PROMPT = "A red fox in a snowy forest at dawn, seen from far away. " * 4
PROMPT = PROMPT[:200]


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    with serving_files() as served:
        yield served


@pytest.fixture
def meter(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Meter:
    return metered(cloud.client("dynamodb"), monkeypatch)


def second_request(cloud: Cloud, meter: Meter, key: str, **body: Any) -> list[tuple[str, str]]:
    """The calls of the second request in a row: its function and its health are warm."""
    body = {"prompt": PROMPT, "preference": "balanced", **body}
    assert cloud.generate(key, **body).status == 200
    cloud.sent.clear()
    meter.reset()
    assert cloud.generate(key, **body).status == 200
    return [(operation, _tables(parameters)) for operation, parameters in cloud.sent]


def _tables(parameters: dict[str, Any]) -> str:
    writes = parameters.get("TransactItems")
    if "RequestItems" in parameters:
        return " ".join(parameters["RequestItems"])
    if writes is None:
        return str(parameters.get("TableName"))
    return " ".join(next(iter(write.values()))["TableName"] for write in writes)


CALLS = [
    ("UpdateItem", "keys"),
    ("TransactWriteItems", "jobs balances balances"),
    ("TransactWriteItems", "jobs balances balances"),
    ("GetItem", "balances"),
]


@pytest.mark.usefixtures("clock")
def test_a_sandbox_request_makes_four_calls_and_one_object_in_sixteen_units(
    cloud: Cloud, account: OpenedAccount, upstream: Callable[..., None], meter: Meter, files: Files
) -> None:
    upstream("sandbox", Conversation(files))
    assert second_request(cloud, meter, account.test_key) == CALLS
    assert len(meter.objects) == 1
    assert meter.write_units == 16
    assert meter.largest_job_kilobytes == 1


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("preference", "output_format"),
    [("fast", "png"), ("cheap", "png"), *itertools.product(("balanced", "quality"), ("png", "jpeg", "webp"))],
)
def test_a_request_among_all_providers_stays_in_sixteen_units(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Callable[..., None],
    meter: Meter,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    preference: str,
    output_format: str,
) -> None:
    # So that whichever comes first is asked inside the caller's wait; ranking does not look at it.
    quick = tuple(replace(offer, slow_latency_ms=1_000) for offer in offers())
    monkeypatch.setattr(images, "offers", lambda: quick)
    conversation = Conversation(files, encoded(output_format))
    for provider in (*LIVE_PROVIDERS, "sandbox"):
        upstream(provider, conversation)
    calls = second_request(cloud, meter, account.live_key, preference=preference, output_format=output_format)
    assert calls == CALLS
    assert len(meter.objects) == 1
    assert meter.write_units == 16
    assert meter.largest_job_kilobytes == 1


def test_the_health_is_read_once_in_five_seconds(
    cloud: Cloud, account: OpenedAccount, upstream: Callable[..., None], files: Files, clock: FakeClock
) -> None:
    upstream("openai", Conversation(files))
    for _ in range(3):
        cloud.generate(account.live_key)
    assert Counter(parameters.get("TableName") for _, parameters in cloud.sent)["health"] == 1
    clock.sleep(5)
    cloud.generate(account.live_key)
    assert Counter(parameters.get("TableName") for _, parameters in cloud.sent)["health"] == 2


def test_credentials_are_read_once_a_minute(
    cloud: Cloud, account: OpenedAccount, upstream: Callable[..., None], files: Files, clock: FakeClock
) -> None:
    upstream("openai", Conversation(files))
    for _ in range(3):
        cloud.generate(account.live_key)
    reads = [parameters for operation, parameters in cloud.sent if operation == "GetSecretValue"]
    assert len(reads) == len({parameters["SecretId"] for parameters in reads})
    clock.sleep(60)
    cloud.generate(account.live_key)
    again = [parameters for operation, parameters in cloud.sent if operation == "GetSecretValue"]
    assert len(again) == 2 * len(reads)


SECRET, ADMIT, HEALTH = ("GetSecretValue", "None"), ("UpdateItem", "keys"), ("GetItem", "health")


@pytest.mark.parametrize("body", [{"prompt": PROMPT, "n": 4}, {"prompt": PROMPT, "duration_s": 5}])
def test_a_quote_costs_its_authentication_and_the_health_and_no_more(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Callable[..., None],
    files: Files,
    clock: FakeClock,
    body: dict[str, Any],
) -> None:
    upstream("sandbox", Conversation(files))
    cloud.sent.clear()
    for _ in range(3):
        assert cloud.call("quote", "POST", "/v1/quote", key=account.test_key, body=body).status == 200
    made = Counter(calls_of(cloud))
    secrets = [
        parameters["SecretId"] for operation, parameters in cloud.sent if operation == "GetSecretValue"
    ]
    assert secrets.count("corent/quotes") == 1
    assert len(secrets) == len(set(secrets))
    assert {call: count for call, count in made.items() if call != SECRET} == {ADMIT: 3, HEALTH: 1}


@pytest.mark.usefixtures("clock")
def test_a_request_with_a_quote_costs_one_read_of_its_secret_a_minute_and_one_without_none(
    cloud: Cloud, account: OpenedAccount, upstream: Callable[..., None], meter: Meter, files: Files
) -> None:
    upstream("sandbox", Conversation(files))
    body = {"prompt": PROMPT, "preference": "balanced"}
    key = account.test_key
    given = cloud.call("quote", "POST", "/v1/quote", key=key, body=body).json["quote_id"]
    clear_wiring()
    assert second_request(cloud, meter, key) == CALLS
    for calls in ([CALLS[0], SECRET, *CALLS[1:]], CALLS):
        cloud.sent.clear()
        meter.reset()
        assert cloud.generate(key, quote_id=given, **body).status == 200
        assert calls_of(cloud) == calls
        assert meter.write_units == 16
        assert meter.largest_job_kilobytes == 1


SERIES = [("GetItem", "jobs"), ("PutItem", "jobs")]
# With the record that makes a call's tries one purchase.
KEYED_HOLD = ("TransactWriteItems", "jobs jobs balances balances")


def compatible(cloud: Cloud, key: str, *, number: int) -> int:
    """One request of OpenAI's shape; its status."""
    headers = {"x-stainless-retry-count": str(number)}
    body = {"prompt": PROMPT}
    return cloud.call(
        "images_generations", "POST", "/v1/images/generations", key=key, body=body, headers=headers
    ).status


@pytest.mark.usefixtures("clock")
def test_an_image_in_openais_shape_costs_two_calls_more_and_is_read_back_once(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Callable[..., None],
    meter: Meter,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upstream("sandbox", Conversation(files))
    read_back: list[str] = []
    get_object = aws.S3.get_object

    def noted(self: Any, **given: Any) -> bytes:
        read_back.append(given["Key"])
        return get_object(self, **given)

    monkeypatch.setattr(aws.S3, "get_object", noted)
    assert compatible(cloud, account.test_key, number=0) == 200
    cloud.sent.clear()
    meter.reset()
    read_back.clear()
    assert compatible(cloud, account.test_key, number=0) == 200
    assert calls_of(cloud) == [CALLS[0], *SERIES, KEYED_HOLD, *CALLS[2:]]
    assert len(meter.objects) == len(read_back) == 1
    assert meter.write_units == 19


@pytest.mark.usefixtures("clock")
def test_a_repeat_in_openais_shape_is_answered_by_reading(
    cloud: Cloud, account: OpenedAccount, upstream: Callable[..., None], files: Files
) -> None:
    upstream("sandbox", Conversation(files))
    assert compatible(cloud, account.test_key, number=0) == 200
    cloud.sent.clear()
    assert compatible(cloud, account.test_key, number=1) == 200
    # Who asks, which call it is, what that bought, the job, and the balance.
    assert calls_of(cloud) == [CALLS[0], *SERIES, READ, READ, CALLS[3]]


# What a fresh environment imports to answer one request; the event and the answer's status go through pipes.
PROBE = """
import importlib.util, json, sys, types
event = json.load(sys.stdin)
path = event.pop("app")
sys.path.insert(0, path.removesuffix("/app.py"))
spec = importlib.util.spec_from_file_location("app", path)
app = importlib.util.module_from_spec(spec)
spec.loader.exec_module(app)
context = types.SimpleNamespace(function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn",
    aws_request_id="r")
answer = app.handler(event, context)
adapters = [name for name in sys.modules if name.startswith("corent.providers.")]
modules = sorted({name.partition(".")[0] for name in sys.modules} | set(adapters))
print(json.dumps({"status": answer["statusCode"], "modules": modules}))
"""


def fresh(cloud: Cloud, function: str, event: dict[str, Any]) -> set[str]:
    """The top-level modules, and those of providers, that a new process holds after one answer with 200."""
    sent = {"app": str(ROOT / "functions" / function / "app.py"), **event}
    ended = subprocess.run(
        [sys.executable, "-c", PROBE],
        input=json.dumps(sent),
        env={**os.environ, "PYTHONPATH": f"{ROOT}/layers/corent/python:{ROOT}/layers/pages/python"},
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(ended.stdout.splitlines()[-1])
    assert said["status"] == 200
    return set(said["modules"])


NEVER = {"stripe", "aws_xray_sdk", "PIL", "av", "boto3"}


def adapters_of(modules: set[str]) -> set[str]:
    """The adapters among them: what belongs to providers, less what all share."""
    named = {
        name.removeprefix("corent.providers.") for name in modules if name.startswith("corent.providers.")
    }
    return {name for name in named if not name.startswith("_")} - {"catalog", "credentials"}


BOUGHT = {"data": [{"b64_json": base64.b64encode(png()).decode()}]}
INVOKED = {"finish_reasons": [None], "images": [base64.b64encode(png()).decode()]}


@pytest.mark.parametrize(
    ("provider", "preference", "path", "answer", "adapter"),
    [
        ("openai", "fast", "v1/images/generations", BOUGHT, "openai_images"),
        ("recraft", "fast", "v1/images/generations", BOUGHT, "recraft"),
        (
            "bedrock",
            "balanced",
            "model/stability.stable-image-core-v1%3A1/invoke",
            INVOKED,
            "bedrock",
        ),
    ],
)
def test_the_image_path_imports_nothing_it_does_not_need(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Callable[..., None],
    files: Files,
    provider: str,
    preference: str,
    path: str,
    answer: dict[str, Any],
    adapter: str,
) -> None:
    files.put(path, json.dumps(answer).encode())
    upstream(provider, lambda _: httpx.Response(503), base_url=files.address)
    body = {"prompt": "a red fox", "preference": preference, "wait_s": 25}
    event = cloud.event("POST", "/v1/images/generate", key=account.live_key, body=body)
    modules = fresh(cloud, "images_generate", event)
    assert "httpx" in modules  # The upstream was called for real, or the count says nothing.
    assert not NEVER & modules
    assert adapters_of(modules) == {adapter}


def test_the_status_imports_no_http_client(cloud: Cloud) -> None:
    modules = fresh(cloud, "status_get", cloud.event("GET", "/v1/status"))
    assert not (NEVER | {"httpx"}) & modules
    assert adapters_of(modules) == set()


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("function", "resource", "path"),
    [("models_list", "/v1/models", None), ("models_get", "/v1/models/{id}", {"id": "corent-image-fast"})],
)
def test_models_cost_their_authentication_and_import_no_http_client(
    cloud: Cloud, account: OpenedAccount, function: str, resource: str, path: dict[str, str] | None
) -> None:
    for _ in range(2):  # The first learns how busy the key is.
        cloud.sent.clear()
        assert cloud.call(function, "GET", resource, key=account.live_key, path=path).status == 200
    assert calls_of(cloud) == [CALLS[0]]
    modules = fresh(cloud, function, cloud.event("GET", resource, key=account.live_key, path=path))
    assert not (NEVER | {"httpx"}) & modules
    assert adapters_of(modules) == set()


def test_tools_cost_no_call_and_import_no_http_client(cloud: Cloud) -> None:
    event = cloud.event("GET", "/v1/tools/{name}", path={"name": "openai"})
    modules = fresh(cloud, "tools_get", event)
    assert not (NEVER | {"httpx", "cryptography"}) & modules
    cloud.sent.clear()
    assert cloud.call("tools_get", "GET", "/v1/tools/{name}", path={"name": "openai"}).status == 200
    assert cloud.sent == []


def test_an_image_in_openais_shape_imports_what_every_image_does(
    cloud: Cloud, account: OpenedAccount, upstream: Callable[..., None], files: Files
) -> None:
    files.put("v1/images/generations", json.dumps(BOUGHT).encode())
    upstream("openai", lambda _: httpx.Response(503), base_url=files.address)
    request = {"key": account.live_key, "body": {"prompt": "a red fox", "model": "fast"}}
    modules = fresh(cloud, "images_generations", cloud.event("POST", "/v1/images/generations", **request))
    assert "httpx" in modules
    assert not (NEVER | {"openai", "httpx2"}) & modules
    assert adapters_of(modules) == {"openai_images"}


@pytest.mark.parametrize(
    ("function", "resource"),
    [
        ("account_balance", "/v1/account/balance"),
        ("jobs_list", "/v1/jobs"),
    ],
)
def test_a_read_imports_no_http_client(
    cloud: Cloud, account: OpenedAccount, function: str, resource: str
) -> None:
    modules = fresh(cloud, function, cloud.event("GET", resource, key=account.live_key))
    assert not (NEVER | {"httpx"}) & modules


def test_a_quote_imports_no_http_client_and_no_adapter(cloud: Cloud, account: OpenedAccount) -> None:
    cloud.client("secretsmanager").create_secret(
        Name="corent/providers/openai", SecretString=json.dumps({"api_key": "k"})
    )
    body = {"prompt": "a red fox", "preference": "fast"}
    modules = fresh(cloud, "quote", cloud.event("POST", "/v1/quote", key=account.live_key, body=body))
    assert not (NEVER | {"httpx", "cryptography"}) & modules
    assert adapters_of(modules) == set()


def calls_of(cloud: Cloud) -> list[tuple[str, str]]:
    """The calls since they were last cleared, with their tables."""
    return [(operation, _tables(parameters)) for operation, parameters in cloud.sent]


STATES = ("StartExecution", "None")
READ, NOTE, TELL = ("GetItem", "jobs"), ("UpdateItem", "jobs"), ("SendTaskSuccess", "None")


def test_a_video_is_accepted_in_three_calls_and_its_start(
    cloud: Cloud, account: OpenedAccount, upstream: Callable[..., None], files: Files, clock: FakeClock
) -> None:
    upstream("sandbox", Films(files, film()))
    cloud.film(account.test_key)
    cloud.sent.clear()
    assert cloud.film(account.test_key).status == 202
    assert calls_of(cloud) == [*CALLS[:2], STATES, CALLS[3]]


def test_a_videos_steps_make_no_call_too_many(
    cloud: Cloud, account: OpenedAccount, upstream: Callable[..., None], files: Files, clock: FakeClock
) -> None:
    films = Films(files, film())
    upstream("sandbox", films)
    job_id = cloud.film(account.test_key).json["id"]
    steps = {
        "generation_submit": [READ, NOTE, NOTE],
        # The sandbox reports 40 percent at the first look, which is kept.
        "generation_check": [READ, NOTE, NOTE],
        "again": [READ, NOTE, TELL],
        "generation_deliver": [READ, NOTE],
        "generation_settle": [READ, CALLS[2]],
    }
    for name, wanted in steps.items():
        cloud.sent.clear()
        function = "generation_check" if name == "again" else name
        load(function).handler({"job_id": job_id, "wake_token": "t"}, CONTEXT)
        seen = [call for call in calls_of(cloud) if call[0] != "GetSecretValue"]
        assert (name, seen) == (name, wanted)


STAGE, ALL = ("BatchWriteItem", "jobs"), ("BatchGetItem", "jobs")
BATCH_HOLD = ("TransactWriteItems", "jobs balances balances")


def test_a_batch_of_a_hundred_is_accepted_in_eight_calls_and_its_start(
    cloud: Cloud, account: OpenedAccount, upstream: Callable[..., None], files: Files, clock: FakeClock
) -> None:
    upstream("sandbox", Conversation(files))
    body = {"requests": [{"prompt": PROMPT}] * 100}
    for _ in range(2):
        cloud.sent.clear()
        answer = cloud.call("images_batch", "POST", "/v1/images/batch", key=account.test_key, body=body)
        assert answer.status == 202
    # Authentication, the balance first, the jobs by twenty-five, the hold.
    assert calls_of(cloud) == [CALLS[0], CALLS[3], *[STAGE] * 4, BATCH_HOLD, STATES, CALLS[3]]


def test_a_batch_is_cancelled_in_three_reads_and_writes_and_a_few_a_job(
    cloud: Cloud, account: OpenedAccount, upstream: Callable[..., None], files: Files, clock: FakeClock
) -> None:
    upstream("sandbox", Conversation(files))
    body = {"requests": [{"prompt": PROMPT}] * 3}
    bought = cloud.call("images_batch", "POST", "/v1/images/batch", key=account.test_key, body=body).json
    load("batch_begin").handler({"batch_id": bought["id"]}, CONTEXT)
    cloud.sent.clear()
    path = {"id": bought["id"]}
    cloud.call("batches_cancel", "POST", "/v1/batches/{id}/cancel", key=account.test_key, path=path)
    release = ("TransactWriteItems", "jobs balances balances")
    end = ("TransactWriteItems", "jobs balances")
    assert calls_of(cloud) == [CALLS[0], READ, NOTE, ALL, *[release, READ] * 3, end]


def test_a_batch_is_read_in_two_calls_and_carried_without_one_too_many(
    cloud: Cloud, account: OpenedAccount, upstream: Callable[..., None], files: Files, clock: FakeClock
) -> None:
    upstream("sandbox", Conversation(files))
    body = {"requests": [{"prompt": PROMPT}] * 3}
    bought = cloud.call("images_batch", "POST", "/v1/images/batch", key=account.test_key, body=body).json
    path = {"id": bought["id"]}
    event = {"batch_id": bought["id"]}
    cloud.sent.clear()
    cloud.call("batches_get", "GET", "/v1/batches/{id}", key=account.test_key, path=path)
    assert calls_of(cloud) == [CALLS[0], READ, ALL]
    cloud.sent.clear()
    load("batch_begin").handler(event, CONTEXT)
    assert calls_of(cloud) == [READ, ALL, *[NOTE] * 3, NOTE]
    for job in bought["jobs"]:
        cloud.carry(job["id"], clock=clock)
    cloud.sent.clear()
    load("batch_close").handler(event, CONTEXT)
    assert calls_of(cloud) == [READ, ALL, ("TransactWriteItems", "jobs balances")]


@pytest.mark.parametrize(
    "function",
    [
        *("generation_settle", "on_execution_ended", "on_sweep_tick", "jobs_cancel"),
        *("batch_begin", "batch_close", "batches_get", "batches_cancel"),
    ],
)
def test_settling_imports_no_http_client(cloud: Cloud, function: str) -> None:
    program = f"import sys; sys.path.insert(0, {str(ROOT / 'functions' / function)!r}); import app; "
    program += "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT / "layers/corent/python")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "corent" in ended.stdout
    assert not [name for name in (*NEVER, "httpx", "cryptography") if f"'{name}'" in ended.stdout]
