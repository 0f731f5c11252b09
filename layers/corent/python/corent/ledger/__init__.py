"""Money moves here and nowhere else: entries, balances, and the writes that change them."""
