"""Walks a state machine's definition on a virtual clock, and counts what Step Functions would bill.

Knows what our definitions use: Task (plain, with a task token, and an execution of another machine), Map,
Choice, Succeed, Retry, Catch, and the few JSONata expressions in them. Anything else is an error, so that a
definition cannot outgrow it unnoticed. A Map's items run one after the other.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.fakes import FakeClock

DEFINITION: Final = Path(__file__).resolve().parents[1] / "statemachines" / "generation.asl.json"
BATCH_DEFINITION: Final = DEFINITION.with_name("batch.asl.json")
CALLBACK: Final = ".waitForTaskToken"
NESTED: Final = "arn:aws:states:::states:startExecution.sync:2"
# No job or batch of ours comes near; an execution that does goes round in circles.
TRANSITIONS_MAX: Final = 500
_COMPARISON: Final = re.compile(r"(?P<path>\$states[\w.]+) = '(?P<text>\w+)'")

type Document = dict[str, Any]
type Function = Callable[[Document], object]


@dataclass
class Execution:
    """One walk: the states entered, how often each was retried, and how it ended."""

    entered: list[str] = field(default_factory=list)
    retries: int = 0
    error: str | None = None
    output: Document | None = None

    @property
    def transitions(self) -> int:
        """As Step Functions bills: every state entered, and every retry."""
        return len(self.entered) + self.retries


class TaskError(Exception):
    """A task failed under that name."""


class Machine:
    """The definition over functions, and other machines, by the name of their substitution."""

    def __init__(
        self, functions: Mapping[str, Function], *, clock: FakeClock, definition: Path = DEFINITION
    ) -> None:
        self._definition: Document = json.loads(definition.read_text())
        assert self._definition["QueryLanguage"] == "JSONata"
        self._functions = functions
        self._clock = clock
        self._tokens = 0
        self._waiting: str | None = None
        self._told: Document | None = None
        self._events: list[tuple[int, Callable[[], object]]] = []

    def tell(self, token: str, *, next: str) -> None:
        """SendTaskSuccess; a token that nobody waits under is fine."""
        if token == self._waiting and self._told is None:
            self._told = {"next": next}

    def at(self, time_ms: int, event: Callable[[], object]) -> None:
        """Let something happen at that time, if an execution is waiting then."""
        self._events.append((time_ms, event))
        self._events.sort(key=lambda each: each[0])

    def run(self, document: Document) -> Execution:
        """Walk from the start to the end."""
        execution = Execution()
        self._ends_ms = self._clock.now_ms() + self._definition["TimeoutSeconds"] * 1000
        try:
            execution.output = self._walk(self._definition, document, execution)
        except TaskError as error:
            execution.error = str(error)
        return execution

    def _walk(self, machine: Document, document: Document, execution: Execution) -> Document:
        """From the start of the states to an end; what the last one put out."""
        name: str | None = machine["StartAt"]
        while name is not None:
            if self._clock.now_ms() > self._ends_ms:
                raise TaskError("States.Timeout")
            execution.entered.append(name)
            assert execution.transitions < TRANSITIONS_MAX, execution.entered[-12:]
            name, document = self._step(machine["States"][name], document, execution)
        return document

    def _step(self, state: Document, document: Document, execution: Execution) -> tuple[str | None, Document]:
        if state["Type"] == "Succeed":
            return None, document
        if state["Type"] == "Choice":
            scope = {"input": document}
            chosen = next((c["Next"] for c in state["Choices"] if _holds(c["Condition"], scope)), None)
            return chosen or state["Default"], document
        if state["Type"] == "Map":
            for item in _filled(state["Items"], {"input": document}):
                scope = {"input": document, "context": {"Map": {"Item": {"Value": item}}}}
                self._walk(state["ItemProcessor"], _filled(state["ItemSelector"], scope), execution)
            return state.get("Next"), _filled(state["Output"], {"input": document})
        assert state["Type"] == "Task", state["Type"]
        try:
            result = self._tried(state, document, execution)
        except TaskError as error:
            for catcher in state.get("Catch", []):
                if _matches(catcher["ErrorEquals"], str(error)):
                    return catcher["Next"], _filled(catcher["Output"], {"input": document})
            raise
        return state.get("Next"), _filled(state["Output"], {"input": document, "result": result})

    def _tried(self, state: Document, document: Document, execution: Execution) -> object:
        counts: dict[int, int] = {}
        while True:
            try:
                return self._task(state, document)
            except TaskError as error:
                found = next(
                    (
                        (place, retrier)
                        for place, retrier in enumerate(state.get("Retry", []))
                        if _matches(retrier["ErrorEquals"], str(error))
                    ),
                    None,
                )
                if found is None or counts.get(found[0], 0) >= found[1]["MaxAttempts"]:
                    raise
                place, retrier = found
                count = counts[place] = counts.get(place, 0) + 1
                pause_s = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** (count - 1)
                self._pass(min(pause_s, retrier["MaxDelaySeconds"]))
                execution.retries += 1

    def _task(self, state: Document, document: Document) -> object:
        waits = state["Resource"].endswith(CALLBACK)
        self._tokens += 1
        token, self._told = f"token-{self._tokens}", None
        self._waiting = token if waits else None
        scope = {"input": document, "context": {"Task": {"Token": token}}}
        arguments = _filled(state["Arguments"], scope)
        if state["Resource"] == NESTED:
            return self._called(_substituted(arguments["StateMachineArn"]), arguments["Input"])
        started_ms = self._clock.now_ms()
        until_ms = started_ms + state["TimeoutSeconds"] * 1000
        result = self._called(_substituted(arguments["FunctionName"]), arguments["Payload"])
        if not waits:
            if self._clock.now_ms() > until_ms:
                raise TaskError("States.Timeout")
            return {"Payload": result}
        while self._told is None and self._clock.now_ms() < until_ms:
            self._pass((until_ms - self._clock.now_ms()) / 1000, until_told=True)
        self._waiting = None
        if self._told is None:
            raise TaskError("States.Timeout")
        return self._told

    def _called(self, function: str, payload: Document) -> object:
        try:
            return self._functions[function](payload)
        except Exception as error:
            raise TaskError(type(error).__name__) from error
        except BaseException as error:
            # The process died: Lambda reports it under a name of its own.
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise TaskError("Runtime.ExitError") from error

    def _pass(self, duration_s: float, *, until_told: bool = False) -> None:
        """Let time go by, and what happens in it happen."""
        until_ms = self._clock.now_ms() + round(duration_s * 1000)
        while self._events and self._events[0][0] <= until_ms:
            time_ms, event = self._events.pop(0)
            self._clock.time_ms = max(self._clock.time_ms, time_ms)
            event()
            if until_told and self._told is not None:
                return
        self._clock.time_ms = max(self._clock.time_ms, until_ms)


def _substituted(reference: str) -> str:
    return reference.removeprefix("${").removesuffix("}")


def _matches(names: list[str], error: str) -> bool:
    return (
        "States.ALL" in names
        or error in names
        or ("States.TaskFailed" in names and error != "States.Timeout")
    )


def _filled(value: Any, scope: Document) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, scope) for key, each in value.items()}
    if isinstance(value, str) and value.startswith("{%"):
        return _at(value.removeprefix("{%").removesuffix("%}").strip(), scope)
    return value


def _holds(condition: str, scope: Document) -> bool:
    comparison = _COMPARISON.fullmatch(condition.removeprefix("{%").removesuffix("%}").strip())
    assert comparison is not None, condition
    return bool(_at(comparison["path"], scope) == comparison["text"])


def _at(path: str, scope: Document) -> Any:
    names = path.split(".")
    assert names[0] == "$states", path
    found: Any = scope
    for name in names[1:]:
        found = found[name]
    return found
