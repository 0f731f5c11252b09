"""The sandbox's worker: takes tasks from its queue, makes videos and sends callbacks."""

import time
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from sandbox import callbacks
from sandbox.filming.film import shoot
from sandbox.generations import Generations
from sandbox.settings import read_worker_settings
from sandbox.tasks import Task, Tasks
from sandbox.worker import Worker

logger = Logger()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    return process_partial_response(event, do, processor, context)


def do(record: SQSRecord) -> None:
    task = Task.model_validate_json(record.body)
    try:
        worker().do(task, tries=int(record.attributes.approximate_receive_count))
    except Exception:
        # The batch processor keeps it to itself and has the task handed out again: this is its only trace.
        logger.exception("task failed", task=task.task, generation_id=task.generation_id)
        raise
    logger.info("task done", task=task.task, generation_id=task.generation_id)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@cache
def worker() -> Worker:
    return Worker(
        Generations(boto3.client("s3"), bucket=read_worker_settings().bucket),
        tasks(),
        shoot=shoot,
        post=callbacks.post,
        now_ms=now_ms,
    )


@cache
def tasks() -> Tasks:
    return Tasks(boto3.client("sqs"), queue_url=read_worker_settings().queue_url)
