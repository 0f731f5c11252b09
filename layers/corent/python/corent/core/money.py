"""Money: whole micro-dollars inside, whole cents at the edge. Never a float."""

MICROS_PER_CENT = 10_000


def cents_floor(micros: int) -> int:
    """Whole cents a balance shows: rounded down, so it never shows money that is not there."""
    return micros // MICROS_PER_CENT


def cents_up(micros: int) -> int:
    """Whole cents of a price: rounded up, once, when it is quoted."""
    return -(-micros // MICROS_PER_CENT)


def quote_micros(unit_price_micros: int, *, units: int) -> int:
    """The price of `units` images or seconds, rounded up to a whole cent."""
    return cents_up(unit_price_micros * units) * MICROS_PER_CENT
