"""Tests that a fake and the real thing both pass, so that the fake cannot drift."""
