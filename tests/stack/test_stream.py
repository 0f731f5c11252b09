"""A video's stream through the whole system: as it happens over one connection, and in windows."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.asgi import Event, parse_events
from tests.stack.conftest import Account, Stack

STATES = ("queued", "processing", "completed", "failed", "cancelled")
WINDOWS_MAX = 120
STREAMS = 200

type Resume = Callable[[str], list[Event]]


def film(stack: Stack, account: Account, prompt: str = "a red fox runs") -> str:
    """The id of a video that has just been asked for."""
    with stack.client(key=account.live_key) as client:
        answer = client.post("/v1/videos/generate", json={"prompt": prompt, "duration_s": 2})
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["id"]
    return job_id


def events(response: httpx.Response) -> Iterator[tuple[float, Event]]:
    """Each event with when it came, as long as the connection lasts."""
    block = ""
    for line in response.iter_lines():
        block += f"{line}\n"
        if line == "":
            yield from ((time.monotonic(), event) for event in parse_events(block))
            block = ""


def heard(stack: Stack, account: Account, job_id: str) -> list[tuple[float, Event]]:
    """The whole of one connection."""
    client = stack.client(key=account.live_key)
    with client, client.stream("GET", f"/v1/jobs/{job_id}/stream") as response:
        assert response.status_code == 200
        return list(events(response))


def states(told: list[Event]) -> list[str]:
    """The states in the order they were told in, each change once."""
    names = [event.name for event in told]
    return [name for place, name in enumerate(names) if names[:place][-1:] != [name]]


def test_a_video_is_told_of_as_it_happens_and_the_stream_ends_by_itself(
    stack: Stack, account: Account
) -> None:
    job_id = film(stack, account)
    told = heard(stack, account, job_id)
    assert states([event for _, event in told]) == ["queued", "processing", "completed"]
    assert told[-1][0] - told[0][0] > 1, "everything came at once"
    ids = [int(event.id) for _, event in told]
    assert ids == sorted(set(ids))
    with stack.client(key=account.live_key) as client:
        job = client.get(f"/v1/jobs/{job_id}").json()
    assert json.loads(told[-1][1].data) == {name: value for name, value in job.items() if name != "webhook"}


def test_cut_after_every_event_and_resumed_the_whole_is_told(stack: Stack, account: Account) -> None:
    job_id = film(stack, account)
    told: list[Event] = []
    with stack.client(key=account.live_key) as client:
        while not told or told[-1].name not in STATES[2:]:
            headers = {"Last-Event-ID": told[-1].id} if told else {}
            with client.stream("GET", f"/v1/jobs/{job_id}/stream", headers=headers) as response:
                told.append(next(events(response))[1])
        after_the_end = client.get(f"/v1/jobs/{job_id}/stream", headers={"Last-Event-ID": told[-1].id})
    assert states(told) == ["queued", "processing", "completed"]
    ids = [int(event.id) for event in told]
    assert ids == sorted(set(ids))
    assert (after_the_end.status_code, after_the_end.content) == (204, b"")


def test_where_answers_are_buffered_windows_tell_the_same(stack: Stack, account: Account) -> None:
    outputs = stack.aws("cloudformation").describe_stacks(StackName=stack.stack_name)["Stacks"][0]["Outputs"]
    api_id = next(output["OutputValue"] for output in outputs if output["OutputKey"] == "ApiId")
    address = f"{stack.aws_endpoint_url}/_aws/execute-api/{api_id}/live/v1/jobs"
    job_id = film(stack, account)
    told: list[Event] = []
    with stack.client(key=account.live_key) as client:
        for _ in range(WINDOWS_MAX):
            headers = {"Last-Event-ID": told[-1].id} if told else {}
            answer = client.get(f"{address}/{job_id}/stream", headers=headers)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
            told += parse_events(answer.text)
            if told[-1].name in STATES[2:]:
                break
            assert answer.text.endswith("retry: 500\n\n")
    assert states(told) == ["queued", "processing", "completed"]
    ids = [int(event.id) for event in told]
    assert ids == sorted(set(ids))


def test_a_cancelled_job_ends_its_stream(stack: Stack, account: Account) -> None:
    job_id = film(stack, account, prompt="a lake [slow:30]")
    client = stack.client(key=account.live_key)
    with client, client.stream("GET", f"/v1/jobs/{job_id}/stream") as response:
        told = events(response)
        first = next(told)[1]
        assert client.post(f"/v1/jobs/{job_id}/cancel").status_code == 200
        rest = [event for _, event in told]
    assert rest[-1].name == "cancelled"
    assert int(first.id) < int(rest[-1].id)


def test_a_browser_reads_a_stream_with_a_token_alone(stack: Stack, account: Account) -> None:
    job_id = film(stack, account)
    with stack.client(key=account.live_key) as client:
        token = client.post(f"/v1/jobs/{job_id}/stream-token").json()["token"]
    with stack.client() as browser:
        told = parse_events(browser.get(f"/v1/jobs/{job_id}/stream", params={"token": token}).text)
        forged = browser.get(f"/v1/jobs/{job_id}/stream", params={"token": token[:-1] + "~"})
    assert told[-1].name == "completed"
    assert (forged.status_code, forged.json()["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize("method", ["HEAD", "POST", "DELETE"])
def test_another_method_on_a_stream_is_405(stack: Stack, account: Account, method: str) -> None:
    with stack.client(key=account.live_key) as client:
        answer = client.request(method, f"/v1/jobs/{film(stack, account)}/stream")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_two_hundred_streams_at_once_all_hear_the_end(stack: Stack, account: Account) -> None:
    job_id = film(stack, account)
    with ThreadPoolExecutor(STREAMS) as pool:
        told = list(pool.map(lambda _: heard(stack, account, job_id)[-1][1].name, range(STREAMS)))
    assert told == ["completed"] * STREAMS
