"""The command line's words. No command takes a key: those of a process can be read by others."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from corent import __version__
from corent.cli import account, batches, making, serving
from corent.orders import RULES
from corent.settings import WAIT_TIMEOUT_S


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command to `run` and its options; ends the process with status 2 when they are wrong."""
    parser = argparse.ArgumentParser(
        prog="corent",
        description="Images and videos from one API.",
        epilog="CORENT_API_KEY and CORENT_BASE_URL come before what `corent login` stored.",
    )
    parser.add_argument("--version", action="version", version=f"corent {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--base-url", help="address of the API")
    shared.add_argument("--json", action="store_true", help="print the answer's JSON on stdout")

    def command(name: str, said: str, run: object) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=said, description=said, parents=[shared])
        made.set_defaults(run=run)
        return made

    command("login", "Read a key from the terminal or stdin, check it and store it.", account.login)
    command("logout", "Forget the stored key.", account.logout)
    image = command("image", "Make images and wait for them.", making.image)
    _add_order(image, kind="image")
    _add_purchase(image)
    _add_waiting(image)
    video = command("video", "Order a video; with --watch or -o wait for it.", making.video)
    _add_order(video, kind="video")
    _add_purchase(video)
    _add_waiting(video)
    video.add_argument("--watch", action="store_true", help="wait, and show how far it is")
    job = command("job", "Show a job; with --watch or -o wait for it.", making.job)
    job.add_argument("job_id", metavar="ID")
    _add_waiting(job)
    job.add_argument("--watch", action="store_true", help="wait, and show how far it is")
    batch = command(
        "batch", "Make everything in a file of JSON lines; may be broken off and run again.", batches.run
    )
    batch.add_argument("file", type=Path, help="a request body, or a prompt as a JSON text, a line")
    batch.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="where results go (FILE-results)")
    batch.add_argument("--video", action="store_true", help="make videos, not images")
    batch.add_argument(
        "--max-cost-cents", type=int, metavar="CENTS", help="refuse each hundred that costs more"
    )
    command("balance", "Show what money is there.", account.balance)
    usage = command("usage", "Show what was spent, and on what.", account.usage)
    usage.add_argument("--since", help="a date or time, inclusive")
    usage.add_argument("--until", help="a date or time, exclusive")
    usage.add_argument("--limit", type=int, help="how many jobs (20)")
    usage.add_argument("--cursor", help="the page that the last one named")
    quote = command("quote", "Show what an order would cost and take.", account.quote)
    _add_order(quote, kind="image")
    quote.add_argument("--video", action="store_true", help="of a video")
    quote.add_argument("--duration-s", type=int, help="1 to 10")
    quote.add_argument("--resolution", choices=RULES["video"]["resolution"].choices)
    command("status", "Show how every tier is doing; needs no key.", account.status)
    explain = command("explain", "Show why a request was routed as it was.", account.explain)
    explain.add_argument("request_or_job_id", metavar="REQUEST_OR_JOB_ID")
    command("mcp", "Serve the API's tools to an agent on stdin and stdout (MCP).", serving.mcp)
    return parser.parse_args(arguments)


def _add_order(parser: argparse.ArgumentParser, *, kind: str) -> None:
    rules = RULES[kind]
    parser.add_argument("prompt")
    for name in ("preference", "aspect_ratio", "style", "resolution", "on_refusal"):
        if name in rules:
            parser.add_argument(f"--{name.replace('_', '-')}", choices=rules[name].choices)
    if kind == "image":
        parser.add_argument("--format", dest="output_format", choices=rules["output_format"].choices)
        parser.add_argument("--n", type=int, help="1 to 4 images")
    else:
        parser.add_argument("--duration-s", type=int, help="1 to 10")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--negative-prompt", help="what should not be seen")
    parser.add_argument("--image-url", help="an image to start from")


def _add_purchase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-cost-cents", type=int, metavar="CENTS", help="refuse when it costs more")
    parser.add_argument("--quote-id", help="as `corent quote` gave it")
    parser.add_argument("--idempotency-key", help="the same order with the same key buys once")


def _add_waiting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="where the result goes; a folder will do"
    )
    parser.add_argument(
        "--timeout-s", type=float, default=WAIT_TIMEOUT_S, help="how long to wait (%(default)s s)"
    )
