"""A job as a card that follows it: the same on its own page and in the playground."""

from typing import Any, Final

from corent.core.errors import RelayedError, UnansweredError
from dashboard.paths import path_of

OVER: Final = frozenset({"completed", "failed", "cancelled"})


def card_context(client: Any, job: dict[str, Any]) -> dict[str, Any]:
    """What `job_card.html` needs. A job that still runs comes with its stream's address, for a minute."""
    stream_path = None
    if job["status"] not in OVER:
        path = path_of("v1", "jobs", job["id"], "stream")
        try:
            token = client.post(path_of("v1", "jobs", job["id"], "stream-token"))["token"]
            stream_path = f"{path}?token={token}"
        except (RelayedError, UnansweredError):
            stream_path = None  # It can still be looked at again by hand.
    return {"job": job, "stream_path": stream_path, "is_over": job["status"] in OVER}
