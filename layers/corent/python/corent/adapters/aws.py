"""AWS calls of the request path: botocore's signer over a kept-alive connection.

boto3's client costs about three times the CPU a call and twice the start-up of this file, and a request
makes four DynamoDB calls. The methods carry boto3's names and answers and raise botocore's errors, so
that a repository takes either (the contract tests run both).

Retries: three tries on a lost connection, a 5xx or throttling, as the SDK's standard mode does. A write
that must not be applied twice says so in its condition, not here.
"""

import base64
import http.client
import json
import os
import threading
import time
import zlib
from random import random
from typing import Any, Final
from urllib.parse import quote, urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ConnectionClosedError

from corent.adapters.tls import tls_context

TRIES: Final = 3
RETRY_BASE_S: Final = 0.05
CONNECT_READ_TIMEOUT_S: Final = 5.0
THROTTLED: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


class _Endpoint:
    """Signed requests to one service; one connection a thread."""

    def __init__(self, service: str, *, timeout_s: float = CONNECT_READ_TIMEOUT_S) -> None:
        region = os.environ["AWS_REGION"]
        url = os.environ.get("AWS_ENDPOINT_URL") or f"https://{service}.{region}.amazonaws.com"
        parts = urlsplit(url)
        self.url = url.rstrip("/")
        self._host = parts.hostname or ""
        self._port = parts.port
        self._secure = parts.scheme == "https"
        self._timeout_s = timeout_s
        credentials = Credentials(
            os.environ["AWS_ACCESS_KEY_ID"],
            os.environ["AWS_SECRET_ACCESS_KEY"],
            os.environ.get("AWS_SESSION_TOKEN"),
        )
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        self._signer = signer(credentials, service, region)
        self._local = threading.local()

    def send(self, method: str, path: str, *, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """One signed request, tried up to TRIES times; the last answer, whatever its status."""
        for attempt in range(1, TRIES + 1):
            request = AWSRequest(method=method, url=self.url + path, data=body, headers=headers)
            self._signer.add_auth(request)
            try:
                status, answer = self._exchange(
                    method, path, body=body, headers=dict(request.headers.items())
                )
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                if attempt == TRIES:
                    raise ConnectionClosedError(endpoint_url=self.url, error=error) from error
            else:
                throttled = status in (400, 429) and any(code.encode() in answer for code in THROTTLED)
                if attempt == TRIES or not (status >= 500 or throttled):
                    return status, answer
            time.sleep(random() * RETRY_BASE_S * 2**attempt)  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    def _exchange(self, method: str, path: str, *, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            if self._secure:
                connection = http.client.HTTPSConnection(
                    self._host, self._port, timeout=self._timeout_s, context=tls_context()
                )
            else:
                connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
            self._local.connection = connection
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        answer = response.read()
        if response.will_close:
            self._drop()
        return response.status, answer

    def _drop(self) -> None:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


class _JsonService:
    """A service that speaks AWS's JSON protocol."""

    def __init__(self, service: str, *, target: str, version: str) -> None:
        self._endpoint = _Endpoint(service)
        self._target = target
        self._content_type = f"application/x-amz-json-{version}"

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": self._content_type, "X-Amz-Target": f"{self._target}.{operation}"}
        status, answer = self._endpoint.send(
            "POST", "/", headers=headers, body=json.dumps(parameters, separators=(",", ":")).encode()
        )
        document: dict[str, Any] = _json_object(answer)
        if status == 200:
            return document
        raise _client_error(status, document, operation=operation)


class DynamoDB:
    """The DynamoDB operations Corent uses, as `boto3.client("dynamodb")` has them."""

    def __init__(self) -> None:
        self._service = _JsonService("dynamodb", target="DynamoDB_20120810", version="1.0")

    def get_item(self, **parameters: Any) -> dict[str, Any]:
        return self._service.call("GetItem", parameters)

    def put_item(self, **parameters: Any) -> dict[str, Any]:
        return self._service.call("PutItem", parameters)

    def update_item(self, **parameters: Any) -> dict[str, Any]:
        return self._service.call("UpdateItem", parameters)

    def delete_item(self, **parameters: Any) -> dict[str, Any]:
        return self._service.call("DeleteItem", parameters)

    def query(self, **parameters: Any) -> dict[str, Any]:
        return self._service.call("Query", parameters)

    def batch_get_item(self, **parameters: Any) -> dict[str, Any]:
        return self._service.call("BatchGetItem", parameters)

    def batch_write_item(self, **parameters: Any) -> dict[str, Any]:
        return self._service.call("BatchWriteItem", parameters)

    def transact_write_items(self, **parameters: Any) -> dict[str, Any]:
        return self._service.call("TransactWriteItems", parameters)


class SecretsManager:
    """The Secrets Manager operations Corent uses."""

    def __init__(self) -> None:
        self._service = _JsonService("secretsmanager", target="secretsmanager", version="1.1")

    def get_secret_value(self, **parameters: Any) -> dict[str, Any]:
        return self._service.call("GetSecretValue", parameters)


class KMS:
    """The KMS operations Corent uses. Blobs are bytes outside and base64 on the wire, as in boto3."""

    def __init__(self) -> None:
        self._service = _JsonService("kms", target="TrentService", version="1.1")

    def encrypt(self, **parameters: Any) -> dict[str, Any]:
        plaintext = base64.b64encode(parameters["Plaintext"]).decode()
        answer = self._service.call("Encrypt", {**parameters, "Plaintext": plaintext})
        return {**answer, "CiphertextBlob": base64.b64decode(answer["CiphertextBlob"])}

    def decrypt(self, **parameters: Any) -> dict[str, Any]:
        ciphertext = base64.b64encode(parameters["CiphertextBlob"]).decode()
        answer = self._service.call("Decrypt", {**parameters, "CiphertextBlob": ciphertext})
        return {**answer, "Plaintext": base64.b64decode(answer["Plaintext"])}


class SQS:
    """The SQS operations Corent uses."""

    def __init__(self) -> None:
        self._service = _JsonService("sqs", target="AmazonSQS", version="1.0")

    def send_message(self, **parameters: Any) -> dict[str, Any]:
        return self._service.call("SendMessage", parameters)


class StepFunctions:
    """The Step Functions operations Corent uses."""

    def __init__(self) -> None:
        self._service = _JsonService("states", target="AWSStepFunctions", version="1.0")

    def start_execution(self, **parameters: Any) -> dict[str, Any]:
        return self._service.call("StartExecution", parameters)

    def send_task_success(self, **parameters: Any) -> dict[str, Any]:
        return self._service.call("SendTaskSuccess", parameters)


class Lambda:
    """The Lambda operations Corent uses."""

    def __init__(self) -> None:
        self._endpoint = _Endpoint("lambda")

    def invoke(self, **parameters: Any) -> None:
        path = f"/2015-03-31/functions/{quote(parameters['FunctionName'], safe='')}/invocations"
        headers = {
            "Content-Type": "application/json",
            "X-Amz-Invocation-Type": parameters["InvocationType"],
        }
        status, answer = self._endpoint.send("POST", path, headers=headers, body=parameters["Payload"])
        if status not in (200, 202):
            raise _client_error(status, _json_object(answer), operation="Invoke")


class S3:
    """Objects, written and read back. Path-style addresses: they work for every bucket and every endpoint."""

    def __init__(self) -> None:
        self._endpoint = _Endpoint("s3", timeout_s=15.0)

    def put_object(self, **parameters: Any) -> None:
        body: bytes = parameters["Body"]
        headers = {
            "Content-Type": parameters["ContentType"],
            "Cache-Control": parameters["CacheControl"],
            "x-amz-checksum-crc32": base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode(),
        }
        path = f"/{parameters['Bucket']}/{quote(parameters['Key'])}"
        status, answer = self._endpoint.send("PUT", path, headers=headers, body=body)
        if status != 200:
            document = {"message": answer[:200].decode("utf-8", "replace")}
            raise _client_error(status, document, operation="PutObject")

    def get_object(self, **parameters: Any) -> bytes:
        """The object's content, which boto3 would have in a stream under `Body`."""
        path = f"/{parameters['Bucket']}/{quote(parameters['Key'])}"
        status, answer = self._endpoint.send("GET", path, headers={}, body=b"")
        if status != 200:
            document = {"message": answer[:200].decode("utf-8", "replace")}
            raise _client_error(status, document, operation="GetObject")
        return answer


def _json_object(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _client_error(status: int, document: dict[str, Any], *, operation: str) -> ClientError:
    """The error botocore makes of the same answer, with what conditions report beside it."""
    code = str(document.get("__type") or status).rsplit("#", 1)[-1]
    message = str(document.get("message") or document.get("Message") or "")
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    for name in ("CancellationReasons", "Item"):
        if name in document:
            response[name] = document[name]
    return ClientError(response, operation)
