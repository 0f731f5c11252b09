"""Quotes as tokens: for one order of one wallet, at one price, for ten minutes."""

import string
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corent.core.errors import CorentError, InvalidRequestError, QuoteExpiredError
from corent.core.quote_tokens import QuoteSubject, QuoteTerms, mint_quote_id, open_quote_id
from corent.core.tiers import AspectRatio, ImageFormat, Kind, Preference, Resolution
from corent.jobs.job import ImageOrder, OnRefusal, Order, VideoOrder
from corent.usecases.quote_tokens import QUOTE_LASTS_MS, QuoteTokens
from tests.fakes import START_MS, FakeClock
from tests.image_world import FILM_ORDER, FILM_TIER, ORDER, TIER

SECRET = "s" * 64
SUBJECT = QuoteSubject(wallet_id="acct_1", kind=Kind.IMAGE, tier="corent-image-fast", order_sha256="a" * 64)
TERMS = QuoteTerms(price_micros=20_000, expires_at_ms=1_795_341_600_000)
TOKEN = mint_quote_id(SUBJECT, TERMS, secret=SECRET)


def opened(token: str, *, subject: QuoteSubject = SUBJECT, secret: str = SECRET) -> QuoteTerms | None:
    return open_quote_id(token, subject=subject, secret=secret)


# ---- the token -----------------------------------------------------------------------------------


def test_a_quote_opens_to_its_own_terms() -> None:
    assert opened(TOKEN) == TERMS


def test_a_quote_says_no_more_than_its_price_and_expiry() -> None:
    said, _, code = TOKEN.rpartition(".")
    assert said == "quote_1795341600000.20000"
    assert len(code) * 6 >= 256


@pytest.mark.parametrize(
    "change",
    [{"wallet_id": "acct_1.test"}, {"kind": Kind.VIDEO}, {"tier": "other"}, {"order_sha256": "b" * 64}],
    ids=str,
)
def test_a_quote_opens_for_nothing_else(change: dict[str, Any]) -> None:
    assert opened(TOKEN, subject=replace(SUBJECT, **change)) is None


def test_two_subjects_are_not_taken_for_one_another_by_where_they_are_cut() -> None:
    cut = replace(SUBJECT, wallet_id='acct_1", "image', tier="x")
    assert opened(mint_quote_id(cut, TERMS, secret=SECRET)) is None


def test_another_secret_makes_quotes_void() -> None:
    assert opened(TOKEN, secret="t" * 64) is None


@pytest.mark.parametrize("place", range(len(TOKEN)))
def test_no_quote_opens_with_another_character_anywhere(place: int) -> None:
    for other in string.ascii_letters + string.digits + "._-~= \n\N{SUPERSCRIPT TWO}":
        changed = TOKEN[:place] + other + TOKEN[place + 1 :]
        assert changed == TOKEN or opened(changed) is None


@pytest.mark.parametrize(
    "changed",
    [
        "",
        TOKEN[:-1],
        TOKEN + "A",
        TOKEN + "\n",
        " " + TOKEN,
        TOKEN.removeprefix("quote_"),
        TOKEN.replace(".20000.", ".020000."),
        TOKEN.replace(".20000.", ".2_0000."),
        TOKEN.replace(".20000.", ".10000."),
        TOKEN.replace(".20000.", "."),
        TOKEN.replace("quote_1", "quote_01"),
        TOKEN.replace("1795341600000", "1795341600001"),
        TOKEN + "9" * 10_000,
    ],
)
def test_what_only_looks_like_a_quote_does_not_open(changed: str) -> None:
    assert opened(changed) is None


@given(st.text(max_size=150))
def test_any_text_is_refused_without_an_error(text: str) -> None:
    assert opened(text) is None


@given(
    st.integers(0, 10**17),
    st.integers(0, 10**17),
    st.text(alphabet=string.ascii_letters + "-_0", min_size=43, max_size=43),
)
def test_no_invented_code_opens(expires_at_ms: int, price_micros: int, code: str) -> None:
    assert opened(f"quote_{expires_at_ms}.{price_micros}.{code}") is None


