"""The client against the real stack."""

import asyncio
from itertools import islice, pairwise
from pathlib import Path

import pytest

from corent import (
    AsyncCorent,
    AuthenticationError,
    ConflictError,
    ContentPolicyError,
    Corent,
    InsufficientFundsError,
    InvalidRequestError,
    JobCancelledError,
    JobFailedError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
)
from tests.live.conftest import Stack

PNG = b"\x89PNG\r\n"


def test_an_image_is_generated_and_saved(client: Corent, tmp_path: Path) -> None:
    answer = client.images.generate("a red fox in the snow", preference="fast", aspect_ratio="16:9")
    assert (answer.status, answer.meta.model, answer.meta.cost_cents) == ("completed", "corent-image-fast", 2)
    assert answer.images[0].width > answer.images[0].height
    assert answer.images[0].save(tmp_path / "fox.png").read_bytes().startswith(PNG)


def test_a_video_is_streamed_to_its_end_and_downloaded(client: Corent, tmp_path: Path) -> None:
    order = client.videos.generate("a red fox runs", duration_s=2, preference="fast")
    told = list(client.jobs.stream(order.id))
    assert all(one.id < next_.id for one, next_ in pairwise(told))
    assert (told[-1].name, told[-1].id) == ("completed", 102)
    film = client.download(told[-1].job.videos[0], tmp_path / "fox.mp4")
    assert film.read_bytes()[4:8] == b"ftyp"
    resumed = list(client.jobs.stream(order.id, last_event_id=told[0].id))
    assert told[0].id < resumed[0].id
    assert (resumed[-1].name, resumed[-1].id) == ("completed", 102)
    assert list(client.jobs.stream(order.id, last_event_id=102)) == []


def test_an_order_is_waited_for(client: Corent) -> None:
    job = client.images.generate_and_wait("a blue heron", wait_s=0, n=2)
    assert (job.status, len(job.images), job.meta.cost_cents) == ("completed", 2, 8)


def test_an_event_loop_makes_three_at_once(stack: Stack, key: str, tmp_path: Path) -> None:
    async def three() -> list[Path]:
        async with AsyncCorent(api_key=key, base_url=stack.base_url) as client:
            jobs = await asyncio.gather(
                *(client.images.generate_and_wait(f"fox {n}", wait_s=0) for n in range(3))
            )
            return [await client.download(job.images[0], tmp_path / f"{job.id}.png") for job in jobs]

    paths = asyncio.run(three())
    assert len({path.read_bytes() for path in paths}) == 3


def test_a_batch_settles_each_of_its_jobs(client: Corent) -> None:
    order = client.images.batch(
        ["a red fox", {"prompt": "[fail] a heron", "preference": "fast"}], max_cost_cents=6
    )
    batch = client.batches.wait(order.id, timeout_s=300)
    assert [each.job.status for each in batch.jobs] == ["completed", "failed"]
    assert (batch.status, batch.quote_cents, batch.cost_cents) == ("completed", 6, 4)


def test_a_video_batch_can_be_cancelled(client: Corent) -> None:
    order = client.videos.batch([{"prompt": "[slow:60] a fox", "duration_s": 1}] * 2)
    assert client.batches.cancel(order.id).status == "cancelled"
    with pytest.raises(JobCancelledError):
        client.jobs.wait(order.jobs[0].id)


def test_a_refused_job_is_an_error_of_the_wait_and_of_the_call(client: Corent) -> None:
    with pytest.raises(ContentPolicyError):
        client.images.generate("[refuse] a fox")
    with pytest.raises(JobFailedError) as caught:
        client.images.generate_and_wait("[refuse] a fox", wait_s=0)
    assert caught.value.code == "content_policy_violation"


def test_a_tier_that_cannot_serve_is_told_and_not_bought_again(stack: Stack) -> None:
    with stack.client(stack.open_account(balance_cents=100)["live_key"]) as client:
        with pytest.raises(ServerError) as caught:
            client.images.generate("[fail] a fox")
        assert caught.value.code == "tier_unavailable"
        # The retry asked with the same key, and was answered from the record.
        assert caught.value.replayed
        assert len(list(client.jobs.list())) == 1


def test_refusals_are_typed(stack: Stack, client: Corent) -> None:
    with stack.client("co_live_wrong") as stranger, pytest.raises(AuthenticationError) as unknown:
        stranger.account.balance()
    assert unknown.value.code == "invalid_api_key"
    assert unknown.value.request_id
    with pytest.raises(InvalidRequestError) as invalid:
        client.images.generate("a fox", n=9)
    assert (invalid.value.code, invalid.value.param, invalid.value.status) == ("invalid_n", "n", 422)
    with pytest.raises(NotFoundError):
        client.jobs.get("job_00000000000000000000000000")
    with pytest.raises(InsufficientFundsError) as dear:
        client.images.generate("a fox", max_cost_cents=1)
    assert (dear.value.code, dear.value.required_cents) == ("max_cost_exceeded", 4)


