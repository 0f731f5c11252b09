"""Read the form-encoded parameters of a request, and refuse what the real API refuses.

The bracket notation and the limits: stripe-python 16.1.0 (`_encode.py`, the `params` package) and
docs.stripe.com/api/metadata, read 2026-11-25. A parameter that Stripe has and the stand-in does not serve is
refused as unknown too: nothing is ignored in silence.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from local.stripe_stand_in.refusals import RefusedError, bad_parameter

type Tree = dict[str, "str | Tree"]
type Read = Callable[[str | Tree, str], Any]
type Shape = Mapping[str, "Field"]

AMOUNT_MIN: Final = 50
AMOUNT_MAX: Final = 99_999_999
METADATA_KEYS_MAX: Final = 50
METADATA_KEY_MAX: Final = 40
METADATA_VALUE_MAX: Final = 500
FIELDS_MAX: Final = 1_000
DEPTH_MAX: Final = 8
TEXT_MAX: Final = 5_000
# Of those that Stripe takes, the ones with as many as two decimals that our callers pay in.
CURRENCIES: Final = frozenset(
    {"aud", "cad", "chf", "dkk", "eur", "gbp", "hkd", "inr", "jpy", "mxn", "nok", "nzd", "sek", "sgd", "usd"}
)
_KEY: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART: Final = re.compile(r"\[([^\[\]]*)\]")
_INTEGER: Final = re.compile(r"-?\d{1,18}", re.ASCII)
# No user, no space, nothing that ends a header or an attribute.
_ADDRESS: Final = re.compile(
    r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:[/?#][^\s\x00-\x1f\x7f\\\"<>]*)?"
)


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter: how its value is read, and whether a request must have it."""

    read: Read
    required: bool = False


def parse(encoded: str) -> Tree:
    """Return the parameters as a tree: `a[b][]=1` and `a[b][0]=1` are {"a": {"b": {"0": "1"}}}."""
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError as error:
        raise RefusedError("The parameters are not form-encoded UTF-8.") from error
    tree: Tree = {}
    for key, value in pairs:
        matched = _KEY.fullmatch(key)
        parts = [matched[1], *_PART.findall(matched[2])] if matched else []
        if not parts or len(parts) > DEPTH_MAX:
            raise bad_parameter(f"Nobody can read the parameter {key}.", key)
        branch = tree
        for part in parts[:-1]:
            below = branch.setdefault(part or str(len(branch)), {})
            if isinstance(below, str):
                raise bad_parameter(f"{key} is given as a value and as a group.", key)
            branch = below
        branch[parts[-1] or str(len(branch))] = value
    return tree


def read(tree: Tree, shape: Shape, *, prefix: str = "") -> dict[str, Any]:
    """Return the parameters that were given, read; raise RefusedError for the first that cannot be taken."""

    def named(name: str) -> str:
        return f"{prefix}[{name}]" if prefix else name

    for name in tree:
        if name not in shape:
            raise bad_parameter(
                f"There is no parameter {named(name)} here.", named(name), code="parameter_unknown"
            )
    for name, field in shape.items():
        if field.required and name not in tree:
            raise bad_parameter(f"{named(name)} is missing.", named(name), code="parameter_missing")
    return {name: shape[name].read(value, named(name)) for name, value in tree.items()}


def text(value: str | Tree, name: str) -> str:
    """Read a text that is not empty."""
    if not isinstance(value, str):
        raise bad_parameter(f"{name} must be a text.", name)
    if not value:
        raise bad_parameter(f"{name} is empty.", name, code="parameter_invalid_empty")
    if len(value) > TEXT_MAX:
        raise bad_parameter(f"{name} is longer than {TEXT_MAX} characters.", name)
    return value


def integer(minimum: int, maximum: int) -> Read:
    """Return a reader of whole numbers within bounds."""

    def read_integer(value: str | Tree, name: str) -> int:
        if not isinstance(value, str) or not _INTEGER.fullmatch(value):
            raise bad_parameter(f"{name} must be an integer.", name, code="parameter_invalid_integer")
        number = int(value)
        if not minimum <= number <= maximum:
            raise bad_parameter(
                f"{name} must be from {minimum} to {maximum}.", name, code="parameter_invalid_integer"
            )
        return number

    return read_integer


