"""The dashboard: who signs in and who is signed in. Everything else it asks of the API, as a client."""

import os
from functools import cache

import httpx

from corent.accounts.keys import Mode
from corent.accounts.sessions import session_key
from corent.adapters.cognito import CognitoPool, Pool
from corent.adapters.dynamo.people import DynamoPeople
from corent.adapters.dynamo.sessions import DynamoSessions
from corent.adapters.own_api import OwnApi
from corent.core.clock import SystemClock
from corent.providers.catalog import tiers
from corent.usecases.open_account import OpenWallets
from corent.usecases.sessions import Sessions, Visitor
from corent.usecases.sign_in import ATTEMPT_S, SignIn
from corent.wiring.accounts import dynamodb, keys, manage_keys
from corent.wiring.local_hosts import LOCAL_STAGE
from corent.wiring.money import ledger
from corent.wiring.settings import Settings, read_settings

__all__ = ["ATTEMPT_S", "manage_keys", "tiers"]

# API Gateway gives up after 29 s; a page must have said before that the API is slow.
API_READ_S = 20.0
CHECKOUT = "https://checkout.stripe.com"


class DashboardSettings(Settings):
    """`sign_in_url` is the identity provider's address, `sign_up_url` its page for new people."""

    stage: str
    people_table: str
    public_base_url: str
    user_pool_id: str
    user_pool_client_id: str
    sign_in_url: str
    sign_up_url: str


@cache
def settings() -> DashboardSettings:
    return read_settings(DashboardSettings)


def origin() -> str:
    """Where the pages are served: what browsers send as the origin of our forms."""
    return settings().public_base_url


def forms_lead_to() -> tuple[str, ...]:
    """Where our forms may send a browser on to: the pay page, and where people sign out."""
    # The stand-in for the pay page is on a port of its own.
    payments = "http://127.0.0.1:*" if settings().stage == LOCAL_STAGE else CHECKOUT
    return (payments, settings().sign_in_url)


@cache
def _client() -> httpx.Client:
    return httpx.Client(trust_env=False, follow_redirects=False)


@cache
def _people() -> DynamoPeople:
    return DynamoPeople(dynamodb(), table=settings().people_table)


@cache
def _sessions() -> DynamoSessions:
    return DynamoSessions(dynamodb(), table=settings().people_table)


@cache
def sessions() -> Sessions:
    return Sessions(sessions=_sessions(), keys=keys(), clock=SystemClock())


@cache
def pool() -> CognitoPool:
    region, pool_id = os.environ["AWS_REGION"], settings().user_pool_id
    issuer = f"https://cognito-idp.{region}.amazonaws.com/{pool_id}"
    published = os.environ.get("AWS_ENDPOINT_URL") or f"https://cognito-idp.{region}.amazonaws.com"
    return CognitoPool(
        Pool(
            issuer=issuer,
            client_id=settings().user_pool_client_id,
            pages_url=settings().sign_in_url,
            sign_up_url=settings().sign_up_url,
            keys_url=f"{published}/{pool_id}/.well-known/jwks.json",
            return_url=f"{settings().public_base_url}/dashboard/sign-in/return",
            signed_out_url=f"{settings().public_base_url}/dashboard/sign-in",
        ),
        client=_client(),
    )


def passkeys_url() -> str | None:
    """Where people add a passkey; the emulated pool has none."""
    return None if settings().stage == LOCAL_STAGE else pool().passkeys_address()


@cache
def sign_in() -> SignIn:
    return SignIn(
        provider=pool(),
        people=_people(),
        sessions=_sessions(),
        open_wallets=OpenWallets(ledger=ledger(), clock=SystemClock()),
        clock=SystemClock(),
    )


def api(visitor: Visitor, *, mode: str) -> OwnApi:
    """The API as whoever is signed in, in one of the account's two worlds."""
    key = session_key(visitor.token, mode=Mode(mode))
    return OwnApi(client=_client(), base_url=settings().public_base_url, key=key, read_s=API_READ_S)
