"""Sessions of the dashboard: begun after a sign-in, used by every page, ended by their owner or by time."""

import secrets
from dataclasses import dataclass, field

from corent.accounts.keys import GRANTABLE, ApiKey, KeyStatus, Mode, Scope, key_sha256
from corent.accounts.people import Person
from corent.accounts.sessions import (
    ABSOLUTE_MS,
    IDLE_MS,
    Session,
    SessionStore,
    account_id_of,
    form_token,
    is_form_token,
    new_token,
    session_key,
    token_sha256,
)
from corent.accounts.store import KeyStore
from corent.core.clock import Clock
from corent.core.ids import new_ulid

BROWSER_LENGTH_MAX = 200
DRAFT_S = 900
_SCOPES = {Mode.LIVE: (*GRANTABLE, Scope.ADMIN), Mode.TEST: GRANTABLE}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody signed in, with the secret that their browser sent."""

    session: Session
    token: str = field(repr=False)


class Sessions:
    """Sessions of all accounts. A session's API keys are in force for as long as it can last."""

    def __init__(self, *, sessions: SessionStore, keys: KeyStore, clock: Clock) -> None:
        self._sessions = sessions
        self._keys = keys
        self._clock = clock

    def begin(self, person: Person, *, browser: str) -> str:
        """A new session's token, which only the browser keeps."""
        now_ms = self._clock.now_ms()
        token = new_token(person.account_id)
        hashes: list[str] = []
        for mode in Mode:
            secret = session_key(token, mode=mode)
            key = ApiKey(
                id=f"session_{new_ulid()}",
                account_id=person.account_id,
                mode=mode,
                scopes=_SCOPES[mode],
                label="dashboard",
                prefix=secret[:8],
                last4=secret[-4:],
                status=KeyStatus.ACTIVE,
                created_at_ms=now_ms,
                expires_at_s=(now_ms + ABSOLUTE_MS) // 1000,
                limit_micros=None,
            )
            hashes.append(key_sha256(secret))
            self._keys.add(key, key_sha256=hashes[-1])
        session = Session(
            id=token_sha256(token),
            account_id=person.account_id,
            email=person.email,
            created_at_ms=now_ms,
            seen_at_ms=now_ms,
            browser=browser[:BROWSER_LENGTH_MAX],
            key_ids=tuple(hashes),
        )
        self._sessions.add(session)
        return token

    def resume(self, token: str) -> Visitor | None:
        """Who is signed in with that token, if anybody: one write, which also says that they are here."""
        account_id = account_id_of(token)
        if account_id is None:
            return None
        session = self._sessions.touch(
            account_id, session_id=token_sha256(token), now_ms=self._clock.now_ms()
        )
        return Visitor(session, token) if session else None

    def list(self, account_id: str) -> list[Session]:
        """Those in force, the last used first."""
        now_ms = self._clock.now_ms()
        return sorted(
            (
                session
                for session in self._sessions.list_by_account(account_id)
                if session.seen_at_ms > now_ms - IDLE_MS and session.created_at_ms > now_ms - ABSOLUTE_MS
            ),
            key=lambda session: -session.seen_at_ms,
        )

    def end(self, session: Session) -> None:
        """Put it and its keys out of force at once. May be repeated."""
        self._sessions.remove(session.account_id, session_id=session.id)
        for hashed in session.key_ids:
            self._keys.remove(hashed)

    def end_others(self, kept: Session) -> None:
        """End every session of the account but this one. May be repeated."""
        for session in self._sessions.list_by_account(kept.account_id):
            if session.id != kept.id:
                self.end(session)

    def form_token(self, token: str) -> str:
        """What every form of the session carries."""
        return form_token(token)

    def is_form_token(self, token: str, given: str) -> bool:
        """Whether a form is the session's own."""
        return is_form_token(token, given)

    def is_first(self, session: Session, form_id: str) -> bool:
        """Whether this form of the session comes for the first time: what cannot be undone is asked once."""
        until_s = (session.created_at_ms + ABSOLUTE_MS) // 1000
        return self._sessions.claim(f"form#{session.id}#{form_id}", until_s=until_s)

    def keep_draft(self, draft: str) -> str:
        """Keep what was typed for some minutes; the secret that gets it back."""
        secret = secrets.token_urlsafe(32)
        until_s = self._clock.now_ms() // 1000 + DRAFT_S
        self._sessions.keep(f"draft#{token_sha256(secret)}", draft, until_s=until_s)
        return secret

    def take_draft(self, secret: str) -> str | None:
        """What was kept under that secret, once."""
        return self._sessions.take(f"draft#{token_sha256(secret)}", now_s=self._clock.now_ms() // 1000)
