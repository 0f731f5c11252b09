"""Routing against scripted worlds: the real decisions, a virtual clock, an oracle and plain rivals."""
