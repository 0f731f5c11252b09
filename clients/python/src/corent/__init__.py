"""Corent's client: images and videos from one API.

Nothing is imported until it is asked for, so that `import corent` costs next to nothing: a command line and
an agent's tool pay for it at every start.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corent.answers import (
        AcceptedBatch,
        AcceptedJob,
        AccountEvent,
        Alert,
        Balance,
        Batch,
        Deposit,
        Explanation,
        Image,
        ImageAnswer,
        Job,
        JobEvent,
        Key,
        LedgerEntry,
        NewKey,
        Quote,
        Status,
        TopUp,
        Usage,
        Video,
        WebhookLog,
    )
    from corent.async_client import AsyncCorent
    from corent.client import Corent
    from corent.errors import (
        APIConnectionError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        ConflictError,
        ContentPolicyError,
        CorentError,
        DownloadError,
        InsufficientFundsError,
        InvalidRequestError,
        JobCancelledError,
        JobFailedError,
        MalformedAnswerError,
        MissingKeyError,
        NotFoundError,
        PermissionDeniedError,
        RateLimitedError,
        ServerError,
        WaitTimeoutError,
        WebhookVerificationError,
    )
    from corent.orders import ImageOptions, ImageOrder, QuoteOptions, VideoOptions, VideoOrder
    from corent.webhooks import verify_body_signature, verify_webhook

__version__ = "0.1.0"

_NAMES = {
    "corent.answers": (
        "AcceptedBatch", "AcceptedJob", "AccountEvent", "Alert", "Balance", "Batch", "Deposit", "Explanation",
        "Image", "ImageAnswer", "Job", "JobEvent", "Key", "LedgerEntry", "NewKey", "Quote", "Status", "TopUp",
        "Usage", "Video", "WebhookLog",
    ),
    "corent.async_client": ("AsyncCorent",),
    "corent.client": ("Corent",),
    "corent.errors": (
        "APIConnectionError", "APIStatusError", "APITimeoutError", "AuthenticationError", "ConflictError",
        "ContentPolicyError", "CorentError", "DownloadError", "InsufficientFundsError", "InvalidRequestError",
        "JobCancelledError", "JobFailedError", "MalformedAnswerError", "MissingKeyError", "NotFoundError",
        "PermissionDeniedError", "RateLimitedError", "ServerError", "WaitTimeoutError",
        "WebhookVerificationError",
    ),
    "corent.orders": ("ImageOptions", "ImageOrder", "QuoteOptions", "VideoOptions", "VideoOrder"),
    "corent.webhooks": ("verify_body_signature", "verify_webhook"),
}  # fmt: skip
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AcceptedBatch",
    "AcceptedJob",
    "AccountEvent",
    "Alert",
    "AsyncCorent",
    "AuthenticationError",
    "Balance",
    "Batch",
    "ConflictError",
    "ContentPolicyError",
    "Corent",
    "CorentError",
    "Deposit",
    "DownloadError",
    "Explanation",
    "Image",
    "ImageAnswer",
    "ImageOptions",
    "ImageOrder",
    "InsufficientFundsError",
    "InvalidRequestError",
    "Job",
    "JobCancelledError",
    "JobEvent",
    "JobFailedError",
    "Key",
    "LedgerEntry",
    "MalformedAnswerError",
    "MissingKeyError",
    "NewKey",
    "NotFoundError",
    "PermissionDeniedError",
    "Quote",
    "QuoteOptions",
    "RateLimitedError",
    "ServerError",
    "Status",
    "TopUp",
    "Usage",
    "Video",
    "VideoOptions",
    "VideoOrder",
    "WaitTimeoutError",
    "WebhookLog",
    "WebhookVerificationError",
    "verify_body_signature",
    "verify_webhook",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'corent' has no attribute {name!r}")
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
