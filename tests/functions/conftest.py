"""The real handlers in this process, against moto's server on loopback and upstreams from a script."""

import base64
import importlib.util
import itertools
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import httpx
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb import dynamodb_backends
from moto.secretsmanager import secretsmanager_backends
from moto.server import ThreadedMotoServer

from corent.core.clock import SystemClock
from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock, ulid
from tests.machine import BATCH_DEFINITION, Execution, Machine
from tests.tables import create_tables

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn:aws:lambda:::f", aws_request_id="r"
)

type Upstream = Callable[[httpx.Request], httpx.Response]


@dataclass
class Answer:
    """What a caller gets."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Cloud:
    """The emulated services and the handlers above them.

    `called` has the route of each request, `invoked` the function of each invocation.
    """

    endpoint: str
    bucket: str
    machine: Machine | None = None
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    invoked: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    planned: list[tuple[int, Callable[[], object]]] = field(default_factory=list)

    def client(self, service: Any) -> Any:
        return aws_client(service, self.endpoint)

    def event(
        self,
        method: str,
        resource: str,
        *,
        key: str | None = None,
        body: Any = None,
        raw: str | None = None,
        query: dict[str, str] | None = None,
        path: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        is_base64: bool = False,
        address: str = "203.0.113.9",
    ) -> dict[str, Any]:
        """One request as API Gateway hands it to a function."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        text = raw if raw is not None else json.dumps(body) if body is not None else None
        url = resource
        for name, value in (path or {}).items():
            url = url.replace(f"{{{name}}}", value)
        return {
            "resource": resource,
            "path": url,
            "httpMethod": method,
            "headers": sent,
            "multiValueHeaders": {name: [value] for name, value in sent.items()},
            "queryStringParameters": query,
            "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()}
            or None,
            "pathParameters": path,
            "stageVariables": None,
            "requestContext": {
                "identity": {"sourceIp": address},
                "stage": "live",
                "path": url,
                "resourcePath": resource,
                "httpMethod": method,
                "requestId": ulid(1),
            },
            "body": base64.b64encode((text or "").encode()).decode() if is_base64 else text,
            "isBase64Encoded": is_base64,
        }

    def call(self, function: str, method: str, resource: str, **request: Any) -> Answer:
        """Send one request (see `event`) to one function."""
        self.called.append(resource)
        raw_answer = self.invoke(function, self.event(method, resource, **request))
        merged = {name: values[0] for name, values in raw_answer["multiValueHeaders"].items()}
        return Answer(status=raw_answer["statusCode"], headers=merged, text=raw_answer["body"])

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """Run one function on one event."""
        self.invoked.append(function)
        return load(function).handler(event, CONTEXT)

    def generate(self, key: str | None, *, headers: dict[str, str] | None = None, **body: Any) -> Answer:
        """`POST /v1/images/generate`, with a prompt unless one is given."""
        document = {"prompt": "a red fox", "preference": "fast", **body}
        return self.call(
            "images_generate", "POST", "/v1/images/generate", key=key, body=document, headers=headers
        )

    def film(self, key: str | None, *, headers: dict[str, str] | None = None, **body: Any) -> Answer:
        """`POST /v1/videos/generate`, with a prompt unless one is given."""
        document = {"prompt": "a red fox runs", **body}
        return self.call(
            "videos_generate", "POST", "/v1/videos/generate", key=key, body=document, headers=headers
        )

    def carry(self, job_id: str, *, clock: FakeClock) -> Execution:
        """Run the job's execution: the real definition over the real step functions."""

        def step(function: str) -> Callable[[dict[str, Any]], object]:
            return lambda event: self.invoke(function, event)

        machine = Machine(
            {
                "SubmitFunction": step("generation_submit"),
                "CheckFunction": step("generation_check"),
                "DeliverFunction": step("generation_deliver"),
                "SettleFunction": step("generation_settle"),
            },
            clock=clock,
        )
        self.machine = machine
        for time_ms, event in self.planned:
            machine.at(time_ms, event)
        return machine.run({"job_id": job_id})

    def carry_batch(self, batch_id: str, *, clock: FakeClock) -> Execution:
        """Run the batch's execution, and in it those of its jobs."""
        machine = Machine(
            {
                "BeginFunction": lambda event: load("batch_begin").handler(event, CONTEXT),
                "GenerationMachine": lambda event: self.carry(event["job_id"], clock=clock),
                "CloseFunction": lambda event: load("batch_close").handler(event, CONTEXT),
            },
            clock=clock,
            definition=BATCH_DEFINITION,
        )
        return machine.run({"batch_id": batch_id})

    def at(self, time_ms: int, event: Callable[[], object]) -> None:
        """Let something happen at that time of the next execution."""
        self.planned.append((time_ms, event))

    def stored(self) -> dict[str, bytes]:
        """Every result in the bucket."""
        s3 = self.client("s3")
        listed = s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {o["Key"]: s3.get_object(Bucket=self.bucket, Key=o["Key"])["Body"].read() for o in listed}


