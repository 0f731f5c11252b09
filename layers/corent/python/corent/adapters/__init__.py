"""The outside world behind the ports: AWS services and the one safe way to fetch a foreign address."""
