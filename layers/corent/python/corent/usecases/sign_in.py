"""Sign in to the dashboard: from "who are you?" at the identity provider to an account that is open.

An attempt is kept on our side under the hash of a secret that only the browser has, and handed out once: an
answer that another browser began, or that came before, finds nothing.
"""

import hmac
import json
from dataclasses import asdict
from typing import Final, Protocol

from corent.accounts.people import PeopleStore, Person, Role, normalised
from corent.accounts.sessions import SessionStore, token_sha256
from corent.accounts.sign_in import Attempt, Identity, new_attempt
from corent.core.clock import Clock
from corent.core.errors import SignInRefusedError
from corent.core.ids import new_ulid
from corent.usecases.open_account import OpenWallets

ATTEMPT_S: Final = 600


class IdentityProvider(Protocol):
    """Where people prove who they are, by OpenID Connect."""

    def address(self, attempt: Attempt, *, new_person: bool) -> str:
        """Where to send the browser, to sign in or to sign up."""
        ...

    def identify(self, code: str, *, verifier: str) -> Identity:
        """Who the code stands for; it works once. Raises SignInRefusedError, TemporarilyUnavailableError."""
        ...


class SignIn:
    """Both ends of the flow."""

    def __init__(
        self,
        *,
        provider: IdentityProvider,
        people: PeopleStore,
        sessions: SessionStore,
        open_wallets: OpenWallets,
        clock: Clock,
    ) -> None:
        self._provider = provider
        self._people = people
        self._sessions = sessions
        self._open_wallets = open_wallets
        self._clock = clock

    def begin(self, browser_secret: str, *, return_to: str, new_person: bool) -> str:
        """Where the browser that has this secret shall go. A second attempt takes the place of the first."""
        attempt = new_attempt(return_to)
        until_s = self._clock.now_ms() // 1000 + ATTEMPT_S
        self._sessions.keep(_name(browser_secret), json.dumps(asdict(attempt)), until_s=until_s)
        return self._provider.address(attempt, new_person=new_person)

    def finish(self, browser_secret: str, *, code: str, state: str) -> tuple[Person, str]:
        """Who has signed in, with an account that is open, and the path of ours to go on at.

        Raises SignInRefusedError, and TemporarilyUnavailableError: then the sign-in is to be begun anew.
        """
        kept = self._sessions.take(_name(browser_secret), now_s=self._clock.now_ms() // 1000)
        if kept is None:
            raise SignInRefusedError("This sign-in took too long, or was begun in another browser.")
        attempt = Attempt(**json.loads(kept))
        if not hmac.compare_digest(attempt.state.encode(), state.encode()):
            raise SignInRefusedError("This sign-in is not the one that was begun in this browser.")
        identity = self._provider.identify(code, verifier=attempt.verifier)
        if not hmac.compare_digest(attempt.nonce.encode(), identity.nonce.encode()):
            raise SignInRefusedError("This sign-in is not the one that was begun in this browser.")
        if not identity.is_verified:
            raise SignInRefusedError("The e-mail address is not verified yet.")
        return self._person(identity.email), attempt.return_to

    def _person(self, email: str) -> Person:
        """The person with that address, made now if there is none: one account an address."""
        person = self._people.find(email)
        if person is None:
            person = Person(
                email=normalised(email),
                account_id=f"acct_{new_ulid()}",
                role=Role.OWNER,
                created_at_ms=self._clock.now_ms(),
                is_ready=False,
            )
            if not self._people.add(person):  # Another sign-in with that address was first.
                person = self._people.find(email) or person
        if not person.is_ready:
            self._open_wallets(person.account_id, balance_cents=0)
            self._people.mark_ready(person)
        return person


def _name(browser_secret: str) -> str:
    return f"signin#{token_sha256(browser_secret)}"
