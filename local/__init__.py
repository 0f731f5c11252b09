"""Development tooling: the local stack, and nothing that is deployed."""
