"""Series of equal requests in memory."""

from dataclasses import dataclass, field

from corent.core.repeats import Series


@dataclass
class MemorySeries:
    """SeriesStore over a dictionary; `writes` counts those that were tried."""

    kept: dict[tuple[str, str], Series] = field(default_factory=dict)
    writes: int = 0

    def read(self, wallet_id: str, name: str) -> Series:
        return self.kept.get((wallet_id, name), Series(calls=(), version=0))

    def write(self, wallet_id: str, name: str, series: Series, *, expires_at_s: int) -> bool:
        self.writes += 1
        if self.read(wallet_id, name).version != series.version:
            return False
        self.kept[wallet_id, name] = Series(calls=series.calls, version=series.version + 1)
        return True
