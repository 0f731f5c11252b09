"""Sessions' secrets: what comes from a token, and what a token is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corent.accounts.keys import Mode, derived_secret, is_well_formed
from corent.accounts.sessions import (
    account_id_of,
    form_token,
    is_form_token,
    new_token,
    session_key,
    token_sha256,
)

ACCOUNT = "acct_01K00000000000000000000000"
TOKEN = f"01K00000000000000000000000.{'A' * 43}"


def test_a_token_says_whose_account_it_opens() -> None:
    assert account_id_of(new_token(ACCOUNT)) == ACCOUNT


def test_no_two_tokens_are_alike() -> None:
    assert len({new_token(ACCOUNT) for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize(
    "token", ["", ".", TOKEN[:-1], f"{TOKEN}A", TOKEN.lower(), f" {TOKEN}", TOKEN.replace("A", "é", 1), "\n"]
)
def test_what_is_no_token_opens_nothing(token: str) -> None:
    assert account_id_of(token) is None


@pytest.mark.parametrize("mode", Mode)
def test_a_sessions_key_is_a_key_like_any_other(mode: Mode) -> None:
    key = session_key(TOKEN, mode=mode)
    assert is_well_formed(key)
    assert key.startswith(f"co_{mode.value}_")
    assert session_key(TOKEN, mode=mode) == key


def test_what_comes_from_a_token_tells_nothing_of_it_or_of_the_rest() -> None:
    made = [session_key(TOKEN, mode=mode)[8:40] for mode in Mode] + [form_token(TOKEN), token_sha256(TOKEN)]
    assert len(set(made)) == 4
    assert not any("A" * 8 in each for each in made)


@given(st.text(min_size=1), st.text(min_size=1))
def test_other_seeds_give_other_keys(one: str, other: str) -> None:
    same = derived_secret(Mode.LIVE, seed=one) == derived_secret(Mode.LIVE, seed=other)
    assert same == (one == other)


def test_keys_made_from_seeds_use_all_their_letters_evenly() -> None:
    made = "".join(derived_secret(Mode.LIVE, seed=str(n))[8:40] for n in range(2_000))
    counts = [made.count(letter) for letter in set(made)]
    assert len(counts) == 62
    assert max(counts) < 1.25 * min(counts)


@given(st.text(max_size=80))
def test_only_the_sessions_own_form_token_is_taken(given: str) -> None:
    assert is_form_token(TOKEN, given) == (given == form_token(TOKEN))


def test_a_form_token_fits_into_a_form() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", form_token(TOKEN))
