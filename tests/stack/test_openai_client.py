"""OpenAI's official client on the real stack, with its address and its key changed and nothing else."""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import httpx
import httpx2
import openai
import pytest
from PIL import Image

from corent.ledger.entries import EntryKind
from corent.providers.catalog import tiers
from tests.invariants import violations
from tests.stack.books import read_books
from tests.stack.conftest import Account, Stack
from tests.stack.losing_proxy import losing_proxy

PRICE_CENTS = 2
# More than a first image takes on a busy machine, whose function has to be started first.
TIMEOUT_S = 20.0


@contextmanager
def official_client(base_url: str, key: str, **options: Any) -> Iterator[openai.OpenAI]:
    """The client as a program makes it, without this machine's own proxies, as everywhere here."""
    with httpx2.Client(trust_env=False, timeout=60.0) as http_client:
        yield openai.OpenAI(api_key=key, base_url=f"{base_url}/v1", http_client=http_client, **options)


def generated(client: openai.OpenAI, *, prompt: str = "a red fox in the snow", **fields: Any) -> Any:
    return client.images.generate(prompt=prompt, model="fast", **fields)


def balance_cents(stack: Stack, account: Account, *, key: str | None = None) -> dict[str, int]:
    with stack.client(key=key or account.live_key) as client:
        figures: dict[str, int] = client.get("/v1/account/balance").json()
        return figures


def movements(stack: Stack, account: Account) -> list[EntryKind]:
    """What was posted to the live wallet but its opening credit, the holds first."""
    entries = read_books(stack, account)["entries"]
    kinds = [entry.kind for entry in entries if entry.wallet_id == account.account_id]
    return sorted(kind for kind in kinds if kind is not EntryKind.PROMO)


def bought(count: int) -> list[EntryKind]:
    return sorted([EntryKind.HOLD] * count + [EntryKind.CAPTURE] * count)


def test_it_makes_an_image_that_is_real_and_charged_once(stack: Stack, account: Account) -> None:
    with official_client(stack.base_url, account.live_key) as client:
        result = generated(client, size="1536x1024")
    (image,) = result.data
    content = base64.b64decode(image.b64_json)
    picture = Image.open(BytesIO(content))
    assert f"{picture.width}x{picture.height}" == result.size
    assert picture.width * 2 == picture.height * 3
    assert httpx.get(image.url, trust_env=False).content == content
    assert balance_cents(stack, account)["balance_cents"] == 5_000 - PRICE_CENTS
    assert movements(stack, account) == bought(1)
    assert violations(**read_books(stack, account)) == []


def test_it_lists_our_tiers_and_reads_one(stack: Stack, account: Account) -> None:
    with official_client(stack.base_url, account.live_key) as client:
        listed = client.models.list().data
        assert [model.id for model in listed] == [tier.name for tier in tiers()]
        assert client.models.retrieve(listed[0].id) == listed[0]


# ---- errors ----------------------------------------------------------------------------------------


def read_only_key(stack: Stack, account: Account) -> str:
    with stack.client(key=account.live_key) as client:
        made = client.post("/v1/account/keys", json={"label": "k", "scopes": ["read"]})
        key: str = made.json()["key"]
        return key


