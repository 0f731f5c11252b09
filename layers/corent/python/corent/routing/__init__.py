"""Routing decides here: which offers can serve a request, in which order, and why."""
