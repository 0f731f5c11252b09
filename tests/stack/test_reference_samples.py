"""The samples of the API reference are asked again, and answered as they say."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from corent_pages.contract import contract
from local.samples import DOCUMENT, STEPS, Step, World, receiving, tidied
from tests.answers import problems_of
from tests.stack.conftest import Stack

RECORDED: dict[str, dict[str, Any]] = json.loads(DOCUMENT.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def world(stack: Stack) -> Iterator[World]:
    """Somebody with an account of their own. The tests of this module go on where the ones before ended."""
    with receiving() as hook_url:
        key = stack.open_account().live_key
        yield World(stack.base_url, stack.stripe_stub_url, key, hook_url)


def is_recorded_of(step: Step, command: str) -> bool:
    """Whether a recorded command is the step's own, but for its ids."""
    pattern = re.sub(r"\\\{[a-z_]+\\\}", r"(job|batch|key)_[0-9A-HJKMNP-TV-Z]{26}", re.escape(step.command))
    return re.fullmatch(pattern, command) is not None


def documents_of(answer: str) -> list[Any]:
    """The JSON of an answer; of a stream that of its last event, since how many there are depends on time."""
    if answer.startswith("event:"):
        return [json.loads(re.findall(r"^data: (.*)$", answer, re.MULTILINE)[-1])]
    return [json.loads(answer)]


def differences(before: Any, now: Any, at: str = "$") -> list[str]:
    """Where one of two documents has fields that the other has not. Lists are compared as far as both go."""
    if isinstance(before, dict) and isinstance(now, dict):
        found = [f"{at}.{name}" for name in before.keys() ^ now.keys()]
        for name in before.keys() & now.keys():
            found += differences(before[name], now[name], f"{at}.{name}")
        return found
    if isinstance(before, list) and isinstance(now, list):
        return [
            difference
            for index, (one, other) in enumerate(zip(before, now, strict=False))
            for difference in differences(one, other, f"{at}[{index}]")
        ]
    return []


def test_every_operation_is_recorded_once() -> None:
    assert sorted(step.operation for step in STEPS) == sorted(RECORDED)


@pytest.mark.parametrize("step", STEPS, ids=[step.operation for step in STEPS])
def test_a_recorded_request_is_answered_as_it_was(world: World, step: Step) -> None:
    recorded = RECORDED[step.operation]
    assert is_recorded_of(step, recorded["request"])
    if step.prepared is not None:
        step.prepared(world)
    status, body = world.ask(world.with_ids(step.command))
    assert status == recorded["status"], body
    if step.keeps:
        world.ids[step.keeps] = json.loads(body)["id"]
    for before, now in zip(documents_of(recorded["answer"]), documents_of(tidied(body, world)), strict=True):
        assert differences(before, now) == []
    if not body.startswith("event:"):
        assert problems_of(json.loads(body), step.operation, contract()) == []