@pytest.mark.parametrize(
    "terms",
    [
        QuoteTerms(price_micros=0, expires_at_ms=1),
        QuoteTerms(price_micros=-1, expires_at_ms=1),
        QuoteTerms(price_micros=1, expires_at_ms=0),
        QuoteTerms(price_micros=10**15, expires_at_ms=1),
    ],
)
def test_there_is_no_quote_of_terms_that_none_can_name(terms: QuoteTerms) -> None:
    with pytest.raises(ValueError, match="no quote"):
        mint_quote_id(SUBJECT, terms, secret=SECRET)


def test_a_weak_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        mint_quote_id(SUBJECT, TERMS, secret="s" * 31)
    with pytest.raises(ValueError, match="at least 32"):
        opened(TOKEN, secret="")


# ---- orders and time -----------------------------------------------------------------------------

IMAGES = st.builds(
    ImageOrder,
    prompt=st.text(min_size=1, max_size=20),
    preference=st.just(Preference.FAST),
    aspect_ratio=st.sampled_from(AspectRatio),
    n=st.integers(1, 4),
    output_format=st.sampled_from(ImageFormat),
    style=st.none() | st.sampled_from(["anime", "3d"]),
    seed=st.none() | st.integers(0, 2**31 - 1),
    negative_prompt=st.none() | st.text(min_size=1, max_size=20),
    image_url=st.none() | st.sampled_from(["https://a.example/1", "https://a.example/2"]),
    on_refusal=st.sampled_from(OnRefusal),
    metadata=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)
FILMS = st.builds(
    VideoOrder,
    prompt=st.text(min_size=1, max_size=20),
    preference=st.just(Preference.BALANCED),
    aspect_ratio=st.sampled_from(AspectRatio),
    duration_s=st.integers(1, 10),
    resolution=st.sampled_from(Resolution),
    seed=st.none() | st.integers(0, 2**31 - 1),
    negative_prompt=st.none() | st.text(min_size=1, max_size=20),
    image_url=st.none() | st.sampled_from(["https://a.example/1", "https://a.example/2"]),
    on_refusal=st.sampled_from(OnRefusal),
    metadata=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)
TIERS = {ImageOrder: TIER, VideoOrder: FILM_TIER}