@pytest.mark.parametrize(
    ("error", "code", "request_fields"),
    [
        (openai.UnprocessableEntityError, "invalid_size", {"size": "1x1"}),
        (openai.UnprocessableEntityError, "invalid_model", {"model": "gpt-image-2"}),
        (openai.UnprocessableEntityError, "unknown_field", {"extra_body": {"colour": "red"}}),
        (openai.UnprocessableEntityError, "content_policy_violation", {"prompt": "[refuse] a fox"}),
        (openai.InternalServerError, "tier_unavailable", {"prompt": "[fail] a fox"}),
        (openai.APIStatusError, "max_cost_exceeded", {"extra_body": {"max_cost_cents": 0}}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_an_error_is_its_own_exception_and_costs_nothing(
    stack: Stack,
    account: Account,
    error: type[openai.APIStatusError],
    code: str,
    request_fields: dict[str, Any],
) -> None:
    fields = {"prompt": "a fox", "model": "fast", **request_fields}
    with official_client(stack.base_url, account.test_key) as client, pytest.raises(error) as raised:
        client.images.generate(**fields)
    assert raised.value.code == code
    assert str(raised.value.request_id).startswith("req_")
    assert balance_cents(stack, account, key=account.test_key)["balance_cents"] == 10_000


def test_keys_that_may_not_are_its_authentication_and_permission_errors(
    stack: Stack, account: Account
) -> None:
    for key, error in (
        ("sk-not-ours", openai.AuthenticationError),
        (read_only_key(stack, account), openai.PermissionDeniedError),
    ):
        with official_client(stack.base_url, key) as client, pytest.raises(error):
            generated(client)


def test_missing_money_is_a_402_that_it_does_not_repeat(stack: Stack) -> None:
    poor = stack.open_account(balance_cents=1)
    with (
        official_client(stack.base_url, poor.live_key) as client,
        pytest.raises(openai.APIStatusError) as raised,
    ):
        generated(client)
    assert (raised.value.status_code, raised.value.code) == (402, "insufficient_funds")


def test_what_is_not_there_is_its_not_found_error(stack: Stack, account: Account) -> None:
    with official_client(stack.base_url, account.live_key) as client, pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-image-2")


# ---- repeats ---------------------------------------------------------------------------------------


def test_its_repeat_after_a_time_out_is_answered_and_buys_nothing(stack: Stack, account: Account) -> None:
    with (
        losing_proxy(stack.base_url, losing={"0"}) as proxy,
        official_client(proxy.base_url, account.live_key, timeout=TIMEOUT_S) as client,
    ):
        result = generated(client)
    assert proxy.statuses == [200, 200]
    assert balance_cents(stack, account) == {
        "balance_cents": 5_000 - PRICE_CENTS,
        "available_cents": 5_000 - PRICE_CENTS,
        "held_cents": 0,
    }
    assert movements(stack, account) == bought(1)
    (job, _money), *others = read_books(stack, account)["jobs"]
    assert (job.id, others) == (result.id, [])
    assert violations(**read_books(stack, account)) == []


def test_its_repeats_while_the_first_is_worked_on_wait_for_that_one(stack: Stack, account: Account) -> None:
    with official_client(stack.base_url, account.live_key, timeout=3.0, max_retries=8) as client:
        result = generated(client, prompt="[slow:6] a red fox")
    assert movements(stack, account) == bought(1)
    assert [job.id for job, _money in read_books(stack, account)["jobs"]] == [result.id]


def test_an_image_slower_than_one_answer_comes_with_the_repeat_and_is_charged_once(
    stack: Stack, account: Account
) -> None:
    with (
        losing_proxy(stack.base_url, losing=set()) as proxy,
        official_client(proxy.base_url, account.live_key) as client,
    ):
        result = generated(client, prompt="[slow:30] a red fox")
    assert proxy.statuses == [409, 200]
    assert [job.id for job, _money in read_books(stack, account)["jobs"]] == [result.id]
    assert movements(stack, account) == bought(1)
    assert violations(**read_books(stack, account)) == []


def test_two_equal_calls_that_are_meant_buy_two(stack: Stack, account: Account) -> None:
    with official_client(stack.base_url, account.live_key) as client:
        urls = {generated(client).data[0].url for _ in range(2)}
    assert len(urls) == 2
    assert movements(stack, account) == bought(2)
    assert balance_cents(stack, account)["balance_cents"] == 5_000 - 2 * PRICE_CENTS


def test_eight_equal_calls_at_once_whose_answers_are_all_lost_get_an_image_each(
    stack: Stack, account: Account
) -> None:
    count = 8
    with (
        losing_proxy(stack.base_url, losing={"0"}) as proxy,
        official_client(proxy.base_url, account.live_key, timeout=TIMEOUT_S) as client,
        ThreadPoolExecutor(count) as pool,
    ):
        results = list(pool.map(lambda _: generated(client), range(count)))
    assert len({result.data[0].url for result in results}) == count
    assert movements(stack, account) == bought(count)
    assert balance_cents(stack, account)["balance_cents"] == 5_000 - count * PRICE_CENTS
    assert violations(**read_books(stack, account)) == []


def test_its_own_idempotency_key_makes_two_calls_one(stack: Stack, account: Account) -> None:
    own = {"Idempotency-Key": "order-17"}
    with official_client(stack.base_url, account.live_key) as client:
        first, again = (generated(client, extra_headers=own) for _ in range(2))
    assert again.id == first.id
    assert movements(stack, account) == bought(1)
