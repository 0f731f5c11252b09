"""The sandbox upstream as its callers see it: its API, worker and queue, at a time that stands still."""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from moto import mock_aws
from sandbox.tasks import Tasks

from functions.sandbox_upstream import app, films

BUCKET = "sandbox-bucket"
SECRET = "corent/providers/sandbox"
QUEUE_URL = "https://queue.test/sandbox"
KEY = "sandbox-key"
EVENT: dict[str, Any] = json.loads(Path("events/sandbox_upstream.json").read_text(encoding="utf-8"))
TASK_EVENT: dict[str, Any] = json.loads(Path("events/sandbox_films.json").read_text(encoding="utf-8"))
BODY: dict[str, Any] = {**json.loads(EVENT["body"]), "width": 96, "height": 64}
VIDEO: dict[str, Any] = {
    "kind": "video",
    "model": "sandbox-swift",
    "prompt": "a red fox in a snowy forest at dawn",
    "width": 96,
    "height": 64,
    "duration_s": 1,
    "reference": "job_0123456789abcdefghjkmnpqrs-1",
    "attempt": 1,
}
VISIBILITY_TIMEOUT_MS = 60_000


@dataclass
class Answer:
    """What the function replied."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.body["error"]
        return error


@dataclass
class Message:
    """One message of the queue, and from when it may be had."""

    body: str
    visible_at_ms: int
    receives: int = 0

    @property
    def task(self) -> str:
        return str(json.loads(self.body)["task"])


@dataclass
class Queue:
    """SQS as far as the sandbox uses it, on the tests' clock."""

    now_ms: Callable[[], int]
    messages: list[Message] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int) -> None:  # noqa: N803
        assert QueueUrl == QUEUE_URL
        assert 0 <= DelaySeconds <= 900
        message = Message(MessageBody, self.now_ms() + DelaySeconds * 1000)
        self.messages.append(message)
        self.sent.append(message)

    def due(self) -> Message | None:
        return next((each for each in self.messages if each.visible_at_ms <= self.now_ms()), None)


class Service:
    """The whole sandbox."""

    def __init__(self) -> None:
        self.time_ms = 1_795_341_000_000
        self.slept_s: list[float] = []
        self.queue = Queue(lambda: self.time_ms)
        self.s3 = boto3.client("s3")
        self.secrets = boto3.client("secretsmanager")

    def call(
        self,
        method: str,
        path: str,
        *,
        body: str | None = None,
        is_base64: bool = False,
        key: str | None = KEY,
    ) -> Answer:
        event = copy.deepcopy(EVENT)
        event |= {"httpMethod": method, "path": path, "body": body, "isBase64Encoded": is_base64}
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        event["headers"] = headers
        event["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
        reply = app.handler(event, None)  # type: ignore[arg-type] # no context is needed
        sent = {
            name: value[0] if isinstance(value, list) else value
            for name, value in reply["multiValueHeaders"].items()
        }
        return Answer(reply["statusCode"], sent, json.loads(reply["body"]))

    def submit(self, **changes: object) -> Answer:
        return self.call("POST", "/v1/generations", body=json.dumps({**BODY, **changes}))

    def film(self, **changes: object) -> Answer:
        return self.call("POST", "/v1/generations", body=json.dumps({**VIDEO, **changes}))

    def look(self, generation_id: str) -> Answer:
        return self.call("GET", f"/v1/generations/{generation_id}")

    def turn(self, model: str, status: str) -> Answer:
        return self.call("PUT", f"/v1/models/{model}", body=json.dumps({"status": status}))

    def cancel(self, generation_id: str) -> Answer:
        return self.call("POST", f"/v1/generations/{generation_id}/cancel")

    def finished(self, **changes: object) -> list[dict[str, Any]]:
        generation_id = self.submit(**changes).body["id"]
        self.time_ms += 600_000
        images: list[dict[str, Any]] = self.look(generation_id).body["images"]
        return images

    def hand_over(self, message: Message) -> bool:
        """Give one message to the worker; True when it is done with."""
        event = copy.deepcopy(TASK_EVENT)
        message.receives += 1
        event["Records"][0]["body"] = message.body
        event["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(message.receives)
        reply = films.handler(event, None)  # type: ignore[arg-type] # no context is needed
        return reply["batchItemFailures"] == []

    def work(self) -> None:
        """Let the worker do what is due, as SQS hands it out."""
        while (message := self.queue.due()) is not None:
            if self.hand_over(message):
                self.queue.messages.remove(message)
            else:
                message.visible_at_ms = self.time_ms + VISIBILITY_TIMEOUT_MS

    def pass_time(self, duration_ms: int) -> None:
        """Let time pass and the worker work, second by second."""
        end_ms = self.time_ms + duration_ms
        while self.time_ms < end_ms:
            self.work()
            self.time_ms = min(self.time_ms + 1000, end_ms)
        self.work()

    def content(self, file: dict[str, Any]) -> bytes:
        key = urlsplit(file["url"]).path.removeprefix("/").removeprefix(f"{BUCKET}/")
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def keys(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return [each["Key"] for each in listed]

    def record(self, generation_id: str) -> dict[str, Any]:
        stored = self.s3.get_object(Bucket=BUCKET, Key=f"generations/{generation_id}.json")["Body"].read()
        record: dict[str, Any] = json.loads(stored)
        return record

    def before_next_record(self, act: Callable[[], object]) -> None:
        """Do something else at the moment the API is about to write a record."""
        events = app.studio()._generations._client.meta.events

        def interfere(params: dict[str, Any], **_: object) -> None:
            if "/generations/" in params["url_path"]:
                events.unregister("before-call.s3.PutObject", interfere)
                act()

        events.register("before-call.s3.PutObject", interfere)


@contextmanager
def emulated_cloud() -> Iterator[None]:
    """AWS as moto has it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        with mock_aws():
            yield


@contextmanager
def running_service() -> Iterator[Service]:
    """A sandbox with an empty bucket, inside `emulated_cloud`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORENT_SANDBOX_BUCKET", BUCKET)
        patch.setenv("CORENT_SANDBOX_SECRET", SECRET)
        patch.setenv("CORENT_SANDBOX_QUEUE_URL", QUEUE_URL)
        made = Service()
        tasks = Tasks(made.queue, queue_url=QUEUE_URL)  # type: ignore[arg-type] # the part that is used
        for module in (app, films):
            patch.setattr(module, "now_ms", lambda: made.time_ms)
            patch.setattr(module, "tasks", lambda: tasks)
        patch.setattr(app, "sleep", made.slept_s.append)
        made.s3.create_bucket(Bucket=BUCKET)
        made.secrets.create_secret(Name=SECRET, SecretString=json.dumps({"api_key": KEY}))
        yield made
        for key in made.keys(""):
            made.s3.delete_object(Bucket=BUCKET, Key=key)
        made.s3.delete_bucket(Bucket=BUCKET)
        made.secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    for cached in (app.studio, app.outages, app.s3, app.api_key, films.worker):
        cached.cache_clear()
