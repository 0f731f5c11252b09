"""Callers' webhook secrets, encrypted by KMS: only who may use the key, for that account and job, reads one.

The secret goes to KMS itself and no data key is made: it is at most a kilobyte, KMS encrypts up to four
(AWS's API reference of Encrypt), and one call a submit is all it takes.
"""

import base64
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError, HTTPClientError

from corent.core.errors import TemporarilyUnavailableError
from corent.webhooks.store import SealBrokenError

# The ciphertext is none, is not this key's, was changed, or was sealed for another account or job.
BROKEN: Final = frozenset({"IncorrectKeyException", "InvalidCiphertextException", "ValidationException"})


class KmsClient(Protocol):
    """`boto3.client("kms")`, as far as it is used."""

    def encrypt(self, **parameters: Any) -> Any: ...

    def decrypt(self, **parameters: Any) -> Any: ...


class SecretSeal:
    """Seals and opens one secret at a time. For a batch's webhook, `job_id` is the batch's id."""

    def __init__(self, client: KmsClient, *, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def seal(self, secret: str, *, wallet_id: str, job_id: str) -> str:
        """The secret as base64 of its ciphertext. May be repeated; each time it looks different."""
        try:
            answer = self._client.encrypt(
                KeyId=self._key_id,
                Plaintext=secret.encode(),
                EncryptionContext=_context(wallet_id, job_id=job_id),
            )
        except (ClientError, HTTPClientError) as error:
            raise TemporarilyUnavailableError("Webhook secrets cannot be kept just now.") from error
        return base64.b64encode(answer["CiphertextBlob"]).decode()

    def open(self, sealed: str, *, wallet_id: str, job_id: str) -> str:
        """The secret again. Raises SealBrokenError for what was not sealed with this key and for this job."""
        try:
            answer = self._client.decrypt(
                KeyId=self._key_id,
                CiphertextBlob=base64.b64decode(sealed, validate=True),
                EncryptionContext=_context(wallet_id, job_id=job_id),
            )
            secret: str = answer["Plaintext"].decode()
        except ValueError:
            # Without its cause: what could not be decoded is the secret itself.
            raise SealBrokenError("a sealed secret is damaged") from None
        except ClientError as error:
            if error.response["Error"]["Code"] in BROKEN:
                raise SealBrokenError("a sealed secret does not open") from error
            raise TemporarilyUnavailableError("Webhook secrets cannot be read just now.") from error
        except HTTPClientError as error:
            raise TemporarilyUnavailableError("Webhook secrets cannot be read just now.") from error
        return secret


def _context(wallet_id: str, *, job_id: str) -> dict[str, str]:
    return {"account": wallet_id, "job": job_id}
