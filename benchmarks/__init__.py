"""Measurements of the request path; `make bench` runs them. They are never tests."""
