"""What the sandbox remembers of a job's attempts: its own documents, read from its bucket."""

from sandbox.generations import Generation, id_of

from corent.routing.decide import ATTEMPTS_MAX
from tests.stack.conftest import Stack


def read_records(stack: Stack, job_id: str) -> list[Generation]:
    """What was accepted for the job, by attempt; a submit that was refused leaves nothing.

    Looks one attempt further than there may ever be.
    """
    s3 = stack.aws("s3")
    bucket = stack.physical_id("SandboxBucket")
    found = []
    for attempt in range(1, ATTEMPTS_MAX + 2):
        try:
            answer = s3.get_object(Bucket=bucket, Key=f"generations/{id_of(f'{job_id}-{attempt}')}.json")
        except s3.exceptions.NoSuchKey:
            continue
        found.append(Generation.model_validate_json(answer["Body"].read()))
    return found


def read_source(stack: Stack, generation: Generation) -> bytes:
    """The first frame that was given for a video, as the sandbox keeps it."""
    assert generation.film is not None
    assert generation.film.source is not None
    bucket = stack.physical_id("SandboxBucket")
    content: bytes = stack.aws("s3").get_object(Bucket=bucket, Key=generation.film.source)["Body"].read()
    return content


def ended_at_ms(generation: Generation) -> int:
    """When the sandbox stopped working on it: done, failed or cancelled, whichever came first."""
    ends = [generation.ready_at_ms, generation.fails_at_ms, generation.cancelled_at_ms]
    return min(end for end in ends if end is not None)


def lived_at_once(generations: list[Generation]) -> list[tuple[str, str]]:
    """Every pair of attempts of which the second was accepted while the first was still worked on."""
    ordered = sorted(generations, key=lambda each: each.submitted_at_ms)
    return [
        (first.reference, second.reference)
        for place, first in enumerate(ordered)
        for second in ordered[place + 1 :]
        if second.submitted_at_ms < ended_at_ms(first)
    ]
