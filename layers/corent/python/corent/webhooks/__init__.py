"""Webhooks that Corent sends: signatures, the times of the tries, and what is still owed."""
