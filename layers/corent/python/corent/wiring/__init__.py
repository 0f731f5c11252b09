"""Use cases built from adapters; one file a group of functions, so that each pays only for its own."""
