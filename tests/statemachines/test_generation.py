"""The definition of generation.asl.json: every state, choice, retry and catch is walked."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from tests.fakes import FakeClock
from tests.machine import DEFINITION, Document, Execution, Machine

JOB: Final = {"job_id": "job_1"}
MACHINE: Final[Document] = json.loads(DEFINITION.read_text())
STATES: Final[dict[str, Document]] = MACHINE["States"]
TASKS: Final = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
# Names of errors that stand for others, and one that they stand for.
TIMED_OUT: Final = "States.Timeout"
STANDING_FOR: Final = {"States.TaskFailed": "AnyError", "States.ALL": "AnyError"}
# What the job has next after each of its looks, when all goes well.
SMOOTH: Final = ("deliver",)


@dataclass
class Walk:
    """Functions that do as they are told: `troubles` are a state's errors in turn, then it works.

    `told` is what each look finds; the last one finds that all is done.
    """

    told: tuple[str, ...] = SMOOTH
    troubles: dict[str, list[str]] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    calls: list[tuple[str, Document]] = field(default_factory=list)

    def run(self) -> Execution:
        looks = iter(self.told)

        def function(name: str) -> Callable[[Document], object]:
            def called(payload: Document) -> None:
                self.calls.append((name, payload))
                trouble = self.troubles.get(name, [])
                if trouble:
                    self._fail(name, trouble.pop(0))
                elif name == "Await":
                    machine.tell(payload["wake_token"], next=next(looks, "done"))

            return called

        functions = {_function_of(state): function(name) for name, state in TASKS.items()}
        machine = Machine(functions, clock=self.clock)
        return machine.run(dict(JOB))

    def _fail(self, name: str, error: str) -> None:
        if error != TIMED_OUT:
            raise type(error, (Exception,), {})
        if name != "Await":  # Who waits for a token times out by being told nothing.
            self.clock.sleep(TASKS[name]["TimeoutSeconds"] + 1)


def _function_of(state: Document) -> str:
    name: str = state["Arguments"]["FunctionName"]
    return name.removeprefix("${").removesuffix("}")


def _retries() -> list[Any]:
    """Every state with each error that one of its retriers names, and that retrier; but for polling."""
    return [
        pytest.param(name, STANDING_FOR.get(error, error), retrier, id=f"{name}-{error}")
        for name, state in TASKS.items()
        for retrier in state.get("Retry", [])
        for error in retrier["ErrorEquals"]
        if (name, error) != ("Await", TIMED_OUT)
    ]


def _catches() -> list[Any]:
    return [
        pytest.param(name, error, catcher["Next"], id=f"{name}-{error}")
        for name, state in TASKS.items()
        for catcher in state.get("Catch", [])
        for error in catcher["ErrorEquals"]
    ]


# ---- Every state -------------------------------------------------------------------------------------


def test_a_job_that_goes_well_takes_the_short_way() -> None:
    execution = Walk().run()
    assert execution.entered == ["Submit", "Await", "Decide", "Deliver", "Settle"]
    assert (execution.error, execution.output) == (None, JOB)


def test_every_state_is_entered_by_some_execution() -> None:
    walks = [Walk(), Walk(told=("done",)), Walk(told=("submit", "settle"))]
    assert {name for walk in walks for name in walk.run().entered} == set(STATES)


def test_every_step_is_given_the_jobs_id_and_only_who_waits_a_token_too() -> None:
    walk = Walk()
    walk.run()
    assert [(name, sorted(payload)) for name, payload in walk.calls] == [
        ("Submit", ["job_id"]),
        ("Await", ["job_id", "wake_token"]),
        ("Deliver", ["job_id"]),
        ("Settle", ["job_id"]),
    ]


# ---- Every choice ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "then"),
    [("submit", "Submit"), ("deliver", "Deliver"), ("settle", "Settle"), ("done", "Done")],
)
def test_what_a_look_finds_decides_what_is_next(told: str, then: str) -> None:
    entered = Walk(told=(told,)).run().entered
    assert entered[entered.index("Decide") + 1] == then


def test_no_choice_is_left_out_above() -> None:
    (choice,) = [state for state in STATES.values() if state["Type"] == "Choice"]
    branches = {each["Next"] for each in choice["Choices"]} | {choice["Default"]}
    walked = set()
    for told in ("submit", "deliver", "settle", "done"):
        entered = Walk(told=(told,)).run().entered
        walked.add(entered[entered.index("Decide") + 1])
    assert walked == branches
    assert len(choice["Choices"]) + 1 == len(branches)


# ---- Every retry and catch ---------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "error", "retrier"), _retries())
def test_an_error_is_tried_again_as_often_as_its_retrier_says(
    state: str, error: str, retrier: Document
) -> None:
    most = retrier["MaxAttempts"]
    survived = Walk(troubles={state: [error] * most}).run()
    assert (survived.error, survived.retries) == (None, most)
    broken = Walk(troubles={state: [error] * (most + 1)}).run()
    assert broken.retries == most
    caught = any(error in catcher["ErrorEquals"] for catcher in TASKS[state].get("Catch", []))
    assert broken.error == (None if caught else error)


def test_polling_goes_on_for_longer_than_an_execution_may_last() -> None:
    (retrier,) = [each for each in STATES["Await"]["Retry"] if TIMED_OUT in each["ErrorEquals"]]
    walk = Walk(troubles={"Await": [TIMED_OUT] * retrier["MaxAttempts"]})
    started_ms = walk.clock.now_ms()
    assert walk.run().retries == retrier["MaxAttempts"]
    assert walk.clock.now_ms() - started_ms > MACHINE["TimeoutSeconds"] * 1000


@pytest.mark.parametrize(("state", "error", "then"), _catches())
def test_a_caught_error_goes_on_elsewhere_with_the_jobs_id(state: str, error: str, then: str) -> None:
    walk = Walk(told=("deliver", "done"), troubles={state: [error]})
    execution = walk.run()
    assert execution.entered[execution.entered.index(state) + 1] == then
    assert (execution.error, walk.calls[-1][1]["job_id"]) == (None, JOB["job_id"])


def test_an_error_that_nobody_names_breaks_no_step_at_once() -> None:
    for state in TASKS:
        assert Walk(troubles={state: ["NeverHeardOfError"]}).run().error is None, state


def test_an_unsettled_job_breaks_its_execution_off() -> None:
    execution = Walk(troubles={"Settle": ["UnsettledError"]}).run()
    assert (execution.error, execution.retries) == ("UnsettledError", 0)
