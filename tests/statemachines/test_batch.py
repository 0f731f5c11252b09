"""The definition of batch.asl.json: every state, retry and catch is walked."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from corent.jobs.batch import BATCH_JOBS_MAX, CONCURRENCY, batch_deadline_ms
from corent.jobs.job import VIDEO_DEADLINE_MS
from tests.fakes import FakeClock
from tests.machine import BATCH_DEFINITION, DEFINITION, NESTED, Document, Execution, Machine

BATCH: Final = {"batch_id": "batch_1"}
JOBS: Final = ["job_1", "job_2", "job_3"]
MACHINE: Final[Document] = json.loads(BATCH_DEFINITION.read_text())
STATES: Final[dict[str, Document]] = MACHINE["States"]
CARRY: Final = STATES["Carry"]
TASKS: Final = {
    "Begin": STATES["Begin"],
    "Generate": CARRY["ItemProcessor"]["States"]["Generate"],
    "Close": STATES["Close"],
}
STANDING_FOR: Final = {"States.ALL": "AnyError"}


@dataclass
class Walk:
    """Functions that do as they are told: `troubles` are a state's errors in turn, then it works."""

    jobs: list[str] = field(default_factory=lambda: list(JOBS))
    troubles: dict[str, list[str]] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    calls: list[tuple[str, Document]] = field(default_factory=list)

    def run(self) -> Execution:
        def told(name: str, answer: Any = None) -> Any:
            def called(payload: Document) -> Any:
                self.calls.append((name, payload))
                trouble = self.troubles.get(name, [])
                if trouble:
                    raise type(trouble.pop(0), (Exception,), {})
                return answer

            return called

        functions = {
            "BeginFunction": told("Begin", {"job_ids": self.jobs}),
            "GenerationMachine": told("Generate"),
            "CloseFunction": told("Close"),
        }
        return Machine(functions, clock=self.clock, definition=BATCH_DEFINITION).run(dict(BATCH))


def test_a_batch_carries_each_of_its_jobs_and_ends() -> None:
    walk = Walk()
    execution = walk.run()
    assert walk.calls == [
        ("Begin", BATCH),
        *[("Generate", {"job_id": job_id}) for job_id in JOBS],
        ("Close", BATCH),
    ]
    assert (execution.error, execution.output) == (None, BATCH)


def test_a_batch_costs_three_transitions_and_one_a_job() -> None:
    assert Walk().run().transitions == 3 + len(JOBS)


@pytest.mark.parametrize("jobs", [[], ["job_1"]], ids=["none", "one"])
def test_a_batch_with_nothing_or_one_left_to_carry_ends(jobs: list[str]) -> None:
    execution = Walk(jobs=jobs).run()
    assert (execution.error, execution.entered[-1]) == (None, "Close")


def test_every_state_is_entered_by_some_execution() -> None:
    entered = {*Walk().run().entered, *Walk(troubles={"Generate": ["AnyError"]}).run().entered}
    assert entered == {*STATES, *CARRY["ItemProcessor"]["States"]}


def test_a_job_whose_execution_breaks_keeps_no_other_from_being_carried() -> None:
    walk = Walk(troubles={"Generate": ["AnyError"]})
    execution = walk.run()
    assert [payload for name, payload in walk.calls if name == "Generate"] == [{"job_id": j} for j in JOBS]
    assert (execution.error, execution.entered.count("Generated")) == (None, 1)


@pytest.mark.parametrize(
    ("state", "error", "retrier"),
    [
        pytest.param(name, STANDING_FOR.get(error, error), retrier, id=f"{name}-{error}")
        for name, state in TASKS.items()
        for retrier in state["Retry"]
        for error in retrier["ErrorEquals"]
    ],
)
def test_an_error_is_tried_again_as_often_as_its_retrier_says(
    state: str, error: str, retrier: Document
) -> None:
    most = retrier["MaxAttempts"]
    assert Walk(troubles={state: [error] * most}).run().error is None
    execution = Walk(jobs=["job_1"], troubles={state: [error] * (most + 1)}).run()
    caught = state == "Generate"
    assert execution.error == (None if caught else error)


def test_as_many_jobs_are_carried_at_once_as_the_deadline_reckons_with() -> None:
    assert CARRY["MaxConcurrency"] == CONCURRENCY


def test_an_execution_outlasts_the_longest_batch() -> None:
    longest_ms = batch_deadline_ms(created_at_ms=0, jobs=BATCH_JOBS_MAX, job_deadline_ms=VIDEO_DEADLINE_MS)
    assert MACHINE["TimeoutSeconds"] * 1000 > longest_ms


def test_a_job_is_waited_for_until_its_own_execution_must_have_ended() -> None:
    own = json.loads(DEFINITION.read_text())["TimeoutSeconds"]
    assert TASKS["Generate"]["Resource"] == NESTED
    assert TASKS["Generate"]["TimeoutSeconds"] > own


def test_a_jobs_execution_is_named_and_fed_as_the_sweep_would() -> None:
    assert TASKS["Generate"]["Arguments"] == {
        "StateMachineArn": "${GenerationMachine}",
        "Name": "{% $states.input.job_id %}",
        "Input": {"job_id": "{% $states.input.job_id %}"},
    }
