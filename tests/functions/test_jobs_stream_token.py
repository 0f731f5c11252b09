"""POST /v1/jobs/{id}/stream-token: for the caller's own jobs only."""

from collections.abc import Callable
from datetime import datetime

import pytest

from corent.accounts.keys import Scope
from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock, ulid
from tests.functions.conftest import Answer, Cloud
from tests.functions.test_access import grant
from tests.functions.test_images_generate import IMAGE

type Offer = Callable[..., None]


def ask(cloud: Cloud, key: str, job_id: str) -> Answer:
    return cloud.call("jobs_stream_token", "POST", "/v1/jobs/{id}/stream-token", key=key, path={"id": job_id})


@pytest.fixture
def job_id(cloud: Cloud, account: OpenedAccount, upstream: Offer) -> str:
    upstream("openai", lambda _: IMAGE)
    made: str = cloud.generate(account.live_key, wait_s=0).json["id"]
    return made


def test_a_token_comes_with_its_expiry_a_minute_on(
    cloud: Cloud, account: OpenedAccount, job_id: str, clock: FakeClock
) -> None:
    answer = ask(cloud, account.live_key, job_id)
    assert answer.status == 200
    assert answer.json.keys() == {"token", "expires_at"}
    left_s = datetime.fromisoformat(answer.json["expires_at"]).timestamp() - clock.now_ms() / 1000
    assert 59 < left_s <= 60


def test_a_token_may_be_put_into_an_address_as_it_is(
    cloud: Cloud, account: OpenedAccount, job_id: str
) -> None:
    token: str = ask(cloud, account.live_key, job_id).json["token"]
    assert all(each.isascii() and (each.isalnum() or each in "._-") for each in token)


def test_there_is_no_token_for_what_is_not_the_callers_own_job(
    cloud: Cloud, account: OpenedAccount, job_id: str
) -> None:
    from corent.wiring.operator import open_account

    other = open_account(balance_cents=100).live_key
    for key, each in (
        (other, job_id),
        (account.test_key, job_id),
        (account.live_key, f"job_{ulid(1)}"),
        (account.live_key, "job_x"),
    ):
        answer = ask(cloud, key, each)
        assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("scope", "status"),
    [(Scope.READ, 200), (Scope.GENERATE, 200), (Scope.BILLING, 403), (Scope.ADMIN, 403)],
)
def test_only_a_key_that_may_read_jobs_gets_a_token(
    cloud: Cloud, account: OpenedAccount, job_id: str, scope: Scope, status: int
) -> None:
    assert ask(cloud, grant(account.account_id, scope), job_id).status == status


def test_without_its_secret_the_route_says_that_it_is_not_available(
    cloud: Cloud, account: OpenedAccount, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORENT_STREAM_SECRET", "corent/none")
    answer = ask(cloud, account.live_key, job_id)
    assert (answer.status, answer.json["error"]["code"]) == (503, "temporarily_unavailable")
