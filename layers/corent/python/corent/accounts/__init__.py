"""Accounts and their API keys: making, hashing and judging them."""
