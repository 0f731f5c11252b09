"""What a request is worth, in the weights that the router itself uses."""

from benchmarks.routing.worlds import PRICE_MICROS
from corent.routing.health import IMAGE_HALF_MS, speed_milli
from corent.routing.route import Weights


def utility(weights: Weights, *, time_ms: float, paid_micros: float, quality: float) -> float:
    """Of a delivery, in 0..1: `time_ms` and `paid_micros` with all that failed before. A failure has none."""
    gain = max(0.0, 1 - paid_micros / PRICE_MICROS)
    speed = speed_milli(time_ms, half_ms=IMAGE_HALF_MS) / 1000
    return (
        weights.reliability + weights.cost * gain + weights.latency * speed + weights.quality * quality
    ) / 1000
