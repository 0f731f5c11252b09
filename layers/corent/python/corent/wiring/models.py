"""What is sold."""

from corent.providers import catalog

tiers = catalog.tiers
