"""Generate a video: hold the money, start the execution that carries the job. Never waited for."""

from corent.jobs.job import VideoOrder
from corent.usecases.executions import Start, start_soon
from corent.usecases.generate_image import Answer
from corent.usecases.place_order import PlaceOrder
from corent.usecases.purchase import Purchase


class GenerateVideo:
    """Takes an order and hands it on at once."""

    def __init__(self, *, place: PlaceOrder, start: Start) -> None:
        self._place = place
        self._start = start

    def __call__(self, order: VideoOrder, purchase: Purchase) -> Answer:
        """Return the queued job, or the one an earlier request with the same key made.

        Raises what `PlaceOrder` raises, with nothing held.
        """
        placed = self._place(order, purchase)
        if placed.is_new:
            start_soon(placed.job.id, start=self._start)
        return Answer(job=placed.job, replayed=not placed.is_new)
