"""What must always be true of the books (docs/ledger.md), checked from whatever store they are read from."""

from collections import Counter
from collections.abc import Iterable

from corent.core.errors import InvariantViolationError
from corent.jobs.batch import Batch, BatchState
from corent.jobs.job import Job, JobState
from corent.ledger.balances import Balance
from corent.ledger.entries import CLAW_BACKS, OF_JOBS, Counterpart, Entry, EntryKind
from corent.ledger.payment_store import StoredPayment


def violations(
    *,
    balances: Iterable[Balance],
    entries: Iterable[Entry],
    jobs: Iterable[tuple[Job, str]],
    batches: Iterable[Batch],
    payments: Iterable[StoredPayment] = (),
) -> list[str]:
    """Every broken invariant in words; `jobs` are with what their money is: held, captured or released.

    A staged job of a batch that exists counts as held.
    """
    wallets = {balance.wallet_id: balance for balance in balances}
    posted = list(entries)
    worked = list(jobs)
    bought = list(batches)
    found = []
    for wallet_id, balance in wallets.items():
        try:
            balance.check()
        except InvariantViolationError as error:
            found.append(f"1: {error.operator_note}")
        mine = [entry for entry in posted if entry.wallet_id == wallet_id]
        sums = {
            name: sum(getattr(entry.effect, name) * entry.amount_micros for entry in mine)
            for name in ("available", "held", "credits", "debits")
        }
        stored = {name: getattr(balance, f"{name}_micros") for name in sums}
        if sums != stored:
            found.append(f"2: {wallet_id} stores {stored}, its entries say {sums}")
        if balance.version != len(mine):
            found.append(f"2: {wallet_id} has version {balance.version} and {len(mine)} entries")
        held = [job for job, money in worked if job.wallet_id == wallet_id and money == "held"]
        if sum(job.hold_micros for job in held) != balance.held_micros:
            found.append(f"3: {wallet_id} holds {balance.held_micros}, its open jobs say otherwise")
        single = [job for job in held if job.batch_id is None]
        if len(single) != balance.open_jobs:
            found.append(f"3: {wallet_id} counts {balance.open_jobs} open jobs, there are {len(single)}")
        working = [b for b in bought if b.wallet_id == wallet_id and b.state is BatchState.PROCESSING]
        if len(working) != balance.open_batches:
            found.append(f"3: {wallet_id} counts {balance.open_batches} batches, there are {len(working)}")
        captures = sum(e.amount_micros for e in mine if e.kind is EntryKind.CAPTURE)
        if balance.captured_micros != captures:
            found.append(f"2: {wallet_id} counts {balance.captured_micros} captured, entries say {captures}")
        if balance.available_micros < 0 and not any(_may_overdraw(entry) for entry in mine):
            found.append(f"8: {wallet_id} is overspent")
    found += _job_violations(worked, posted)
    found += _payment_violations(list(payments), posted)
    found += _batch_violations(bought, [job for job, _ in worked], posted)
    debit = Counter[str]()
    for entry in posted:
        debit[entry.effect.debit] -= entry.amount_micros
        debit[entry.effect.credit] += entry.amount_micros
    if sum(debit.values()) != 0:
        found.append(f"7: the books do not balance: {debit}")
    total = sum(b.available_micros + b.held_micros for b in wallets.values())
    if total != -sum(debit[account.value] for account in Counterpart):
        found.append(f"7: wallets hold {total}, deposits less captures say otherwise")
    return found


def _may_overdraw(entry: Entry) -> bool:
    """Money that is taken back is taken whether it is there or not; an operator may take it too."""
    return entry.kind in CLAW_BACKS or (entry.adjustment is not None and not entry.adjustment.into_wallet)


def _job_violations(jobs: list[tuple[Job, str]], entries: list[Entry]) -> list[str]:
    found = []
    for job, money in jobs:
        settled = [e for e in entries if e.reference == job.id and e.kind in OF_JOBS - {EntryKind.HOLD}]
        held_for = job.batch_id or job.id
        held = [e for e in entries if e.reference == held_for and e.kind is EntryKind.HOLD]
        if len(settled) > 1 or len(held) != 1:
            found.append(f"5: {job.id} has {len(held)} holds and {len(settled)} settlements")
            continue
        kind = settled[0].kind if settled else None
        expected = {
            JobState.COMPLETED: ("captured", EntryKind.CAPTURE),
            JobState.FAILED: ("released", EntryKind.RELEASE),
            JobState.CANCELLED: ("released", EntryKind.RELEASE),
        }.get(job.state, ("held", None))
        if (money, kind) != expected:
            found.append(f"4: {job.id} is {job.state}, its money {money}, its settlement {kind}")
        if settled and settled[0].amount_micros != job.hold_micros:
            found.append(f"5: {job.id} settled {settled[0].amount_micros} of {job.hold_micros}")
        if job.state is JobState.COMPLETED and not job.files:
            found.append(f"M2: {job.id} is charged without a result")
    return found


def _payment_violations(payments: list[StoredPayment], entries: list[Entry]) -> list[str]:
    found = []
    for payment in payments:
        mine = [entry for entry in entries if entry.payment_id == payment.id]
        credited = sum(e.amount_micros for e in mine if e.kind is EntryKind.DEPOSIT)
        taken = sum(e.amount_micros for e in mine if e.kind in CLAW_BACKS)
        put_back = sum(e.amount_micros for e in mine if e.kind in (EntryKind.REINSTATE, EntryKind.ADJUST))
        if (payment.credited_micros, payment.left_micros) != (credited, credited - taken + put_back):
            found.append(f"6: {payment} is not what its entries say: -{taken} +{put_back}")
        if not 0 <= payment.left_micros <= payment.credited_micros:
            found.append(f"6: {payment.left_micros} are left of {payment}")
    paid = {entry.payment_id for entry in entries if entry.kind is EntryKind.DEPOSIT}
    if paid != {payment.id for payment in payments}:
        found.append(f"6: deposits of {paid}, payments {payments}")
    return found


def _batch_violations(batches: list[Batch], jobs: list[Job], entries: list[Entry]) -> list[str]:
    found = []
    for batch in batches:
        mine = [job for job in jobs if job.batch_id == batch.id]
        (hold,) = [e for e in entries if e.reference == batch.id]
        if {job.id for job in mine} != set(batch.job_ids) or hold.jobs != batch.size:
            found.append(f"5: {batch.id} has {len(mine)} of {batch.size} jobs, its hold is for {hold.jobs}")
        if sum(job.hold_micros for job in mine) != hold.amount_micros:
            found.append(f"5: {batch.id} holds {hold.amount_micros}, its jobs say otherwise")
        if batch.state is not BatchState.PROCESSING and any(job.finished_at_ms is None for job in mine):
            found.append(f"4: {batch.id} is {batch.state}, not all of its jobs have ended")
    return found
