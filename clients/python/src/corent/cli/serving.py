"""`corent mcp`: the API's tools for an agent."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

from corent.cli import session
from corent.cli.terminal import NotUsableError


def mcp(options: argparse.Namespace) -> int:
    """Serve until stdin ends. Only the protocol is on stdout."""
    if find_spec("mcp") is None:
        raise NotUsableError("`corent mcp` needs the package mcp: pip install 'corent[mcp]'.")
    from corent import mcp_server

    with session.client(options.base_url) as client:
        settings = client.settings
    mcp_server.serve(api_key=settings.api_key, base_url=settings.base_url)
    return 0
