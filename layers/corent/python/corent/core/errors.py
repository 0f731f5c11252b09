"""The error tree. Every error a caller can see is a class here, and the edge renders them in one place.

CorentError
├── InvalidRequestError            422  invalid_<field>, missing_field, unknown_field
│   ├── MalformedJsonError         400  malformed_json
│   ├── InvalidEventError          400  invalid_event (payment events only)
│   ├── BodyTooLargeError          413  body_too_large
│   ├── MethodNotAllowedError      405  method_not_allowed
│   ├── QuoteExpiredError          422  quote_expired
│   └── IdempotencyKeyReusedError  422  idempotency_key_reused
├── ContentRefusedError            422  content_policy_violation
├── SignInRefusedError             400  sign_in_refused (dashboard only)
├── SessionEndedError              401  session_ended (dashboard only)
├── ForeignFormError               403  foreign_form (dashboard only)
├── InvalidApiKeyError             401  invalid_api_key
├── InvalidSignatureError          401  invalid_signature (callbacks only)
├── InsufficientFundsError         402  insufficient_funds
├── KeyLimitReachedError           402  key_limit_reached
├── MaxCostExceededError           402  max_cost_exceeded
├── AccountFrozenError             403  account_frozen
├── LiveKeyRequiredError           403  live_key_required
├── MissingScopeError              403  missing_scope
├── NotFoundError                  404  not_found
├── RequestInProgressError         409  request_in_progress
├── JobNotCancellableError         409  job_not_cancellable
├── JobCancelledError              409  job_cancelled
├── NoSavedCardError               409  no_saved_card
├── ConflictingCorrectionError     409  conflicting_correction (operators only)
├── RateLimitedError               429  rate_limited
├── TooManyOpenJobsError           429  too_many_open_jobs
├── DeadlineExceededError          503  deadline_exceeded (only inside a job document)
├── TierUnavailableError           503  tier_unavailable
├── TemporarilyUnavailableError    503  temporarily_unavailable
├── UnansweredError                503  unanswered (dashboard only)
├── RelayedError                   the API's own error, shown by a page
└── InternalError                  500  internal
    └── InvariantViolationError         books that do not add up; alarms, never repaired
        └── PaymentMismatchError        a payment that is not what its order says; credits nothing
"""

from typing import Any, ClassVar


class CorentError(Exception):
    """An error with a meaning for the caller.

    `message` is shown to the caller as it is: it never names a provider, an internal
    id or another account. `retryable` says whether the same call may succeed later.
    """

    status: ClassVar[int]
    type: ClassVar[str]
    code: str
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        retry_after_s: int | None = None,
        details: dict[str, int] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s
        self.details = details or {}


class InvalidRequestError(CorentError):
    """The request breaks a rule; `code` is `invalid_<field>`, `missing_field` or `unknown_field`."""

    status = 422
    type = "invalid_request_error"

    def __init__(self, message: str, *, code: str, param: str | None = None) -> None:
        super().__init__(message, param=param)
        self.code = code


class MalformedJsonError(CorentError):
    status = 400
    type = "invalid_request_error"
    code = "malformed_json"


class InvalidEventError(CorentError):
    """A payment event that is not signed as it should be, or not meant for this stage."""

    status = 400
    type = "invalid_request_error"
    code = "invalid_event"


class BodyTooLargeError(CorentError):
    status = 413
    type = "invalid_request_error"
    code = "body_too_large"


class MethodNotAllowedError(CorentError):
    status = 405
    type = "invalid_request_error"
    code = "method_not_allowed"


class IdempotencyKeyReusedError(CorentError):
    status = 422
    type = "invalid_request_error"
    code = "idempotency_key_reused"


class QuoteExpiredError(CorentError):
    """A quote of ours for just this order, whose time is over."""

    status = 422
    type = "invalid_request_error"
    code = "quote_expired"


class ContentRefusedError(CorentError):
    status = 422
    type = "content_policy_error"
    code = "content_policy_violation"


class SignInRefusedError(CorentError):
    """A sign-in that is not the one this browser began, or that the identity provider does not vouch for."""

    status = 400
    type = "authentication_error"
    code = "sign_in_refused"


class SessionEndedError(CorentError):
    """Nobody is signed in, or no longer."""

    status = 401
    type = "authentication_error"
    code = "session_ended"


