"""Words everyone shares: errors, money, ids, tiers, time, and the upstream port."""
