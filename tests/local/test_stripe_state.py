"""What the stand-in keeps: over a restart, under many hands, on a port of its choice."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.stripe_stand_in.server import running
from tests.stripe_stand_in import StandIn, stand_in
from tests.waiting import until

KEYS = {"api_key": "sk_test_kept", "webhook_secret": "whsec_kept"}


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with stand_in(state=state, **KEYS) as before:
        session = before.paid_session(metadata={"account_id": "acct_1"})
        opened = before.new_session()
        refund = before.script("refunds", session=session.id, amount_cents=100)
        before.all_delivered()
    with stand_in(state=state, **KEYS) as after:
        assert after.session(session.id).to_dict() == session.to_dict()
        assert after.client.v1.refunds.retrieve(refund["id"]).amount == 100
        assert after.event_types()[-2:] == ["refund.created", "charge.refunded"]
        after.script(f"sessions/{opened.id}/pay")
        assert after.session(opened.id).payment_status == "paid"


def test_an_idempotency_key_outlives_a_restart(tmp_path: Path) -> None:
    made = []
    for _ in range(2):
        with stand_in(state=tmp_path / "state.json", **KEYS) as stripe_api:
            customer = stripe_api.client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k1"})
            made.append(customer.id)
    assert made[0] == made[1]


def test_an_event_that_was_not_delivered_comes_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with stand_in(state=state, retry_waits_s=(3_600.0,), **KEYS) as before:
        before.receiver.answers = [500]
        made = before.new_session()
        before.client.v1.checkout.sessions.expire(made.id)
        until(lambda: before.receiver.types, what="an event")
        until(lambda: before.deliveries["data"][0]["attempts"], what="a try")
    with stand_in(state=state, **KEYS) as after:
        after.all_delivered()
        assert after.receiver.types == ["checkout.session.expired"]


def test_held_events_stay_held_over_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with stand_in(state=state, **KEYS) as before:
        before.script("events", mode="hold")
        before.paid_session()
    with stand_in(state=state, **KEYS) as after:
        assert after.receiver.types == []
        after.script("events/flush")
        after.all_delivered()
        assert len(after.receiver.types) == 4


def test_the_file_is_whole_and_private_at_any_time(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with stand_in(state=state) as stripe_api:
        for _ in range(5):
            session = stripe_api.paid_session()
            assert session.id in json.loads(state.read_text())["sessions"]
            assert state.stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    with stand_in(state=tmp_path / "state.json") as stripe_api:
        with ThreadPoolExecutor(8) as pool:
            paid = list(pool.map(lambda _: stripe_api.paid_session().id, range(24)))
        stripe_api.all_delivered()
        assert len(set(paid)) == 24
        assert stripe_api.receiver.types.count("checkout.session.completed") == 24
    kept = json.loads((tmp_path / "state.json").read_text())
    assert set(kept["sessions"]) == set(paid)
    assert {each["state"] for each in kept["deliveries"].values()} == {"delivered"}


def test_it_serves_the_port_that_it_is_given() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    with running(port=port) as served:
        assert served.base_url == f"http://127.0.0.1:{port}"


def test_a_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            running(port=port).__enter__()


def test_ids_are_of_their_kinds_and_never_twice(stripe_api: StandIn) -> None:
    sessions = [stripe_api.paid_session(customer_creation="always") for _ in range(3)]
    ids = [str(getattr(each, name)) for each in sessions for name in ("id", "payment_intent", "customer")]
    assert len(set(ids)) == 9
    assert {each.rsplit("_", 1)[0] for each in ids} == {"cs_test", "pi", "cus"}
