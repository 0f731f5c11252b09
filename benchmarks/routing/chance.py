"""Chance that is the same for every policy: a draw follows from what it is for alone."""

from math import log
from statistics import NormalDist
from typing import Final

_MASK: Final = 2**64 - 1
_NORMAL: Final = NormalDist()


def uniform(*key: int) -> float:
    """A number in [0, 1) for that key, by the finishing steps of SplitMix64 after each part."""
    mixed = 0x9E3779B97F4A7C15
    for part in key:
        mixed = (mixed ^ part) * 0xBF58476D1CE4E5B9 & _MASK
        mixed ^= mixed >> 27
        mixed = mixed * 0x94D049BB133111EB & _MASK
        mixed ^= mixed >> 31
    return (mixed >> 11) / 2**53


def normal(*key: int) -> float:
    """A number of the standard normal distribution."""
    return _NORMAL.inv_cdf(max(1e-12, uniform(*key)))


def pause_ms(mean_ms: float, *key: int) -> float:
    """The time between two arrivals of a Poisson process."""
    return -mean_ms * log(1 - uniform(*key))
