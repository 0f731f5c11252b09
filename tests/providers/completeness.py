"""What a row of the catalog must have around it before it may be sold, as a list of what it lacks.

`read_catalog` refuses a row that breaks its own rules. This looks further: at the adapter behind the row, at
the tests that hold the adapter to its upstream's answers, and at every lack at once instead of the first.
"""

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from corent.core.tiers import Kind
from corent.providers.catalog import Provider

SOURCE_MIN_CHARACTERS: Final = 10
OLDEST_COST: Final = date(2026, 1, 1)
# These look at every adapter at once, and so prove nothing about one.
GENERAL_TESTS: Final = frozenset({"test_catalog.py", "test_completeness.py", "test_contract.py"})
METHODS: Final = {
    Kind.IMAGE: ("submit", "check", "ask_account"),
    Kind.VIDEO: ("submit", "check", "cancel", "ask_account"),
}
ABILITIES: Final = {
    Kind.IMAGE: (
        *("typical_latency_ms", "slow_latency_ms", "asynchronous", "formats", "aspect_ratios", "count_max"),
        *("takes_seed", "takes_negative_prompt", "cost_with_image_micros", "offers"),
    ),
    Kind.VIDEO: (
        *("typical_latency_ms", "slow_latency_ms", "aspect_ratios", "durations_s", "takes_seed"),
        *("takes_negative_prompt", "takes_image", "cost_1080p_micros", "offers"),
    ),
}
# Null says that a model does not do this at all, which is an answer.
MAY_BE_NULL: Final = frozenset({"cost_with_image_micros", "cost_1080p_micros"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rows are held against.

    `contract_cases` are the providers and kinds that the contract tests ask. `independent` are the modules
    that the import contract keeps apart.
    """

    providers: Mapping[str, Provider]
    contract_cases: frozenset[tuple[str, Kind]]
    tests: Path
    independent: frozenset[str]
    today: date


def lacks(document: Mapping[str, Any], around: Surroundings) -> list[str]:
    """Everything that the catalog's rows lack, one line each."""
    return [
        f"{kind}s[{index}] {row.get('upstream')}/{row.get('model')}: {lack}"
        for kind in Kind
        for index, row in enumerate(document[f"{kind}s"])
        for lack in (*_data_lacks(row, kind, around), *_code_lacks(row, kind, around))
    ]


def _data_lacks(row: Mapping[str, Any], kind: Kind, around: Surroundings) -> Iterator[str]:
    source = row.get("cost_source")
    if not isinstance(source, str) or len(source.strip()) < SOURCE_MIN_CHARACTERS:
        yield "no source of its cost"
    if not _is_read_by(row.get("cost_read_on"), today=around.today):
        yield "no date on which its cost was read"
    for name in ABILITIES[kind]:
        if name not in row or row[name] in ([], "") or (row[name] is None and name not in MAY_BE_NULL):
            yield f"no {name}"


def _code_lacks(row: Mapping[str, Any], kind: Kind, around: Surroundings) -> Iterator[str]:
    upstream = str(row.get("upstream"))
    provider = around.providers.get(upstream)
    adapter = provider and (provider.images if kind is Kind.IMAGE else provider.videos)
    if not adapter:
        yield "no adapter"
        return
    module, _, name = adapter.partition(":")
    adapts = _load(module, name)
    if not all(callable(getattr(adapts, method, None)) for method in METHODS[kind]):
        yield "no adapter with all methods of the port"
    if module not in around.independent:
        yield "no place in the import contract"
    if not _has_fixtures(module, name, tests=around.tests):
        yield "no fixtures"
    if (upstream, kind) not in around.contract_cases:
        yield "no case in the contract tests"


def _is_read_by(text: object, *, today: date) -> bool:
    try:
        return OLDEST_COST <= date.fromisoformat(str(text)) <= today
    except ValueError:
        return False


def _load(module: str, name: str) -> object:
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None


def _has_fixtures(module: str, name: str, *, tests: Path) -> bool:
    """Whether the module has its tests, and some of them are about this adapter of it."""
    own = tests / f"test_{module.rpartition('.')[2]}.py"
    others: Iterable[Path] = (path for path in tests.glob("test_*.py") if path.name not in GENERAL_TESTS)
    named = re.compile(rf"\b{re.escape(name)}\b")
    return own.is_file() and any(named.search(path.read_text(encoding="utf-8")) for path in others)