class ForeignFormError(CorentError):
    """A form that was not sent by a page of ours, in this session."""

    status = 403
    type = "permission_error"
    code = "foreign_form"


class InvalidApiKeyError(CorentError):
    """Missing, malformed, unknown, revoked or expired: the caller is never told which."""

    status = 401
    type = "authentication_error"
    code = "invalid_api_key"

    def __init__(self) -> None:
        super().__init__("The API key is missing or not valid.")


class InvalidSignatureError(CorentError):
    status = 401
    type = "authentication_error"
    code = "invalid_signature"


class InsufficientFundsError(CorentError):
    status = 402
    type = "insufficient_funds_error"
    code = "insufficient_funds"


class KeyLimitReachedError(CorentError):
    status = 402
    type = "insufficient_funds_error"
    code = "key_limit_reached"


class MaxCostExceededError(CorentError):
    status = 402
    type = "insufficient_funds_error"
    code = "max_cost_exceeded"


class AccountFrozenError(CorentError):
    status = 403
    type = "permission_error"
    code = "account_frozen"


class LiveKeyRequiredError(CorentError):
    """What is asked for moves real money, and a test key moves none."""

    status = 403
    type = "permission_error"
    code = "live_key_required"


class MissingScopeError(CorentError):
    status = 403
    type = "permission_error"
    code = "missing_scope"


class NotFoundError(CorentError):
    """Missing, or another account's: both look the same."""

    status = 404
    type = "not_found_error"
    code = "not_found"


class RequestInProgressError(CorentError):
    status = 409
    type = "conflict_error"
    code = "request_in_progress"
    retryable = True


class JobNotCancellableError(CorentError):
    status = 409
    type = "conflict_error"
    code = "job_not_cancellable"


class JobCancelledError(CorentError):
    """The job that a repeated request asks for was cancelled by its owner."""

    status = 409
    type = "conflict_error"
    code = "job_cancelled"


class NoSavedCardError(CorentError):
    """Automatic top-ups need a card that was saved with a deposit."""

    status = 409
    type = "conflict_error"
    code = "no_saved_card"


class ConflictingCorrectionError(CorentError):
    """An operator's ticket or gift that stands for another amount already."""

    status = 409
    type = "conflict_error"
    code = "conflicting_correction"


class RateLimitedError(CorentError):
    status = 429
    type = "rate_limit_error"
    code = "rate_limited"
    retryable = True


class TooManyOpenJobsError(CorentError):
    status = 429
    type = "rate_limit_error"
    code = "too_many_open_jobs"
    retryable = True


class TierUnavailableError(CorentError):
    status = 503
    type = "api_error"
    code = "tier_unavailable"
    retryable = True


class DeadlineExceededError(CorentError):
    """A job's error once its deadline passed; no synchronous answer carries it."""

    status = 503
    type = "api_error"
    code = "deadline_exceeded"
    retryable = True


class TemporarilyUnavailableError(CorentError):
    status = 503
    type = "api_error"
    code = "temporarily_unavailable"
    retryable = True


class UnansweredError(CorentError):
    """The API gave a page no answer in time; whether the request was carried out is unknown."""

    status = 503
    type = "api_error"
    code = "unanswered"
    retryable = True

    def __init__(self) -> None:
        super().__init__("Corent did not answer in time. Nothing you typed is lost: try again.")


class RelayedError(CorentError):
    """An error that the API answered a page with, to be shown there. The status and words are the API's."""

    def __init__(self, error: dict[str, Any], *, status: int) -> None:
        super().__init__(str(error["message"]), param=error.get("param"))
        self.status = status  # type: ignore[misc]  # Of this one answer, not of the class.
        self.type = str(error["type"])  # type: ignore[misc]
        self.code = str(error["code"])
        self.request_id = str(error["request_id"])


class InternalError(CorentError):
    status = 500
    type = "api_error"
    code = "internal"

    def __init__(self, operator_note: str = "") -> None:
        super().__init__("Something went wrong on our side. The request was not charged.")
        self.operator_note = operator_note


class InvariantViolationError(InternalError):
    """Stored money does not add up. Alarms; nothing is written and nothing is repaired by code."""


class PaymentMismatchError(InvariantViolationError):
    """A payment whose amount, currency, account or mode is not its order's. Nothing is credited."""
