"""Videos through the whole system: held at the submit, carried by an execution, charged at the end."""

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import av
import httpx
import pytest
from PIL import Image

from tests.invariants import violations
from tests.stack.books import read_books
from tests.stack.conftest import Account, Stack
from tests.stack.long_jobs import FILM_CENTS, FILMS, Outcome, balance, followed, played
from tests.stack.sandbox_records import read_source

OPENING_CENTS = 5_000
ORANGE = (235, 120, 30)
# Ready, and called back, well before the machine has looked twice: what is counted is not the waiting.
SOON = "[slow:2]"


@dataclass(frozen=True, slots=True)
class Purchase:
    """A plain video of five seconds, bought while nothing else went on."""

    account: Account
    answer: httpx.Response
    at_submit: dict[str, int]
    outcome: Outcome
    at_end: dict[str, int]
    film: httpx.Response


@pytest.fixture(scope="module")
def purchase(stack: Stack) -> Purchase:
    account = stack.open_account(balance_cents=OPENING_CENTS)
    with stack.client(key=account.live_key) as client:
        answer = client.post(FILMS, json={"prompt": "a red fox runs"})
        assert answer.status_code == 202, answer.text
        at_submit = balance(client)
        outcome = followed(stack, account, answer.json()["id"])
        assert outcome.job["status"] == "completed", outcome
        return Purchase(
            account=account,
            answer=answer,
            at_submit=at_submit,
            outcome=outcome,
            at_end=balance(client),
            film=client.get(outcome.job["videos"][0]["url"]),
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """What a player makes of a file."""

    container: str
    codec: str
    size: tuple[int, int]
    seconds: float
    first_frame: Image.Image


def shown(content: bytes) -> Shown:
    """Decode the whole file; a broken frame raises."""
    with av.open(io.BytesIO(content), mode="r") as container:
        (stream,) = container.streams.video
        frames = [frame for frame in container.decode(stream) if isinstance(frame, av.VideoFrame)]
        assert stream.average_rate is not None
        return Shown(
            container=container.format.name,
            codec=stream.codec_context.name,
            size=(frames[-1].width, frames[-1].height),
            seconds=float(len(frames) / stream.average_rate),
            first_frame=frames[0].to_image(),  # type: ignore[no-untyped-call]  # PyAV does not say.
        )


# ---- Money -------------------------------------------------------------------------------------------


def test_a_submit_is_answered_with_a_hold_and_no_charge(purchase: Purchase) -> None:
    headers = purchase.answer.headers
    assert (headers["X-Corent-Cost-Cents"], headers["X-Corent-Hold-Cents"]) == ("0", str(FILM_CENTS))


def test_a_video_under_way_is_held_and_not_yet_charged(purchase: Purchase) -> None:
    assert purchase.at_submit == {
        "balance_cents": OPENING_CENTS,
        "available_cents": OPENING_CENTS - FILM_CENTS,
        "held_cents": FILM_CENTS,
    }


def test_a_video_is_charged_once_it_is_there(stack: Stack, purchase: Purchase) -> None:
    left = OPENING_CENTS - FILM_CENTS
    assert purchase.at_end == {"balance_cents": left, "available_cents": left, "held_cents": 0}
    assert purchase.outcome.job["meta"]["cost_cents"] == FILM_CENTS
    assert violations(**read_books(stack, purchase.account)) == []


# ---- The file ----------------------------------------------------------------------------------------


def test_a_video_plays_and_is_what_was_ordered(purchase: Purchase) -> None:
    (listed,) = purchase.outcome.job["videos"]
    film = shown(purchase.film.content)
    assert ("mp4" in film.container, film.codec) == (True, "h264")
    assert film.size == (listed["width"], listed["height"]) == (1280, 720)
    assert film.seconds == pytest.approx(5, abs=0.1)
    assert listed["duration_s"] == 5


def test_a_file_is_served_as_a_video_that_may_be_kept(purchase: Purchase) -> None:
    headers = purchase.film.headers
    assert headers["Content-Type"] == "video/mp4"
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_file_is_not_sent_to_who_has_it(stack: Stack, purchase: Purchase) -> None:
    with stack.client() as client:
        known = {"If-None-Match": purchase.film.headers["ETag"]}
        answer = client.get(str(purchase.film.url), headers=known)
    assert (answer.status_code, answer.content) == (304, b"")


def test_a_player_may_ask_for_a_part_of_a_file(stack: Stack, purchase: Purchase) -> None:
    whole = purchase.film.content
    with stack.client() as client:
        answer = client.get(str(purchase.film.url), headers={"Range": "bytes=1000-1999"})
    assert (answer.status_code, answer.content) == (206, whole[1000:2000])
    assert answer.headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"


# ---- On the way --------------------------------------------------------------------------------------


def test_progress_is_seen_and_never_goes_back(purchase: Purchase) -> None:
    *before, last = purchase.outcome.progress
    assert [*before, last] == sorted(purchase.outcome.progress)
    assert len(set(before)) > 5
    assert max(before) < 100 == last


def test_an_execution_is_given_its_jobs_name_and_id_alone(purchase: Purchase) -> None:
    # It was found by that name: see `execution_arn`.
    assert json.loads(purchase.outcome.execution.input) == {"job_id": purchase.outcome.job["id"]}


def test_a_video_that_is_called_back_takes_eight_transitions_at_most(stack: Stack, account: Account) -> None:
    outcome = played(stack, account, prompt=f"{SOON} a red fox runs", duration_s=1)
    (record,) = outcome.records
    assert record.told_at_ms is not None
    assert outcome.execution.transitions <= 8, outcome.execution


def test_a_video_that_is_only_polled_takes_twenty_transitions_at_most(stack: Stack, account: Account) -> None:
    outcome = played(stack, account, prompt=f"[silent] {SOON} a red fox runs", duration_s=1)
    (record,) = outcome.records
    assert record.told_at_ms is None
    assert outcome.job["status"] == "completed"
    assert outcome.execution.transitions <= 20, outcome.execution


@pytest.mark.parametrize("script", ["[fail-first]", "[die-first]", "[garbage-first]"])
def test_a_failover_at_any_step_costs_three_transitions_more_at_most(
    stack: Stack, account: Account, script: str
) -> None:
    outcome = played(stack, account, prompt=f"{script} {SOON} a red fox runs", duration_s=1)
    assert outcome.job["status"] == "completed"
    assert outcome.records[-1].reference == f"{outcome.job['id']}-2"
    assert outcome.execution.transitions <= 8 + 3, outcome.execution


# ---- What may be ordered -----------------------------------------------------------------------------


def test_every_ratio_resolution_and_length_comes_as_ordered(stack: Stack, account: Account) -> None:
    orders: list[tuple[dict[str, Any], tuple[int, int], int]] = [
        ({"aspect_ratio": "9:16", "duration_s": 1}, (720, 1280), 1),
        ({"aspect_ratio": "1:1", "duration_s": 1}, (720, 720), 1),
        ({"resolution": "1080p", "duration_s": 2}, (1920, 1080), 2),
    ]
    with ThreadPoolExecutor(len(orders)) as pool:
        outcomes = list(
            pool.map(lambda order: played(stack, account, prompt="a lake at dawn", **order[0]), orders)
        )
    with stack.client() as client:
        films = [shown(client.get(outcome.job["videos"][0]["url"]).content) for outcome in outcomes]
    assert [(film.codec, film.size) for film in films] == [("h264", size) for _, size, _ in orders]
    assert [film.seconds for film in films] == pytest.approx([seconds for *_, seconds in orders], abs=0.1)


def test_a_video_begins_with_the_picture_it_was_given(stack: Stack, account: Account) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (320, 180), ORANGE).save(picture, format="PNG")
    with serving(picture.getvalue()) as url:
        outcome = played(stack, account, prompt="[slow:1] a plain wall", image_url=url, duration_s=1)
    (record,) = outcome.records
    given = Image.open(io.BytesIO(read_source(stack, record)))
    assert (given.size, given.convert("RGB").getpixel((160, 90))) == ((320, 180), ORANGE)
    with stack.client() as client:
        film = shown(client.get(outcome.job["videos"][0]["url"]).content)
    middle = film.first_frame.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert middle == pytest.approx(ORANGE, abs=30)


@contextmanager
def serving(content: bytes) -> Iterator[str]:
    """The address of one PNG on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/first.png"
        finally:
            server.shutdown()
