"""Signature version 4 for an upstream that knows us by the function's own AWS role.

botocore's signer, as in adapters/aws.py; the request itself goes through `Wire`, so that its deadline and
caps hold. The role's credentials are those of the environment, read at every request: AWS may renew them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from corent.core.upstream import Failure, UpstreamError

if TYPE_CHECKING:
    from collections.abc import Generator

SIGNED_HEADERS: Final = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")


class RoleSignature(httpx.Auth):
    """Signs each request with the role's credentials. Raises AUTH where the environment has none."""

    requires_request_body = True

    def __init__(self, *, service: str, region: str) -> None:
        self._service = service
        self._region = region

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        # Only what no hop on the way changes is signed: the address, the kind of body, the body.
        signed = AWSRequest(
            method=request.method,
            url=str(request.url),
            data=request.content,
            headers={"Content-Type": request.headers.get("content-type", "")},
        )
        SigV4Auth(_credentials(), self._service, self._region).add_auth(signed)
        for name in SIGNED_HEADERS:
            if name in signed.headers:
                request.headers[name] = signed.headers[name]
        yield request


def _credentials() -> Credentials:
    try:
        return Credentials(
            os.environ["AWS_ACCESS_KEY_ID"],
            os.environ["AWS_SECRET_ACCESS_KEY"],
            os.environ.get("AWS_SESSION_TOKEN"),
        )
    except KeyError as error:
        raise UpstreamError(Failure.AUTH, "the environment holds no role") from error
