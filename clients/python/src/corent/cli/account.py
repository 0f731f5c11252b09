"""`corent login` and `logout`, and what the API tells: balance, usage, quote, status, explain."""

from __future__ import annotations

import argparse
import sys

from corent.cli import credentials, session
from corent.cli.making import IMAGE_FIELDS, VIDEO_FIELDS, given
from corent.cli.terminal import NotUsableError, say, say_error, say_json
from corent.errors import PermissionDeniedError
from corent.settings import DEFAULT_BASE_URL


def login(options: argparse.Namespace) -> int:
    """Read a key without showing it, check it with one call, store it."""
    key = _read_key()
    if not key:
        raise NotUsableError("no key was given.")
    try:
        address = session.base_url(options.base_url)
    except NotUsableError:
        # A stored file that cannot be used must not keep its owner from replacing it.
        address = DEFAULT_BASE_URL
    with session.made(api_key=key, address=address) as client:
        try:
            client.account.balance()
        except PermissionDeniedError as error:
            # The key is good; it may only not look at the money.
            if error.code != "missing_scope":
                raise
    path = credentials.store(credentials.Credentials(api_key=key, base_url=client.settings.base_url))
    if options.json:
        say_json({"base_url": client.settings.base_url, "path": str(path)})
    else:
        say_error(f"The key opens {client.settings.base_url} and is stored in {path}.")
    return 0


def _read_key() -> str:
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass("API key: ").strip()
    return sys.stdin.readline().strip()


def logout(options: argparse.Namespace) -> int:
    """Forget the stored key; it goes on to be valid."""
    removed = credentials.remove()
    if options.json:
        say_json({"removed": removed})
    else:
        say_error("The stored key is removed." if removed else "No key was stored.")
    return 0


def balance(options: argparse.Namespace) -> int:
    """Show what money is there."""
    with session.client(options.base_url) as client:
        answer = client.account.balance()
    if options.json:
        say_json(answer.raw)
    else:
        say(f"available {_dollars(answer.available_cents)}")
        say(f"held      {_dollars(answer.held_cents)}")
        say(f"balance   {_dollars(answer.balance_cents)}")
    return 0


def usage(options: argparse.Namespace) -> int:
    """Show what was spent, and on what."""
    with session.client(options.base_url) as client:
        answer = client.account.usage(
            since=options.since, until=options.until, limit=options.limit, cursor=options.cursor
        )
    if options.json:
        say_json(answer.raw)
        return 0
    say(f"{_dollars(answer.total_spent_cents)} for {answer.total_jobs} jobs")
    for job in answer.recent_jobs:
        say(f"{job.created_at}  {job.id}  {job.status:10}  {job.model:24}  {job.cost_cents} ¢")
    if answer.next_cursor:
        say_error(f"There are more: --cursor {answer.next_cursor}")
    return 0


def quote(options: argparse.Namespace) -> int:
    """Show what an order would cost and take."""
    is_video = options.video or options.duration_s is not None or options.resolution is not None
    fields = given(options, VIDEO_FIELDS if is_video else IMAGE_FIELDS)
    for name in ("style", "output_format", "n"):
        if is_video and getattr(options, name) is not None:
            raise NotUsableError(f"a video has no --{'format' if name == 'output_format' else name}.")
    with session.client(options.base_url) as client:
        answer = client.quote(options.prompt, kind="video" if is_video else "image", **fields)
    if options.json:
        say_json(answer.raw)
        return 0
    say(f"{answer.price_cents} ¢  {answer.model}")
    say(f"about {answer.expected_ms / 1000:.1f} s, 95 of 100 in {answer.p95_ms / 1000:.1f} s")
    say(f"--quote-id {answer.quote_id}  (until {answer.expires_at})")
    return 0


def status(options: argparse.Namespace) -> int:
    """Show how every tier is doing."""
    with session.public_client(options.base_url) as client:
        answer = client.status()
    if options.json:
        say_json(answer.raw)
        return 0
    for tier in answer.tiers:
        latency = f"{tier.latency_ms_p50 / 1000:.1f} s" if tier.latency_ms_p50 is not None else "-"
        success = f"{tier.success_rate:.0%}" if tier.success_rate is not None else "-"
        say(f"{tier.name:26} {tier.status:12} {latency:>8} {success:>5}")
    if answer.stale:
        say_error("Nobody has looked for more than five minutes.")
    return 0


def explain(options: argparse.Namespace) -> int:
    """Show why a request was routed as it was."""
    with session.client(options.base_url) as client:
        answer = client.explain(options.request_or_job_id)
    if options.json:
        say_json(answer.raw)
        return 0
    say(f"{answer.model}: {answer.reasoning}")
    for candidate in answer.candidates:
        say(
            f"{candidate.name}  score {candidate.score:.3f}  cost {candidate.cost:.2f}"
            f"  latency {candidate.latency:.2f}  reliability {candidate.reliability:.2f}"
            f"  quality {candidate.quality:.2f}  {candidate.health}"
        )
    for excluded in answer.excluded:
        say(f"{excluded.name}  not considered: {excluded.reason}")
    for number, attempt in enumerate(answer.attempts, start=1):
        say(f"attempt {number}: {attempt.candidate}  {attempt.outcome}  {attempt.duration_ms} ms")
    return 0


def _dollars(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02} $"
