"""Batches: read, carried, cancelled."""

from functools import cache

from corent.adapters.dynamo.batches import DynamoBatches
from corent.core.clock import SystemClock
from corent.usecases.cancel_batch import CancelBatch
from corent.usecases.carry_batch import CarryBatch
from corent.usecases.read_batches import ReadBatches
from corent.usecases.settle_batch import SettleBatch
from corent.wiring.accounts import dynamodb
from corent.wiring.looks import look_soon
from corent.wiring.money import jobs, ledger, settings, settle_job


@cache
def batches() -> DynamoBatches:
    return DynamoBatches(dynamodb(), table=settings().jobs_table)


@cache
def read_batches() -> ReadBatches:
    return ReadBatches(batches=batches())


@cache
def carry_batch() -> CarryBatch:
    return CarryBatch(batches=batches(), jobs=jobs(), settle=settle_batch())


@cache
def cancel_batch() -> CancelBatch:
    return CancelBatch(
        read=read_batches(),
        batches=batches(),
        settle_job=settle_job(),
        settle_batch=settle_batch(),
        look_soon=look_soon(),
        clock=SystemClock(),
    )


@cache
def settle_batch() -> SettleBatch:
    return SettleBatch(ledger=ledger(), batches=batches(), clock=SystemClock())
