"""Paths with parts that came from outside."""

from urllib.parse import quote


def path_of(*parts: str) -> str:
    """A path of those parts, each of them quoted: what stands in one cannot reach beyond it."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)
