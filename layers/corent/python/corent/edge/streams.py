"""Records of a DynamoDB stream, read one by one: a malformed one is set aside, the others count."""

from collections.abc import Callable
from typing import Any

from corent.jobs.job import Job
from corent.usecases.fold_health import JobChange


def changed_jobs(
    event: dict[str, Any], *, parse: Callable[[dict[str, Any]], Job]
) -> tuple[list[JobChange], list[str]]:
    """The jobs that the event's records changed, and the sequence numbers of records that are no jobs at all.

    A malformed record is not given back to the stream: that would bring the good ones after it again, too.
    """
    changes = []
    malformed = []
    for record in event["Records"]:
        images = record["dynamodb"]
        image = images.get("NewImage")
        if image is None or image.get("sk") != {"S": "JOB"}:
            continue
        try:
            before = parse(images["OldImage"]) if "OldImage" in images else None
            changes.append(JobChange(before=before, after=parse(image)))
        except (KeyError, ValueError, TypeError, IndexError):
            malformed.append(images["SequenceNumber"])
    return changes, malformed


def owed_webhooks(event: dict[str, Any]) -> list[str]:
    """Ids of the jobs and batches whose webhooks the event's records say are owed."""
    keys = (record["dynamodb"]["Keys"] for record in event["Records"] if record["eventName"] == "INSERT")
    return [key["pk"]["S"].partition("#")[2] for key in keys if key["sk"] == {"S": "OUT#terminal"}]
