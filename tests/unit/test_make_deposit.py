"""Making a deposit: a page to pay on, an order that is kept before anybody sees it, and ten an hour."""

import pytest

from corent.accounts.keys import Mode
from corent.accounts.limiter import LimitedError
from corent.core.errors import (
    AccountFrozenError,
    IdempotencyKeyReusedError,
    LiveKeyRequiredError,
    TemporarilyUnavailableError,
)
from corent.ledger.payment_store import OrderState
from corent.payments.processor import Checkout
from corent.usecases.make_deposit import DEPOSITS, DepositOrder, MadeDeposit
from tests.fakes import ulid
from tests.payment_world import ACCOUNT, CENTS, MICROS, PaymentWorld, a_payer


def make(
    world: PaymentWorld,
    number: int = 1,
    *,
    key: str | None = None,
    cents: int = CENTS,
    mode: Mode = Mode.LIVE,
) -> MadeDeposit:
    order = DepositOrder(
        amount_cents=cents,
        saves_card=False,
        ulid=ulid(number),
        idempotency_key=key,
        fingerprint=f"deposit {cents}",
    )
    return world.make_deposit(a_payer(mode=mode), order)


def test_the_order_is_kept_and_nothing_is_credited() -> None:
    world = PaymentWorld()
    made = make(world)
    order = world.books.orders[made.checkout.session_id]
    assert (order.wallet_id, order.amount_micros, order.currency) == (ACCOUNT, MICROS, "usd")
    assert order.state is OrderState.CREATED
    assert world.entries == {}


def test_without_a_key_each_deposit_is_another() -> None:
    world = PaymentWorld()
    assert make(world, 1).checkout != make(world, 2).checkout


def test_the_same_key_gives_the_same_page_and_is_counted_once() -> None:
    world = PaymentWorld()
    first, second = make(world, 1, key="once"), make(world, 2, key="once")
    assert first.checkout == second.checkout
    assert (first.rate is not None, second.rate) == (True, None)
    assert len(world.books.orders) == 1
    assert len(world.windows.times[f"deposits#{ACCOUNT}"]) == 1


def test_the_same_key_for_another_amount_is_refused() -> None:
    world = PaymentWorld()
    make(world, 1, key="once")
    with pytest.raises(IdempotencyKeyReusedError):
        make(world, 2, key="once", cents=CENTS + 1)


def test_a_key_is_free_again_after_a_day() -> None:
    world = PaymentWorld()
    first = make(world, 1, key="once")
    world.clock.sleep(86_402)
    assert make(world, 2, key="once", cents=CENTS + 1).checkout != first.checkout


def test_whoever_died_after_the_page_was_made_gets_it_again_with_the_key() -> None:
    world = PaymentWorld()
    open_order, world.ledger.open_order = world.ledger.open_order, _dies  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        make(world, 1, key="once")
    world.ledger.open_order = open_order  # type: ignore[method-assign]
    made = make(world, 2, key="once")
    assert list(world.books.orders) == [made.checkout.session_id] == ["cs_1"]


def _dies(*_args: object) -> None:
    raise RuntimeError("died")


def test_ten_deposits_an_hour_and_no_more() -> None:
    world = PaymentWorld()
    remaining = []
    for number in range(10):
        made = make(world, number)
        assert made.rate is not None
        remaining.append(made.rate.remaining)
        world.clock.sleep(60)
    assert remaining == list(range(9, -1, -1))
    with pytest.raises(LimitedError) as refused:
        make(world, 11)
    assert (refused.value.rate.limit, refused.value.rate.remaining) == (10, 0)
    # The first was ten minutes ago.
    assert refused.value.retry_after_s == 3000
    assert len(world.books.orders) == 10


def test_a_place_is_free_an_hour_after_its_deposit_and_not_before() -> None:
    world = PaymentWorld()
    for number in range(10):
        make(world, number)
        world.clock.sleep(60)
    world.clock.sleep(2999)
    with pytest.raises(LimitedError) as refused:
        make(world, 11)
    assert refused.value.retry_after_s == 1
    world.clock.sleep(1)
    make(world, 12)
    with pytest.raises(LimitedError):
        make(world, 13)


def test_deposits_that_begin_at_once_are_all_counted() -> None:
    world = PaymentWorld()
    store = world.windows.replace
    overtaking = iter(range(20, 23))

    def overtaken(name: str, before: tuple[int, ...], after: tuple[int, ...], *, keep_until_s: int) -> bool:
        world.windows.replace = store  # type: ignore[method-assign]
        make(world, next(overtaking))
        return store(name, before, after, keep_until_s=keep_until_s)

    world.windows.replace = overtaken  # type: ignore[method-assign]
    make(world, 1)
    assert len(world.windows.times[f"deposits#{ACCOUNT}"]) == 2


def test_deposits_that_always_overtake_one_another_end() -> None:
    world = PaymentWorld()
    world.windows.replace = lambda *_, **__: False  # type: ignore[method-assign]
    with pytest.raises(TemporarilyUnavailableError):
        make(world)


def test_a_test_key_makes_no_deposit() -> None:
    world = PaymentWorld()
    with pytest.raises(LiveKeyRequiredError):
        make(world, mode=Mode.TEST)
    assert world.processor.checkouts == {}


def test_a_frozen_account_makes_no_deposit() -> None:
    world = PaymentWorld()
    world.books.freeze(ACCOUNT, cause="test")
    with pytest.raises(AccountFrozenError):
        make(world)
    assert world.processor.checkouts == {}


def test_a_processor_that_does_not_answer_leaves_no_order() -> None:
    world = PaymentWorld()

    def silent(**_: object) -> Checkout:
        raise TemporarilyUnavailableError("down")

    world.processor.open_checkout = silent  # type: ignore[method-assign]
    with pytest.raises(TemporarilyUnavailableError):
        make(world)
    assert world.books.orders == {}


def test_the_limit_is_ten_an_hour() -> None:
    assert (DEPOSITS.most, DEPOSITS.span_s) == (10, 3600)