class Desk:
    """Gives quotes of two cents to `acct_1`, and says what they are worth."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.tokens = QuoteTokens(secret=lambda: SECRET, clock=self.clock)

    def give(self, order: Order, *, wallet_id: str = "acct_1") -> str:
        tier = TIERS[type(order)]
        return self.tokens.give(order, tier=tier, wallet_id=wallet_id, price_micros=20_000).quote_id

    def price_micros(self, quote_id: str, order: Order, *, wallet_id: str = "acct_1") -> int:
        return self.tokens.price_micros(quote_id, order, tier=TIERS[type(order)], wallet_id=wallet_id)

    def refusal(self, quote_id: str, order: Order, *, wallet_id: str = "acct_1") -> CorentError:
        with pytest.raises(CorentError) as caught:
            self.price_micros(quote_id, order, wallet_id=wallet_id)
        assert isinstance(caught.value, InvalidRequestError | QuoteExpiredError)
        return caught.value


@given(IMAGES | FILMS)
def test_an_order_costs_what_it_was_quoted(order: Order) -> None:
    desk = Desk()
    assert desk.price_micros(desk.give(order), order) == 20_000


@pytest.mark.parametrize("orders", [IMAGES, FILMS], ids=["image", "video"])
@given(data=st.data())
def test_an_order_that_differs_in_any_field_was_not_quoted(
    orders: st.SearchStrategy[Order], data: st.DataObject
) -> None:
    order, other = data.draw(orders), data.draw(orders)
    name = data.draw(st.sampled_from([each.name for each in fields(order)]))
    changed = replace(order, **{name: getattr(other, name)})
    desk = Desk()
    quote_id = desk.give(order)
    if name == "metadata" or changed == order:
        assert desk.price_micros(quote_id, changed) == 20_000
    else:
        assert desk.refusal(quote_id, changed).code == "invalid_quote_id"


@pytest.mark.parametrize(
    ("order", "changes"),
    [
        (
            ORDER,
            {
                "prompt": "a red fox.",
                "preference": Preference.CHEAP,
                "aspect_ratio": AspectRatio.WIDE,
                "n": 2,
                "output_format": ImageFormat.WEBP,
                "style": "anime",
                "seed": 0,
                "negative_prompt": "snow",
                "image_url": "https://a.example/1",
                "on_refusal": OnRefusal.FAILOVER,
            },
        ),
        (
            FILM_ORDER,
            {
                "prompt": "a red fox runs.",
                "preference": Preference.CHEAP,
                "aspect_ratio": AspectRatio.TALL,
                "duration_s": 6,
                "resolution": Resolution.FULL_HD,
                "seed": 0,
                "negative_prompt": "snow",
                "image_url": "https://a.example/1",
                "on_refusal": OnRefusal.FAILOVER,
            },
        ),
    ],
    ids=["image", "video"],
)
def test_every_field_but_metadata_was_quoted(order: Order, changes: dict[str, Any]) -> None:
    assert changes.keys() == {each.name for each in fields(order)} - {"metadata"}
    desk = Desk()
    quote_id = desk.give(order)
    for name, value in changes.items():
        assert desk.refusal(quote_id, replace(order, **{name: value})).code == "invalid_quote_id"
    assert desk.price_micros(quote_id, replace(order, metadata={"a": "b"})) == 20_000


def test_a_quote_is_good_for_ten_minutes_and_not_at_their_end() -> None:
    desk = Desk()
    given_quote = desk.tokens.give(ORDER, tier=TIER, wallet_id="acct_1", price_micros=20_000)
    assert given_quote.expires_at_ms == START_MS + 600_000
    desk.clock.time_ms = given_quote.expires_at_ms - 1
    assert desk.price_micros(given_quote.quote_id, ORDER) == 20_000
    desk.clock.time_ms = given_quote.expires_at_ms
    error = desk.refusal(given_quote.quote_id, ORDER)
    assert (error.status, error.code, error.param) == (422, "quote_expired", "quote_id")


def test_only_who_has_the_order_and_the_wallet_is_told_that_a_quote_is_over() -> None:
    desk = Desk()
    quote_id = desk.give(ORDER)
    desk.clock.time_ms += QUOTE_LASTS_MS
    assert desk.refusal(quote_id, replace(ORDER, n=2)).code == "invalid_quote_id"
    assert desk.refusal(quote_id, ORDER, wallet_id="acct_2").code == "invalid_quote_id"
    assert desk.refusal(quote_id[:-1], ORDER).code == "invalid_quote_id"


def test_what_is_wrong_with_a_quote_is_not_told() -> None:
    desk = Desk()
    quote_id = desk.give(ORDER)
    errors = [
        desk.refusal("nonsense", ORDER),
        desk.refusal(quote_id[:-1], ORDER),
        desk.refusal(quote_id, replace(ORDER, prompt="another")),
        desk.refusal(quote_id, FILM_ORDER),
        *(desk.refusal(quote_id, ORDER, wallet_id=other) for other in ("acct_2", "acct_1.test")),
    ]
    said = {(error.status, error.type, error.code, error.param, error.message) for error in errors}
    assert len(said) == 1
    assert said.pop()[:4] == (422, "invalid_request_error", "invalid_quote_id", "quote_id")


def test_the_secret_is_not_read_before_there_is_a_quote() -> None:
    def secret() -> str:
        raise AssertionError("nothing was asked for")

    QuoteTokens(secret=secret, clock=FakeClock())
