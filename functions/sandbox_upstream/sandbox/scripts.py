"""Scripts: words in a prompt that say what shall go wrong. They count only when written exactly.

[refuse] [rate-limit] [fail] [fail-first]   the submit is refused
[slow:30] [late]                            ready later than usual; `late` only on the first attempt
[drop-first]                                accepted, but the answer is held back
[die-first] [expire-first] [garbage-first]  a video fails half-way, is gone, or is no video
[silent]                                    no callback is sent

Words that end in `first`, and `late`, count on attempt 1 alone.
"""

import re
from dataclasses import dataclass
from typing import Literal

from sandbox.refusals import RefusedError

RATE_LIMIT_RETRY_S = 2
SLOW_MAX_S = 600
LATE_S = 600
_SLOW = re.compile(r"\[slow:(\d{1,6})\]")

type Fate = Literal["whole", "gone", "garbage"]


@dataclass(frozen=True, slots=True)
class Script:
    """What one submission's words ask for."""

    prompt: str
    attempt: int

    def play(self) -> None:
        """Raise the error that a word asks for at the submit, if any."""
        if "[refuse]" in self.prompt:
            raise RefusedError(422, "content_refused", "The prompt was refused.")
        if "[rate-limit]" in self.prompt:
            raise RefusedError(429, "rate_limited", "Too many requests.", retry_after_s=RATE_LIMIT_RETRY_S)
        if "[fail]" in self.prompt or self._first("[fail-first]"):
            raise RefusedError(503, "failed", "The generation failed.")

    @property
    def ready_after_ms(self) -> int | None:
        """How long after the submit it is ready, where a word says so."""
        if self._first("[late]"):
            return LATE_S * 1000
        slow = _SLOW.search(self.prompt)
        return min(int(slow[1]), SLOW_MAX_S) * 1000 if slow else None

    @property
    def holds_answer_back(self) -> bool:
        """Whether the submit's answer comes too late to be of use."""
        return self._first("[drop-first]")

    @property
    def dies(self) -> bool:
        """Whether a video fails half-way."""
        return self._first("[die-first]")

    @property
    def fate(self) -> Fate:
        """What becomes of a video's file."""
        if self._first("[expire-first]"):
            return "gone"
        return "garbage" if self._first("[garbage-first]") else "whole"

    @property
    def is_silent(self) -> bool:
        """Whether the callback is never sent."""
        return "[silent]" in self.prompt

    def _first(self, word: str) -> bool:
        return self.attempt == 1 and word in self.prompt
