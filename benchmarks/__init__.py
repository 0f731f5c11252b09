"""Measurements; `make bench` runs them. They are never tests."""
