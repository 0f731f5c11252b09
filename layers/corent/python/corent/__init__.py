"""Corent: one API for image and video generation, routed to the best upstream for each request."""
