"""The sandbox upstream: POST /v1/generations takes orders, GET /v1/generations/{id} hands out.

PUT /v1/models/{model} makes a model fail, or work again. Images are drawn at the submit; videos are left
to the worker (films.py).
"""

import base64
import json
import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from sandbox import submissions
from sandbox.generations import Generations
from sandbox.keys import ApiKey
from sandbox.outages import Outages
from sandbox.refusals import RefusedError
from sandbox.settings import read_settings
from sandbox.studio import Studio
from sandbox.tasks import Tasks

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

app = APIGatewayRestResolver()
logger = Logger()


@app.post("/v1/generations")
def submit() -> Response[str]:
    _authenticate()
    submission = submissions.read(_body())
    outages().check(submission.model)
    return _reply(202, studio().submit(submission))


@app.get("/v1/generations/<generation_id>")
def look(generation_id: str) -> Response[str]:
    _authenticate()
    return _reply(200, studio().look(generation_id))


@app.post("/v1/generations/<generation_id>/cancel")
def cancel(generation_id: str) -> Response[str]:
    _authenticate()
    return _reply(200, studio().cancel(generation_id))


@app.get("/v1/models/<model>")
def model_status(model: str) -> Response[str]:
    _authenticate()
    return _reply(200, outages().status(model))


@app.put("/v1/models/<model>")
def change_model(model: str) -> Response[str]:
    _authenticate()
    return _reply(200, outages().change(model, _body()))


def unknown_path(_: NotFoundError) -> Response[str]:
    return _refusal(RefusedError(404, "not_found", "There is no such path."))


def refused(error: RefusedError) -> Response[str]:
    logger.info("refused", status=error.status, code=error.code, field=error.field)
    return _refusal(error)


def broken(error: Exception) -> Response[str]:
    logger.error("failed", exc_info=error)
    return _refusal(RefusedError(500, "failed", "The sandbox failed."))


app.not_found(unknown_path)
app.exception_handler(RefusedError)(refused)
app.exception_handler(Exception)(broken)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def sleep(duration_s: float) -> None:
    time.sleep(duration_s)


@cache
def studio() -> Studio:
    return Studio(
        Generations(s3(), bucket=read_settings().bucket),
        tasks(),
        now_ms=now_ms,
        sleep=sleep,
    )


@cache
def outages() -> Outages:
    return Outages(s3(), bucket=read_settings().bucket)


@cache
def s3() -> "S3Client":
    return boto3.client("s3", config=Config(signature_version="s3v4"))


@cache
def tasks() -> Tasks:
    return Tasks(boto3.client("sqs"), queue_url=read_settings().queue_url)


@cache
def api_key() -> ApiKey:
    return ApiKey(boto3.client("secretsmanager"), secret_name=read_settings().secret, now_ms=now_ms)


def _body() -> bytes:
    event = app.current_event
    body = (event.body or "").encode()
    return base64.b64decode(body) if event.is_base64_encoded else body


def _authenticate() -> None:
    if not api_key().admits(app.current_event.headers.get("Authorization", "")):
        raise RefusedError(401, "unauthorized", "The API key is missing or not valid.")


def _reply(status: int, document: Mapping[str, object]) -> Response[str]:
    return Response(status_code=status, content_type="application/json", body=json.dumps(document))


def _refusal(error: RefusedError) -> Response[str]:
    document = {"code": error.code, "message": error.message}
    if error.field is not None:
        document["field"] = error.field
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    return Response(
        status_code=error.status,
        content_type="application/json",
        headers=headers,
        body=json.dumps({"error": document}),
    )
