"""What a balance may never say of itself."""

from dataclasses import replace

import pytest

from corent.core.errors import InvariantViolationError
from corent.ledger.balances import Balance, WalletStatus

SOUND = Balance(
    wallet_id="acct_1",
    available_micros=50,
    held_micros=20,
    credits_micros=100,
    debits_micros=30,
    captured_micros=30,
    open_jobs=1,
    open_batches=0,
    jobs_total=1,
    version=4,
    status=WalletStatus.ACTIVE,
)


def test_a_sound_balance_passes_its_check() -> None:
    SOUND.check()


@pytest.mark.parametrize(
    "change",
    [
        {"available_micros": 51},
        {"held_micros": -1, "available_micros": 71},
        {"open_jobs": -1},
        {"open_batches": -1},
        {"captured_micros": -1},
        {"captured_micros": 31},
        {"open_jobs": 2},
    ],
    ids=str,
)
def test_each_contradiction_in_a_balance_is_an_alarm_that_names_the_wallet(change: dict[str, int]) -> None:
    with pytest.raises(InvariantViolationError) as raised:
        replace(SOUND, **change).check()  # type: ignore[arg-type]
    assert "acct_1" in raised.value.operator_note


ALERTED = replace(SOUND, low_micros=50)
TOPPED_UP = replace(SOUND, topup_micros=51)


@pytest.mark.parametrize(
    ("available_micros", "is_told", "crossed"),
    [(50, False, False), (49, False, True), (49, True, False), (50, True, True)],
)
def test_an_alert_is_crossed_where_the_balance_lies_on_another_side_than_was_told(
    available_micros: int, is_told: bool, crossed: bool
) -> None:
    balance = replace(ALERTED, available_micros=available_micros, is_low_told=is_told)
    assert balance.is_crossed(month="202611") is crossed


def test_a_balance_without_thresholds_is_never_crossed() -> None:
    assert not replace(SOUND, available_micros=-1).is_crossed(month="202611")


def test_a_mark_without_an_alert_has_to_be_looked_after() -> None:
    assert replace(SOUND, is_low_told=True).is_crossed(month="202611")


def test_a_top_up_is_crossed_below_its_threshold_and_not_at_it() -> None:
    assert TOPPED_UP.is_crossed(month="202611")
    assert not replace(TOPPED_UP, topup_micros=50).is_crossed(month="202611")


def test_a_month_that_is_capped_is_not_crossed_and_the_next_one_is() -> None:
    capped = replace(TOPPED_UP, topup_capped="202611")
    assert [capped.is_crossed(month=month) for month in ("202611", "202612")] == [False, True]


def test_a_wallet_that_may_not_spend_is_not_topped_up() -> None:
    assert not replace(TOPPED_UP, status=WalletStatus.FROZEN).is_crossed(month="202611")
    assert replace(ALERTED, available_micros=49, status=WalletStatus.FROZEN).is_crossed(month="202611")
