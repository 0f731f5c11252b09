"""Quotes, and the tokens they are kept in."""

from functools import cache

from corent.adapters.aws import SecretsManager
from corent.adapters.secrets import SharedSecret
from corent.core.clock import SystemClock
from corent.usecases.quote_order import QuoteOrder
from corent.usecases.quote_tokens import QuoteTokens
from corent.wiring.drafts import draft_job
from corent.wiring.settings import Settings, read_settings


class QuoteSettings(Settings):
    """`quote_secret` is the name of the secret that quotes are signed with."""

    quote_secret: str


@cache
def quote_tokens() -> QuoteTokens:
    name = read_settings(QuoteSettings).quote_secret
    secret = SharedSecret(SecretsManager(), name=name, clock=SystemClock())
    return QuoteTokens(secret=secret, clock=SystemClock())


@cache
def quote() -> QuoteOrder:
    return QuoteOrder(draft=draft_job(), tokens=quote_tokens(), clock=SystemClock())
