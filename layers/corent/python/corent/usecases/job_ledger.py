"""The ledger as the use cases know it: it pays for jobs and batches, and ends them."""

from corent.jobs.batch import Batch, BatchEnd
from corent.jobs.job import Job, JobEnd
from corent.ledger.ledger import Ledger

type JobLedger = Ledger[Job, JobEnd, Batch, BatchEnd]
