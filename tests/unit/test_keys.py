"""API keys: their form, and what a key must show before anything is done for it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import corent
from corent.accounts.keys import ApiKey, Mode, Scope, is_well_formed, key_sha256, new_secret, wallet_id
from corent.accounts.limiter import RateClass, RateLimit, RateState, rate_limits
from corent.accounts.store import Admission
from corent.core.errors import InvalidApiKeyError, MissingScopeError, RateLimitedError
from corent.usecases.authenticate import Authenticate, Caller, LimitedError
from tests.fakes import START_MS, FakeClock
from tests.image_world import a_caller

LIVE = new_secret(Mode.LIVE)


# ---- Form --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", Mode)
def test_a_new_key_is_a_prefix_and_38_base62_characters(mode: Mode) -> None:
    secret = new_secret(mode)
    prefix, body = secret[:8], secret[8:]
    assert prefix == f"co_{mode}_"
    assert len(body) == 38
    assert body.isascii()
    assert body.isalnum()


def test_a_hundred_thousand_keys_are_all_different_and_well_formed() -> None:
    made = {new_secret(Mode.LIVE) for _ in range(100_000)}
    assert len(made) == 100_000
    assert all(is_well_formed(secret) for secret in made)


def test_a_known_checksum_stays_as_it_is() -> None:
    assert is_well_formed("co_live_" + "0" * 32 + "2suNAx")


@pytest.mark.parametrize("place", range(len(LIVE)))
def test_one_wrong_character_is_noticed_wherever_it_is(place: int) -> None:
    other = "1" if LIVE[place] == "0" else "0"
    assert not is_well_formed(LIVE[:place] + other + LIVE[place + 1 :])


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "co_live_",
        LIVE[:-1],
        LIVE + "0",
        LIVE + "\n",
        " " + LIVE,
        LIVE.upper(),
        LIVE.replace("co_live_", "co_test_"),
        LIVE.replace("co_live_", "co_prod_"),
        LIVE.replace("co_live_", "sk_live_"),
        "co_live_" + "é" * 38,
        "co_live_" + "٣" * 38,
        "\ud800",
    ],
    ids=[*"abcdefghijklm"],
)
def test_what_is_no_key_is_not_well_formed(secret: str) -> None:
    assert not is_well_formed(secret)


def test_a_hash_is_no_part_of_its_key() -> None:
    assert len(key_sha256(LIVE)) == 64
    assert LIVE[8:] not in key_sha256(LIVE)


def test_test_keys_spend_from_another_wallet() -> None:
    assert wallet_id("acct_1", mode=Mode.LIVE) != wallet_id("acct_1", mode=Mode.TEST)


# ---- Authentication ----------------------------------------------------------------------------------


@dataclass
class FakeKeys:
    """Keys by hash; every call is noted."""

    keys: dict[str, ApiKey] = field(default_factory=dict)
    rate: RateState = field(default_factory=lambda: RateState(limit=60, remaining=59, reset_s=1))
    failures: dict[tuple[str, int], int] = field(default_factory=dict)
    admitted: list[tuple[str, RateClass, RateLimit]] = field(default_factory=list)

    def admit(
        self, key_sha256: str, *, rate_class: RateClass, limit: RateLimit, now_ms: int
    ) -> Admission | None:
        assert now_ms == START_MS
        self.admitted.append((key_sha256, rate_class, limit))
        key = self.keys.get(key_sha256)
        return None if key is None else Admission(key=key, rate=self.rate)

    def count_failure(self, address: str, *, minute: int) -> int:
        self.failures[address, minute] = self.failures.get((address, minute), 0) + 1
        return self.failures[address, minute]

    def add(self, key: ApiKey, *, key_sha256: str) -> None:
        self.keys[key_sha256] = key

    def list_by_account(self, account_id: str) -> list[ApiKey]:
        return [key for key in self.keys.values() if key.account_id == account_id]

    def revoke(self, account_id: str, *, key_id: str) -> bool:
        return any(key.id == key_id for key in self.list_by_account(account_id))


class Door:
    """Authentication with one key in the store."""

    def __init__(self, *, scopes: tuple[Scope, ...] = (Scope.GENERATE,), mode: Mode = Mode.LIVE) -> None:
        self.clock = FakeClock()
        self.keys = FakeKeys()
        self.secret = new_secret(mode)
        self.keys.add(replace(a_caller().key, scopes=scopes, mode=mode), key_sha256=key_sha256(self.secret))
        self.authenticate = Authenticate(keys=self.keys, limits=rate_limits(1), clock=self.clock)

    def enter(
        self,
        authorization: str | None = None,
        *,
        address: str = "198.51.100.1",
        scopes: tuple[Scope, ...] = (Scope.GENERATE,),
        rate_class: RateClass = RateClass.GENERATE,
    ) -> Caller:
        header = f"Bearer {self.secret}" if authorization is None else authorization
        return self.authenticate(header, address=address, scopes=scopes, rate_class=rate_class)

    def fail(self, times: int, *, address: str = "198.51.100.1") -> list[type[Exception]]:
        outcomes: list[type[Exception]] = []
        for _ in range(times):
            try:
                self.enter(f"Bearer {new_secret(Mode.LIVE)}", address=address)
            except (InvalidApiKeyError, RateLimitedError) as error:
                outcomes.append(type(error))
        return outcomes


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_known_key_is_let_in(scheme: str) -> None:
    door = Door()
    caller = door.enter(f"{scheme} {door.secret}")
    assert (caller.key_sha256, caller.wallet_id) == (key_sha256(door.secret), "acct_1")


def test_a_test_key_is_led_to_the_test_wallet() -> None:
    assert Door(mode=Mode.TEST).enter().wallet_id == "acct_1.test"


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic Zm94Og==", f"Token {LIVE}", LIVE, "Bearer co_live_x"],
    ids=[*"abcdefg"],
)
def test_what_is_no_key_is_refused_without_a_look_up(authorization: str) -> None:
    door = Door()
    with pytest.raises(InvalidApiKeyError):
        door.enter(authorization)
    assert door.keys.admitted == []


def test_a_missing_header_is_refused_like_a_wrong_key() -> None:
    door = Door()
    with pytest.raises(InvalidApiKeyError) as missing:
        door.authenticate(None, address="a", scopes=(Scope.READ,), rate_class=RateClass.READ)
    with pytest.raises(InvalidApiKeyError) as unknown:
        door.enter(f"Bearer {LIVE}")
    assert missing.value.message == unknown.value.message


def test_a_key_that_is_not_in_force_is_refused() -> None:
    door = Door()
    door.keys.keys.clear()
    with pytest.raises(InvalidApiKeyError):
        door.enter()
    assert len(door.keys.admitted) == 1


@pytest.mark.parametrize("rate_class", RateClass)
def test_a_request_counts_against_the_limit_of_its_class(rate_class: RateClass) -> None:
    door = Door()
    door.enter(rate_class=rate_class)
    assert door.keys.admitted == [(key_sha256(door.secret), rate_class, rate_limits(1)[rate_class])]


def test_a_key_over_its_rate_is_told_when_to_come_again() -> None:
    door = Door()
    door.keys.rate = RateState(limit=60, remaining=0, reset_s=21, retry_after_s=2)
    with pytest.raises(LimitedError) as refused:
        door.enter()
    assert (refused.value.retry_after_s, refused.value.rate) == (2, door.keys.rate)


@pytest.mark.parametrize("owned", [(Scope.READ,), (Scope.BILLING, Scope.READ), (Scope.ADMIN,), ()])
def test_a_key_without_the_scope_is_refused(owned: tuple[Scope, ...]) -> None:
    with pytest.raises(MissingScopeError):
        Door(scopes=owned).enter(scopes=(Scope.GENERATE,))


@pytest.mark.parametrize("owned", [(Scope.READ,), (Scope.GENERATE,), (Scope.READ, Scope.BILLING)])
def test_any_one_of_the_scopes_is_enough(owned: tuple[Scope, ...]) -> None:
    assert Door(scopes=owned).enter(scopes=(Scope.READ, Scope.GENERATE)).key.scopes == owned


def test_twenty_failures_a_minute_are_401_and_then_429() -> None:
    assert Door().fail(22) == [InvalidApiKeyError] * 20 + [RateLimitedError] * 2


def test_a_valid_key_still_works_from_an_address_that_failed_too_often() -> None:
    door = Door()
    door.fail(30)
    assert door.enter().key.account_id == "acct_1"


def test_failures_are_counted_by_address() -> None:
    door = Door()
    door.fail(30)
    assert door.fail(1, address="198.51.100.2") == [InvalidApiKeyError]


def test_failures_are_forgotten_with_the_minute() -> None:
    door = Door()
    door.fail(30)
    left_s = 60 - START_MS // 1000 % 60
    with pytest.raises(RateLimitedError) as refused:
        door.enter("Bearer x")
    assert refused.value.retry_after_s == left_s
    door.clock.time_ms += left_s * 1000
    with pytest.raises(InvalidApiKeyError):
        door.enter("Bearer x")


# ---- Comparing secrets -------------------------------------------------------------------------------

SECRET_WORDS = ("secret", "token", "sig", "signature", "hmac", "digest", "password", "api_key")


def compared(source: str) -> Iterator[str]:
    """Names that `==` or `!=` compares in a source."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        if not any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops):
            continue
        for operand in (node.left, *node.comparators):
            while isinstance(operand, ast.Subscript):
                operand = operand.value
            if isinstance(operand, ast.Name):
                yield operand.id
            elif isinstance(operand, ast.Attribute):
                yield operand.attr


def secret_names(source: str) -> list[str]:
    return [
        name
        for name in compared(source)
        if name.lower() in SECRET_WORDS or name.lower().endswith(tuple(f"_{word}" for word in SECRET_WORDS))
    ]


@pytest.mark.parametrize(
    "source", ["if secret == given: pass", "x = a.webhook_secret != b", "ok = signature[3:] == other"]
)
def test_the_check_notices_a_compared_secret(source: str) -> None:
    assert secret_names(source)


def test_no_secret_is_compared_in_python() -> None:
    files = list(Path(corent.__path__[0]).rglob("*.py"))
    found = {str(file): secret_names(file.read_text(encoding="utf-8")) for file in files}
    assert len(found) > 50
    assert {file: names for file, names in found.items() if names} == {}
