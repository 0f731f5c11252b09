"""Filming: a drawing whose parts move at their distances, as an MP4."""
