"""The one TLS context of an environment: reading the system's certificates is the dearest part of a start."""

import ssl
from functools import cache


@cache
def tls_context() -> ssl.SSLContext:
    """Certificates and names are verified. Made when the first connection asks for it."""
    return ssl.create_default_context()
