"""Who may call what: the kinds of access routes have."""

from collections.abc import Callable
from dataclasses import dataclass

from corent.accounts.keys import Scope
from corent.accounts.limiter import RateClass
from corent.usecases.authenticate import Authenticate


@dataclass(frozen=True, slots=True)
class Access:
    """A key with any of `scopes`, counted against `rate_class`."""

    authenticate: Callable[[], Authenticate]
    scopes: tuple[Scope, ...]
    rate_class: RateClass


def generating(authenticate: Callable[[], Authenticate]) -> Access:
    """Routes that buy."""
    return Access(authenticate, scopes=(Scope.GENERATE,), rate_class=RateClass.GENERATE)


def quoting(authenticate: Callable[[], Authenticate]) -> Access:
    """The route that tells a price: for who may buy, and not counted as buying."""
    return Access(authenticate, scopes=(Scope.GENERATE,), rate_class=RateClass.READ)


def steering_jobs(authenticate: Callable[[], Authenticate]) -> Access:
    """Routes that change what was bought; stopping must not be held up by the limit on buying."""
    return Access(authenticate, scopes=(Scope.GENERATE,), rate_class=RateClass.READ)


def reading_jobs(authenticate: Callable[[], Authenticate]) -> Access:
    """Routes that read jobs: also for a key that may only generate, which must be able to poll."""
    return Access(authenticate, scopes=(Scope.READ, Scope.GENERATE), rate_class=RateClass.READ)


def reading_tiers(authenticate: Callable[[], Authenticate]) -> Access:
    """Routes that read what is sold: also for a key that may only generate, to know what to ask for."""
    return Access(authenticate, scopes=(Scope.READ, Scope.GENERATE), rate_class=RateClass.READ)


def reading_money(authenticate: Callable[[], Authenticate]) -> Access:
    """Routes that read the account's money."""
    return Access(authenticate, scopes=(Scope.READ, Scope.BILLING), rate_class=RateClass.READ)


def paying(authenticate: Callable[[], Authenticate]) -> Access:
    """Routes that bring money in."""
    return Access(authenticate, scopes=(Scope.BILLING,), rate_class=RateClass.READ)


def administering(authenticate: Callable[[], Authenticate]) -> Access:
    """Routes that make and revoke keys."""
    return Access(authenticate, scopes=(Scope.ADMIN,), rate_class=RateClass.READ)
