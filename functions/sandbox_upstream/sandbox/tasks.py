"""Tasks: what is left for the worker, in the sandbox's queue."""

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# The longest that SQS holds a message back (SendMessage, DelaySeconds).
DELAY_MAX_S = 900


class Task(BaseModel):
    """One message: make a video, or tell whoever asked that it is over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    generation_id: str
    task: Literal["film", "tell"]


class Tasks:
    """The queue. Its messages may come more than once."""

    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def film(self, generation_id: str) -> None:
        """Have a video made."""
        self._send(Task(generation_id=generation_id, task="film"), delay_s=0)

    def tell(self, generation_id: str, *, after_ms: int) -> None:
        """Have the callback sent in a while; the worker is asked again where that is beyond DELAY_MAX_S."""
        delay_s = -(-max(after_ms, 0) // 1000)
        self._send(Task(generation_id=generation_id, task="tell"), delay_s=min(delay_s, DELAY_MAX_S))

    def _send(self, task: Task, *, delay_s: int) -> None:
        self._client.send_message(
            QueueUrl=self._queue_url, MessageBody=task.model_dump_json(), DelaySeconds=delay_s
        )