_modules: dict[str, ModuleType] = {}


def load(function: str) -> Any:
    """The function's module, loaded once, as a warm environment has it."""
    if function not in _modules:
        spec = importlib.util.spec_from_file_location(
            f"handler_{function}", ROOT / "functions" / function / "app.py"
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        _modules[function] = module
    return _modules[function]


@cache
def aws_client(service: Any, endpoint: str) -> Any:
    """A boto3 client; making one is slow, so each is kept."""
    session = boto3.Session("testing", "testing", region_name="us-east-1")
    return session.client(service, endpoint_url=endpoint)


def webhook_key(endpoint: str) -> str:
    """A key that seals webhook secrets; tests that mock AWS in their own way forget the last one."""
    key_id: str = aws_client("kms", endpoint).create_key()["KeyMetadata"]["KeyId"]
    return key_id


@contextmanager
def emulated_services() -> Iterator[str]:
    """Moto's server in this process; its address."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    with emulated_services() as address:
        yield address


_buckets = itertools.count(1)


@contextmanager
def empty_cloud(moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Empty tables, a bucket, no provider on offer, and every function's wiring made anew."""
    # The server runs in this process; asking it to drop and make the tables again takes far longer.
    tables = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables
    if not tables:  # The first test, and after one that mocked AWS in its own way.
        create_tables(aws_client("dynamodb", moto_endpoint))
    for table in tables.values():
        table.items.clear()
    secretsmanager_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].secrets.clear()
    bucket = f"results-{next(_buckets)}"
    environment = {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_ENDPOINT_URL": moto_endpoint,
        "CORENT_STAGE": "local",
        "CORENT_KEYS_TABLE": "keys",
        "CORENT_JOBS_TABLE": "jobs",
        "CORENT_BALANCES_TABLE": "balances",
        "CORENT_HEALTH_TABLE": "health",
        "CORENT_PEOPLE_TABLE": "people",
        "CORENT_USER_POOL_ID": "us-east-1_pool",
        "CORENT_USER_POOL_CLIENT_ID": "dashboard-client",
        "CORENT_SIGN_IN_URL": "https://people.corent.example",
        "CORENT_SIGN_UP_URL": "https://people.corent.example/signup",
        "CORENT_RESULTS_BUCKET": bucket,
        "CORENT_PUBLIC_BASE_URL": "https://api.corent.example",
        "CORENT_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:generation",
        "CORENT_BATCH_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:batch",
        "CORENT_CHECK_FUNCTION": "generation_check",
        "CORENT_CALLBACK_BASE_URL": "https://api.corent.example",
        "CORENT_CALLBACK_SECRET": "corent/callbacks",
        "CORENT_QUOTE_SECRET": "corent/quotes",
        "CORENT_STREAM_SECRET": "corent/streams",
        "CORENT_WEBHOOK_KEY_ID": webhook_key(moto_endpoint),
        "CORENT_WEBHOOKS_QUEUE_URL": f"{moto_endpoint}/{DEFAULT_ACCOUNT_ID}/webhooks",
        "CORENT_PAYMENTS_QUEUE_URL": f"{moto_endpoint}/{DEFAULT_ACCOUNT_ID}/payments",
        "CORENT_BALANCES_QUEUE_URL": f"{moto_endpoint}/{DEFAULT_ACCOUNT_ID}/balances",
        "CORENT_STRIPE_MODE": "test",
        "CORENT_UPSTREAM_DAILY_CAP_CENTS": "0",
        "CORENT_PROBE_DAILY_BUDGET_CENTS": "0",
        "CORENT_RATE_SCALE": "1",
        "CORENT_ALLOW_LOOPBACK": "0",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made = Cloud(endpoint=moto_endpoint, bucket=bucket)
    made.client("s3").create_bucket(Bucket=bucket)
    made.client("secretsmanager").create_secret(Name="corent/callbacks", SecretString="c" * 64)
    made.client("secretsmanager").create_secret(Name="corent/quotes", SecretString="q" * 64)
    made.client("secretsmanager").create_secret(Name="corent/streams", SecretString="s" * 64)
    clear_wiring()
    from corent.adapters import aws

    original = aws._JsonService.call

    def counted(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        made.sent.append((operation, parameters))
        # Executions are walked by the test itself, see `carry`; queues are only looked at.
        match operation:
            case "StartExecution":
                made.started.append(parameters["name"])
            case "SendTaskSuccess":
                told = json.loads(parameters["output"])["next"]
                made.told.append((parameters["taskToken"], told))
                if made.machine is not None:
                    made.machine.tell(parameters["taskToken"], next=told)
            case "SendMessage":
                made.messages.append(parameters["MessageBody"])
            case _:
                return original(self, operation, parameters)
        return {}

    def looked(_self: Any, **parameters: Any) -> None:
        made.sent.append(("Invoke", parameters))
        event = json.loads(parameters["Payload"])
        made.looked_at.append(event["job_id"])
        made.invoke("generation_check", event)

    monkeypatch.setattr(aws._JsonService, "call", counted)
    monkeypatch.setattr(aws.Lambda, "invoke", looked)
    try:
        yield made
    finally:
        clear_wiring()


@pytest.fixture
def cloud(moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with empty_cloud(moto_endpoint, monkeypatch) as made:
        yield made


def clear_wiring() -> None:
    """Forget every client and setting that a warm environment keeps."""
    for name, module in list(sys.modules.items()):
        if name.startswith("corent.wiring"):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


@pytest.fixture
def account(cloud: Cloud) -> OpenedAccount:
    """An account with 50 dollars."""
    from corent.wiring.operator import open_account

    return open_account(balance_cents=5_000)


@pytest.fixture
def upstream(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a provider on offer whose answers come from a function."""
    return offering(cloud, monkeypatch)


def offering(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What puts a provider on offer."""

    def offer(provider: str, answer: Upstream, **secret: str) -> None:
        from corent.wiring import upstreams

        fields = {"api_key": "k", "base_url": "http://127.0.0.1:9", **secret}
        cloud.client("secretsmanager").create_secret(
            Name=f"corent/providers/{provider}", SecretString=json.dumps(fields)
        )
        client = httpx.Client(transport=httpx.MockTransport(answer), trust_env=False)
        monkeypatch.setattr(upstreams, "_http_client", lambda: client)
        for kept in (upstreams._images, upstreams._videos, upstreams.provider_secrets):
            kept.cache_clear()

    return offer


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Time that begins now and passes only by sleeping or by being told to."""
    return virtual_clock(monkeypatch)


def virtual_clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Put such a time in force."""
    virtual = FakeClock(SystemClock().now_ms())
    for name in ("now_ms", "monotonic_s", "sleep"):
        move = getattr(virtual, name)
        monkeypatch.setattr(SystemClock, name, lambda _, *given, move=move: move(*given))
    return virtual


@pytest.fixture
def outside(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the dashboard reaches over HTTP: a user pool, and the API's handlers in this process."""
    from corent.wiring import dashboard
    from tests.functions.dashboard_world import Outside, Pool

    reached = Outside(cloud, Pool())
    client = httpx.Client(transport=httpx.MockTransport(reached.respond), trust_env=False)
    monkeypatch.setattr(dashboard, "_client", lambda: client)
    return reached


@pytest.fixture
def somebody(outside: Any) -> Any:
    """A browser with somebody signed in, whose account is new."""
    from tests.functions.dashboard_world import Browser

    browser = Browser(outside.cloud)
    browser.sign_in(outside.pool)
    return browser


@pytest.fixture
def owner(outside: Any, account: OpenedAccount) -> Any:
    """A browser with the owner of the account with 50 dollars signed in."""
    from corent.wiring.operator import give_owner
    from tests.functions.dashboard_world import Browser

    give_owner(account.account_id, email=outside.pool.email)
    browser = Browser(outside.cloud)
    browser.sign_in(outside.pool)
    return browser
