"""Every call of the API: what is sent, and as what its answer is read. No I/O."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from corent import orders
from corent.answers import (
    AcceptedBatch,
    AcceptedJob,
    Alert,
    Balance,
    Batch,
    Deposit,
    Explanation,
    ImageAnswer,
    Job,
    JobsPage,
    KeysPage,
    LedgerPage,
    NewKey,
    Quote,
    RevokedKey,
    Status,
    StreamToken,
    TopUp,
    Usage,
    WebhookLog,
)

T = TypeVar("T")

_ID = re.compile(r"[A-Za-z0-9]+_[A-Za-z0-9]+")
_IDEMPOTENCY_KEY = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call. It may be sent again when its answer was lost, unless it is not `repeatable`."""

    method: str
    path: str
    answer: type[T]
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    query: tuple[tuple[str, str], ...] = ()
    idempotency_key: str | None = None
    public: bool = False
    repeatable: bool = True

    @property
    def content(self) -> bytes | None:
        """The body as it is sent: the same bytes in every try."""
        if self.body is None:
            return None
        return json.dumps(self.body, ensure_ascii=False, allow_nan=False).encode()

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


def new_idempotency_key() -> str:
    """Return a key nobody has used."""
    return str(uuid.uuid4())


def generate_image(
    prompt: str, *, idempotency_key: str | None, options: Mapping[str, Any]
) -> Call[ImageAnswer]:
    body = _order(prompt, options, known=orders.ImageOptions)
    return _purchase("/v1/images/generate", body, answer=ImageAnswer, idempotency_key=idempotency_key)


def generate_video(
    prompt: str, *, idempotency_key: str | None, options: Mapping[str, Any]
) -> Call[AcceptedJob]:
    body = _order(prompt, options, known=orders.VideoOptions)
    return _purchase("/v1/videos/generate", body, answer=AcceptedJob, idempotency_key=idempotency_key)


def batch(
    kind: str,
    requests: Iterable[Mapping[str, Any] | str],
    *,
    max_cost_cents: int | None,
    webhook_url: str | None,
    webhook_secret: str | None,
    idempotency_key: str | None,
) -> Call[AcceptedBatch]:
    items = [{"prompt": each} if isinstance(each, str) else dict(each) for each in requests]
    body = {"requests": items} | _given(
        max_cost_cents=max_cost_cents, webhook_url=webhook_url, webhook_secret=webhook_secret
    )
    return _purchase(f"/v1/{kind}s/batch", body, answer=AcceptedBatch, idempotency_key=idempotency_key)


def quote(prompt: str, *, options: Mapping[str, Any]) -> Call[Quote]:
    return Call("POST", "/v1/quote", Quote, body=_order(prompt, options, known=orders.QuoteOptions))


def explain(request_or_job_id: str) -> Call[Explanation]:
    return Call(
        "GET", "/v1/routing/explain", Explanation, query=(("request_id", _whole_id(request_or_job_id)),)
    )


def status() -> Call[Status]:
    return Call("GET", "/v1/status", Status, public=True)


def job(job_id: str) -> Call[Job]:
    return Call("GET", f"/v1/jobs/{_whole_id(job_id)}", Job)


def jobs(*, limit: int | None, cursor: str | None, status: str | None, kind: str | None) -> Call[JobsPage]:
    return Call(
        "GET", "/v1/jobs", JobsPage, query=_query(limit=limit, cursor=cursor, status=status, kind=kind)
    )


def cancel_job(job_id: str) -> Call[Job]:
    return _change(f"/v1/jobs/{_whole_id(job_id)}/cancel", answer=Job)


def webhook_log(object_id: str) -> Call[WebhookLog]:
    return Call("GET", f"/v1/jobs/{_whole_id(object_id)}/webhook", WebhookLog)


def redeliver(object_id: str) -> Call[WebhookLog]:
    return _change(f"/v1/jobs/{_whole_id(object_id)}/webhook/redeliver", answer=WebhookLog)


def stream_token(job_id: str) -> Call[StreamToken]:
    return _change(f"/v1/jobs/{_whole_id(job_id)}/stream-token", answer=StreamToken)


def stream(job_id: str) -> Call[Job]:
    """The stream of a job; each of its events is a Job."""
    return Call("GET", f"/v1/jobs/{_whole_id(job_id)}/stream", Job)


def batch_document(batch_id: str) -> Call[Batch]:
    return Call("GET", f"/v1/batches/{_whole_id(batch_id)}", Batch)