TIME: Final = integer(0, 99_999_999_999)
_ANY_INTEGER: Final = integer(-(10**18), 10**18)


def amount(value: str | Tree, name: str) -> int:
    """Read an amount that may be charged, in the currency's smallest unit."""
    number: int = _ANY_INTEGER(value, name)
    check_amount(number, name)
    return number


def check_amount(number: int, name: str) -> None:
    """Raise RefusedError for an amount that is not charged."""
    if number < AMOUNT_MIN:
        raise bad_parameter(f"{name} must be at least {AMOUNT_MIN}.", name, code="amount_too_small")
    if number > AMOUNT_MAX:
        raise bad_parameter(f"{name} must be at most {AMOUNT_MAX}.", name, code="amount_too_large")


def boolean(value: str | Tree, name: str) -> bool:
    """Read `true` or `false`."""
    if value not in ("true", "false"):
        raise bad_parameter(f"{name} must be true or false.", name)
    return value == "true"


def always(value: str | Tree, name: str) -> bool:
    """Read what the stand-in serves only as `true`."""
    if not boolean(value, name):
        raise bad_parameter(f"The stand-in serves {name} only as true.", name)
    return True


def one_of(*allowed: str) -> Read:
    """Return a reader of one of these words."""

    def read_word(value: str | Tree, name: str) -> str:
        if value not in allowed:
            raise bad_parameter(f"{name} must be one of: {', '.join(allowed)}.", name)
        return str(value)

    return read_word


def currency(value: str | Tree, name: str) -> str:
    """Read a currency; Stripe takes it in any case and shows it in lower case."""
    code = text(value, name).lower()
    if code not in CURRENCIES:
        raise bad_parameter(f"{name} is not a currency that is taken here.", name)
    return code


def url(value: str | Tree, name: str) -> str:
    """Read the address of a page."""
    address = text(value, name)
    if not _ADDRESS.fullmatch(address):
        raise bad_parameter(f"{name} is not an http or https address.", name, code="url_invalid")
    return address


def metadata(value: str | Tree, name: str) -> dict[str, str]:
    """Read metadata; an empty value leaves its key out, an empty text all of them."""
    if value == "":
        return {}
    if isinstance(value, str):
        raise bad_parameter(f"{name} must be a group of keys and texts.", name)
    kept: dict[str, str] = {}
    for key, each in value.items():
        if not isinstance(each, str):
            raise bad_parameter(f"{name}[{key}] must be a text.", name)
        if len(key) > METADATA_KEY_MAX:
            raise bad_parameter(f"A key of {name} has more than {METADATA_KEY_MAX} characters.", name)
        if len(each) > METADATA_VALUE_MAX:
            raise bad_parameter(f"{name}[{key}] has more than {METADATA_VALUE_MAX} characters.", name)
        if each:
            kept[key] = each
    if len(kept) > METADATA_KEYS_MAX:
        raise bad_parameter(f"{name} has more than {METADATA_KEYS_MAX} keys.", name)
    return kept


def group(shape: Shape) -> Read:
    """Return a reader of a group of parameters."""

    def read_group(value: str | Tree, name: str) -> dict[str, Any]:
        if isinstance(value, str):
            raise bad_parameter(f"{name} must be a group of parameters.", name)
        return read(value, shape, prefix=name)

    return read_group


def rows(each: Read, *, at_most: int) -> Read:
    """Return a reader of a list."""

    def read_rows(value: str | Tree, name: str) -> list[Any]:
        if isinstance(value, str) or not all(index.isdigit() for index in value):
            raise bad_parameter(f"{name} must be a list.", name)
        if len(value) > at_most:
            raise bad_parameter(f"{name} has more than {at_most} entries.", name)
        ordered = sorted(value.items(), key=lambda item: int(item[0]))
        return [each(row, f"{name}[{index}]") for index, row in ordered]

    return read_rows


def time_or_range(value: str | Tree, name: str) -> dict[str, int]:
    """Read a time, or bounds of it, as bounds by their names."""
    if isinstance(value, str):
        at: int = TIME(value, name)
        return {"gte": at, "lte": at}
    return read(value, dict.fromkeys(("gt", "gte", "lt", "lte"), Field(TIME)), prefix=name)
