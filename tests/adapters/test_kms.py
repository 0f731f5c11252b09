"""Callers' webhook secrets under KMS: they open for their own account and job, and show nowhere."""

import base64
import traceback
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from moto import mock_aws

from corent.adapters.kms import SecretSeal
from corent.core.errors import TemporarilyUnavailableError
from corent.webhooks.store import SealBrokenError

CANARY = "canary-secret-of-a-caller"


class Failing:
    """A KMS that answers every call with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def encrypt(self, **_: Any) -> Any:
        raise self._error

    def decrypt(self, **_: Any) -> Any:
        raise self._error


class Echo:
    """A KMS whose plaintext is what it was given as ciphertext."""

    def decrypt(self, **parameters: Any) -> Any:
        return {"Plaintext": parameters["CiphertextBlob"]}

    encrypt = decrypt


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Decrypt")


@pytest.fixture
def seal() -> Any:
    with mock_aws():
        client = boto3.client(
            "kms", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        yield SecretSeal(client, key_id=client.create_key()["KeyMetadata"]["KeyId"])


@pytest.mark.parametrize("secret", ["s" * 16, "狐" * 256, " with spaces and \N{SNOWMAN}", CANARY])
def test_a_sealed_secret_opens_for_its_own_job(seal: SecretSeal, secret: str) -> None:
    sealed = seal.seal(secret, wallet_id="acct_1", job_id="job_1")
    assert seal.open(sealed, wallet_id="acct_1", job_id="job_1") == secret


@pytest.mark.parametrize(
    ("wallet_id", "job_id"), [("acct_2", "job_1"), ("acct_1", "job_2"), ("job_1", "acct_1")]
)
def test_it_opens_for_no_other_account_or_job(seal: SecretSeal, wallet_id: str, job_id: str) -> None:
    sealed = seal.seal(CANARY, wallet_id="acct_1", job_id="job_1")
    with pytest.raises(SealBrokenError):
        seal.open(sealed, wallet_id=wallet_id, job_id=job_id)


def test_what_is_stored_does_not_hold_the_secret(seal: SecretSeal) -> None:
    sealed = seal.seal(CANARY, wallet_id="acct_1", job_id="job_1")
    assert sealed.isascii()
    assert CANARY.encode() not in base64.b64decode(sealed)
    assert CANARY not in sealed


@pytest.mark.parametrize("damaged", ["", "A", "not base64!", "ä", "AAAA"])
def test_what_was_never_sealed_is_broken(seal: SecretSeal, damaged: str) -> None:
    with pytest.raises(SealBrokenError):
        seal.open(damaged, wallet_id="acct_1", job_id="job_1")


@pytest.mark.parametrize(
    "code", ["InvalidCiphertextException", "IncorrectKeyException", "ValidationException"]
)
def test_a_ciphertext_that_kms_refuses_is_broken(code: str) -> None:
    with pytest.raises(SealBrokenError):
        SecretSeal(Failing(refusal(code)), key_id="k").open("AAAA", wallet_id="acct_1", job_id="job_1")


@pytest.mark.parametrize(
    "error",
    [
        refusal("ThrottlingException"),
        refusal("KMSInternalException"),
        refusal("DisabledException"),
        refusal("AccessDeniedException"),
        ConnectionClosedError(endpoint_url="https://kms.example"),
    ],
)
def test_a_kms_that_does_not_serve_is_for_later(error: Exception) -> None:
    seal = SecretSeal(Failing(error), key_id="k")
    with pytest.raises(TemporarilyUnavailableError):
        seal.seal(CANARY, wallet_id="acct_1", job_id="job_1")
    with pytest.raises(TemporarilyUnavailableError):
        seal.open("AAAA", wallet_id="acct_1", job_id="job_1")


@pytest.mark.parametrize(
    "failing", [Failing(refusal("ThrottlingException")), Failing(refusal("IncorrectKeyException"))]
)
def test_no_error_tells_the_secret(failing: Failing) -> None:
    with pytest.raises(TemporarilyUnavailableError) as caught:
        SecretSeal(failing, key_id="k").seal(CANARY, wallet_id="acct_1", job_id="job_1")
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_plaintext_that_is_no_text_is_told_by_no_error() -> None:
    sealed = base64.b64encode(b"\xff" + CANARY.encode()).decode()
    with pytest.raises(SealBrokenError) as caught:
        SecretSeal(Echo(), key_id="k").open(sealed, wallet_id="acct_1", job_id="job_1")
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    # What could not be decoded hangs on the error before it, for loggers that follow the chain.
    assert caught.value.__suppress_context__


def test_nothing_of_a_secret_is_kept(seal: SecretSeal) -> None:
    seal.open(seal.seal(CANARY, wallet_id="a", job_id="j"), wallet_id="a", job_id="j")
    assert CANARY not in repr(seal) + repr(vars(seal))