def test_an_empty_balance_is_told_in_cents(stack: Stack) -> None:
    poor = stack.open_account(balance_cents=3)["live_key"]
    with stack.client(poor) as client, pytest.raises(InsufficientFundsError) as caught:
        client.images.generate("a fox")
    assert (caught.value.code, caught.value.required_cents, caught.value.available_cents) == (
        "insufficient_funds",
        4,
        3,
    )


def test_an_order_with_the_same_key_is_bought_once(stack: Stack) -> None:
    with stack.client(stack.open_account(balance_cents=100)["live_key"]) as client:
        first = client.images.generate("a fox", idempotency_key="order-17")
        again = client.images.generate("a fox", idempotency_key="order-17")
        assert (again.id, first.replayed, again.replayed) == (first.id, False, True)
        assert client.account.balance().balance_cents == 96
        with pytest.raises(InvalidRequestError) as caught:
            client.images.generate("another", idempotency_key="order-17")
        assert caught.value.code == "idempotency_key_reused"


def test_a_quote_holds_and_a_failover_is_explained(client: Corent) -> None:
    price = client.quote("[fail-first] a fox", preference="fast")
    answer = client.images.generate("[fail-first] a fox", preference="fast", quote_id=price.quote_id)
    assert answer.meta.cost_cents == price.price_cents == 2
    assert answer.request_id is not None
    for named in (answer.id, answer.request_id):
        why = client.explain(named)
        assert why.failover_occurred
        assert [each.outcome for each in why.attempts][-1] == "completed"


def test_lists_go_over_pages_and_the_ledger_adds_up(stack: Stack) -> None:
    with stack.client(stack.open_account(balance_cents=100)["live_key"]) as client:
        ids = [client.images.generate(f"fox {n}", preference="cheap").id for n in range(3)]
        assert [job.id for job in client.jobs.list(page_size=1, kind="image")] == ids[::-1]
        assert [job.id for job in islice(client.jobs.list(status="completed"), 2)] == ids[:0:-1]
        assert sum(entry.available_change_cents for entry in client.account.ledger(page_size=2)) == 97
        usage = client.account.usage(limit=2)
        assert (usage.total_jobs, usage.total_spent_cents, len(usage.recent_jobs)) == (3, 3, 2)
        assert usage.next_cursor is not None
        assert len(client.account.usage(cursor=usage.next_cursor).recent_jobs) == 1


def test_a_job_can_be_cancelled_until_it_has_ended(client: Corent) -> None:
    order = client.videos.generate("[slow:60] a fox", duration_s=1)
    assert client.jobs.cancel(order.id).status == "cancelled"
    answer = client.images.generate("a fox")
    with pytest.raises(ConflictError) as caught:
        client.jobs.cancel(answer.id)
    assert caught.value.code == "job_not_cancellable"
    assert client.jobs.stream_token(order.id).expires_at
    assert client.jobs.webhook_log(answer.id).status == "none"
    with pytest.raises(NotFoundError):
        client.jobs.redeliver(answer.id)


def test_keys_are_made_and_revoked(stack: Stack) -> None:
    with stack.client(stack.open_account(balance_cents=100)["live_key"]) as client:
        made = client.keys.create("ci", scopes=["read"], limit_cents=50)
        with stack.client(made.key) as limited, pytest.raises(PermissionDeniedError):
            limited.images.generate("a fox")
        assert client.keys.revoke(made.id).status == "revoked"
        assert {key.id: key.status for key in client.keys.list()}[made.id] == "revoked"
        with stack.client(made.key) as limited, pytest.raises(AuthenticationError):
            limited.account.balance()


def test_money_rules_can_be_set(stack: Stack) -> None:
    with stack.client(stack.open_account(balance_cents=100)["live_key"]) as client:
        assert client.account.deposit(1_000, save_card=True).checkout_url.startswith("http")
        assert not client.account.top_up().enabled
        with pytest.raises(ConflictError) as caught:
            client.account.set_top_up(threshold_cents=500, amount_cents=500, monthly_cap_cents=500)
        assert caught.value.code == "no_saved_card"
        assert not client.account.end_top_up().enabled
        assert (
            client.account.set_alert(low_balance_cents=5, webhook_url="https://example.com/hooks").signed
            is False
        )
        assert client.account.alert().low_balance_cents == 5
        assert client.account.end_alert().low_balance_cents is None


def test_the_status_is_public(stack: Stack) -> None:
    with Corent(api_key=None, base_url=stack.base_url) as stranger:
        assert len(stranger.status().tiers) == 8
