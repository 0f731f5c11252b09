"""People: who may sign in to the dashboard, and whose account that opens.

A person is a verified e-mail address, and has one account, of which they are the owner. That an account has
members is how it is stored, so that a second one needs no other shape.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """What a member of an account may do there."""

    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Person:
    """A member of an account. `is_ready` once the account's wallets are open."""

    email: str
    account_id: str
    role: Role
    created_at_ms: int
    is_ready: bool


class PeopleStore(Protocol):
    """People by their address."""

    def find(self, email: str) -> Person | None:
        """Who has that address, strongly consistent."""
        ...

    def add(self, person: Person) -> bool:
        """Store a new person. False when the address has one already. May be repeated."""
        ...

    def mark_ready(self, person: Person) -> None:
        """Note that the account's wallets are open. May be repeated."""
        ...


def normalised(email: str) -> str:
    """The address as it is compared: providers of mail do not tell upper and lower case apart."""
    return email.strip().casefold()


def email_sha256(email: str) -> str:
    """What a person is filed under."""
    return hashlib.sha256(normalised(email).encode()).hexdigest()
