"""Stream tokens: for a minute, for one job, and for nobody who cannot ask for one."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corent.core.stream_tokens import mint_stream_token, open_stream_token

JOB = "job_01M81Z0000SAMPXE0000000000"
OTHER_JOB = "job_01M81Z0000SAMPXE0000000001"
WALLET = "acct_01M81Z0000SAMPXE0000000000"
SECRET = "s" * 64
NOW_S = 1_795_341_000
TOKEN = mint_stream_token(JOB, wallet_id=WALLET, expires_at_s=NOW_S + 60, secret=SECRET)


def opened(token: str, *, job_id: str = JOB, now_s: int = NOW_S, secret: str = SECRET) -> str | None:
    return open_stream_token(token, job_id=job_id, now_s=now_s, secret=secret)


@pytest.mark.parametrize("wallet_id", [WALLET, f"{WALLET}.test"])
def test_a_token_opens_its_own_wallets_job(wallet_id: str) -> None:
    token = mint_stream_token(JOB, wallet_id=wallet_id, expires_at_s=NOW_S + 60, secret=SECRET)
    assert opened(token) == wallet_id


def test_a_token_opens_no_other_job() -> None:
    assert opened(TOKEN, job_id=OTHER_JOB) is None


def test_a_token_is_good_until_its_expiry_and_not_at_it() -> None:
    assert opened(TOKEN, now_s=NOW_S + 59) == WALLET
    assert opened(TOKEN, now_s=NOW_S + 60) is None


def test_another_secret_makes_tokens_void() -> None:
    assert opened(TOKEN, secret="t" * 64) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (JOB, OTHER_JOB),
        (str(NOW_S + 60), str(NOW_S + 61)),
        (WALLET, f"{WALLET}.test"),
        (WALLET, WALLET[:-1] + "1"),
    ],
    ids=["job", "expiry", "test wallet", "other wallet"],
)
def test_a_changed_claim_is_void(old: str, new: str) -> None:
    changed = TOKEN.replace(old, new)
    assert changed != TOKEN
    assert opened(changed, job_id=OTHER_JOB if new == OTHER_JOB else JOB) is None


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from(string.ascii_letters + string.digits + "._-~\n"))
def test_a_changed_character_is_void(place: int, character: str) -> None:
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    assert changed == TOKEN or opened(changed) is None


@given(st.text(max_size=300))
def test_any_text_is_refused_without_an_error(text: str) -> None:
    assert opened(text) is None


@pytest.mark.parametrize("wallet_id", ["", "acct_1.2.3", "acct_\n", "a" * 300])
def test_there_is_no_token_for_what_it_could_not_name(wallet_id: str) -> None:
    with pytest.raises(ValueError, match="no token"):
        mint_stream_token(JOB, wallet_id=wallet_id, expires_at_s=NOW_S, secret=SECRET)


def test_a_weak_secret_makes_no_token() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        mint_stream_token(JOB, wallet_id=WALLET, expires_at_s=NOW_S, secret="s" * 31)
