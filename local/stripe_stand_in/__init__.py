"""A stand-in for Stripe on this machine: its API as far as Corent uses it, a pay page, and events."""
