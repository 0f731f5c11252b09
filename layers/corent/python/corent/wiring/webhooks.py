"""Webhooks: owed, due, sent."""

import dataclasses
import random
from functools import cache
from typing import Any

from corent.adapters.aws import KMS, SQS
from corent.adapters.dynamo.webhooks import DynamoOutbox, DynamoSlots
from corent.adapters.kms import SecretSeal
from corent.adapters.safe_post import SafePost
from corent.adapters.sqs import SqsLater
from corent.core.clock import SystemClock
from corent.usecases.deliver_webhook import DeliverWebhook, RecallWebhooks
from corent.usecases.webhook_messages import WebhookMessages
from corent.wiring.accounts import dynamodb
from corent.wiring.batches import batches
from corent.wiring.local_hosts import caller_http_hosts
from corent.wiring.money import jobs, outboxes
from corent.wiring.money import settings as money_settings
from corent.wiring.notices import notices
from corent.wiring.settings import Settings, read_settings


class QueueSettings(Settings):
    webhooks_queue_url: str


class SenderSettings(Settings):
    jobs_table: str
    webhook_key_id: str


@cache
def later() -> SqsLater:
    return SqsLater(SQS(), queue_url=read_settings(QueueSettings).webhooks_queue_url)


@cache
def recall_webhooks() -> RecallWebhooks:
    return RecallWebhooks(outboxes=outboxes(), later=later(), clock=SystemClock())


def deliver(subject_id: str) -> dict[str, Any]:
    """Try one webhook once; what may be logged of it."""
    return dataclasses.asdict(_deliver_webhook()(subject_id))


@cache
def _deliver_webhook() -> DeliverWebhook:
    settings = read_settings(SenderSettings)
    return DeliverWebhook(
        outboxes=DynamoOutbox(dynamodb(), table=settings.jobs_table),
        slots=DynamoSlots(dynamodb(), table=settings.jobs_table),
        messages=WebhookMessages(
            jobs=jobs(),
            batches=batches(),
            notices=notices(),
            public_base_url=money_settings().public_base_url,
        ),
        open_seal=SecretSeal(KMS(), key_id=settings.webhook_key_id).open,
        send=SafePost(http_hosts=caller_http_hosts()),
        later=later(),
        clock=SystemClock(),
        random=random.random,
    )
