"""The sandbox upstream: a real image upstream that draws instead of asking a model."""