def cancel_batch(batch_id: str) -> Call[Batch]:
    return _change(f"/v1/batches/{_whole_id(batch_id)}/cancel", answer=Batch)


def balance() -> Call[Balance]:
    return Call("GET", "/v1/account/balance", Balance)


def usage(
    *, since: date | str | None, until: date | str | None, limit: int | None, cursor: str | None
) -> Call[Usage]:
    bounds = {"from": _moment(since), "to": _moment(until)}
    return Call("GET", "/v1/account/usage", Usage, query=_query(limit=limit, cursor=cursor, **bounds))


def ledger(*, limit: int | None, cursor: str | None) -> Call[LedgerPage]:
    return Call("GET", "/v1/account/ledger", LedgerPage, query=_query(limit=limit, cursor=cursor))


def deposit(amount_cents: int, *, save_card: bool, idempotency_key: str | None) -> Call[Deposit]:
    body = {"amount_cents": amount_cents, "save_card": save_card}
    return _purchase("/v1/account/deposit", body, answer=Deposit, idempotency_key=idempotency_key)


def top_up() -> Call[TopUp]:
    return Call("GET", "/v1/account/auto-topup", TopUp)


def set_top_up(*, threshold_cents: int, amount_cents: int, monthly_cap_cents: int) -> Call[TopUp]:
    body = {
        "threshold_cents": threshold_cents,
        "amount_cents": amount_cents,
        "monthly_cap_cents": monthly_cap_cents,
    }
    return Call("PUT", "/v1/account/auto-topup", TopUp, body=body)


def end_top_up() -> Call[TopUp]:
    return Call("DELETE", "/v1/account/auto-topup", TopUp)


def alert() -> Call[Alert]:
    return Call("GET", "/v1/account/alerts", Alert)


def set_alert(*, low_balance_cents: int, webhook_url: str, webhook_secret: str | None) -> Call[Alert]:
    body = {"low_balance_cents": low_balance_cents, "webhook_url": webhook_url}
    return Call("PUT", "/v1/account/alerts", Alert, body=body | _given(webhook_secret=webhook_secret))


def end_alert() -> Call[Alert]:
    return Call("DELETE", "/v1/account/alerts", Alert)


def create_key(
    label: str,
    *,
    mode: str | None,
    scopes: Sequence[str] | None,
    limit_cents: int | None,
    expires_at: date | str | None,
    idempotency_key: str | None,
) -> Call[NewKey]:
    body = {"label": label} | _given(
        mode=mode,
        scopes=None if scopes is None else list(scopes),
        limit_cents=limit_cents,
        expires_at=_moment(expires_at),
    )
    # The API does not compare keys' requests: sent twice, there are two, and one that nobody saw.
    return Call(
        "POST",
        "/v1/account/keys",
        NewKey,
        body=body,
        idempotency_key=_idempotency_key(idempotency_key),
        repeatable=False,
    )


def keys() -> Call[KeysPage]:
    return Call("GET", "/v1/account/keys", KeysPage)


def revoke_key(key_id: str) -> Call[RevokedKey]:
    return Call("DELETE", f"/v1/account/keys/{_whole_id(key_id)}", RevokedKey)


def _purchase(path: str, body: Mapping[str, Any], *, answer: type[T], idempotency_key: str | None) -> Call[T]:
    return Call("POST", path, answer, body=body, idempotency_key=_idempotency_key(idempotency_key))


def _change(path: str, *, answer: type[T]) -> Call[T]:
    return Call("POST", path, answer, idempotency_key=new_idempotency_key())


def _order(prompt: str, options: Mapping[str, Any], *, known: type) -> dict[str, Any]:
    for name in options:
        if name not in known.__annotations__:
            raise TypeError(f"An order has no {name!r}.")
    return {"prompt": prompt, **options}


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _query(**values: object) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in values.items() if value is not None)


def _moment(value: date | str | None) -> str | None:
    return value.isoformat() if isinstance(value, date) else value


def _whole_id(value: str) -> str:
    # What is no id could be another address once it stands in a path.
    if not _ID.fullmatch(value):
        raise ValueError(f"{value!r} is not an id.")
    return value


def _idempotency_key(value: str | None) -> str:
    if value is None:
        return new_idempotency_key()
    if not _IDEMPOTENCY_KEY.fullmatch(value):
        raise ValueError("An idempotency key is 1 to 255 printable ASCII characters.")
    return value
