"""Tokens of callback addresses: only what was minted opens, and only where it was minted for."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corent.core.callback_tokens import CallbackTarget, mint_token, open_token
from tests.fakes import ulid

SECRET = "s" * 32
JOB = f"job_{ulid(1)}"
TOKEN = mint_token(JOB, attempt=2, provider="fal", secret=SECRET)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~=%/ "


@pytest.mark.parametrize("attempt", [1, 2, 99])
@pytest.mark.parametrize("provider", ["fal", "google", "some_other-one2"])
def test_a_minted_token_opens_to_its_job_and_attempt(provider: str, attempt: int) -> None:
    token = mint_token(JOB, attempt=attempt, provider=provider, secret=SECRET)
    assert open_token(token, provider=provider, secret=SECRET) == CallbackTarget(job_id=JOB, attempt=attempt)


def test_a_token_fits_into_an_address_as_it_is() -> None:
    token = mint_token(JOB, attempt=99, provider="fal", secret=SECRET)
    assert re.fullmatch(r"[A-Za-z0-9._~-]{1,200}", token)


def test_a_known_token_stays_as_it_is() -> None:
    token = "job_01M5Z8KVZ0000000000000000A.1.Gvr1ijg30t5WdjaMt60nGB6rLE6FdjVp5qqJQfvsdlQ"
    assert mint_token(token[:30], attempt=1, provider="sandbox", secret=SECRET) == token


def test_minting_again_gives_the_same_token() -> None:
    assert mint_token(JOB, attempt=2, provider="fal", secret=SECRET) == TOKEN


def test_a_token_carries_a_whole_256_bit_code() -> None:
    assert len(TOKEN.rpartition(".")[2]) * 6 >= 256


@pytest.mark.parametrize("place", range(len(TOKEN)))
def test_no_token_opens_with_another_character_anywhere(place: int) -> None:
    for other in ALPHABET:
        changed = TOKEN[:place] + other + TOKEN[place + 1 :]
        assert changed == TOKEN or open_token(changed, provider="fal", secret=SECRET) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        TOKEN + "=",
        TOKEN + "\n",
        " " + TOKEN,
        TOKEN[:-1],
        TOKEN.replace(".2.", ".02."),
        TOKEN.replace(".2.", ".0."),
        TOKEN.replace(".2.", ".\N{SUPERSCRIPT TWO}."),
        TOKEN.replace(".2.", "."),
        TOKEN.replace("job_", "req_"),
        TOKEN.lower(),
    ],
)
def test_what_only_looks_like_a_token_does_not_open(token: str) -> None:
    assert open_token(token, provider="fal", secret=SECRET) is None


@pytest.mark.parametrize(
    "provider", ["replicate", "FAL", "", "fal\n", f"fal\n{JOB}", "../fal", "f" * 33, "\ud800"]
)
def test_a_token_opens_for_its_own_provider_only(provider: str) -> None:
    assert open_token(TOKEN, provider=provider, secret=SECRET) is None


def test_a_token_of_another_secret_does_not_open() -> None:
    assert open_token(TOKEN, provider="fal", secret="t" * 32) is None


def test_the_code_of_one_attempt_is_of_no_use_for_another() -> None:
    first = mint_token(JOB, attempt=1, provider="fal", secret=SECRET)
    other = mint_token(f"job_{ulid(2)}", attempt=2, provider="fal", secret=SECRET)
    for code in (first, other):
        assert open_token(f"{JOB}.2.{code.rpartition('.')[2]}", provider="fal", secret=SECRET) is None


@pytest.mark.parametrize(
    ("job_id", "attempt", "provider"),
    [
        ("job_1", 1, "fal"),
        (JOB, 0, "fal"),
        (JOB, 100, "fal"),
        (JOB, -1, "fal"),
        (JOB, 1, "fal\n"),
        (JOB, 1, ""),
        (f"batch_{ulid(1)}", 1, "fal"),
    ],
)
def test_no_token_is_minted_that_could_not_be_opened(job_id: str, attempt: int, provider: str) -> None:
    with pytest.raises(ValueError, match="no token"):
        mint_token(job_id, attempt=attempt, provider=provider, secret=SECRET)


def test_a_short_secret_is_refused_without_being_told() -> None:
    with pytest.raises(ValueError, match="at least 32") as minting:
        mint_token(JOB, attempt=1, provider="fal", secret="canary")
    with pytest.raises(ValueError, match="at least 32"):
        open_token(TOKEN, provider="fal", secret="")
    assert "canary" not in str(minting.value)


@given(token=st.text(max_size=120), provider=st.text(max_size=40))
def test_anything_a_stranger_sends_is_judged_and_raises_nothing(token: str, provider: str) -> None:
    assert open_token(token, provider=provider, secret=SECRET) is None


@given(tail=st.text(alphabet=ALPHABET + "\ud800é", max_size=60), attempt=st.text(max_size=3))
def test_no_invented_code_opens(tail: str, attempt: str) -> None:
    assert open_token(f"{JOB}.{attempt}.{tail}", provider="fal", secret=SECRET) is None
