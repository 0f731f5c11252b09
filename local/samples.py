"""Record the samples of the API reference on the running stack: `python -m local.samples` (`make samples`).

Each operation of the contract is asked once, in an order in which each finds what it needs, with the command
that the reference shows. Written down is what came back: long texts and lists shortened, addresses as they
stand in the handbook, and nothing secret. `tests/stack/test_reference_samples.py` asks all of it again.

The stack must let webhooks go to this machine: CORENT_ALLOW_LOOPBACK=1.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import httpx

from local.accounts import open_account
from local.place import ROOT, StackError, from_environment

DOCUMENT: Final = ROOT / "functions" / "docs" / "handbook" / "samples.json"
WRITTEN_URL: Final = "https://api.corent.example"
WRITTEN_HOOK: Final = "https://example.com/hooks"
BALANCE_CENTS: Final = 5_000
WAIT_MAX_S: Final = 120.0
LONG: Final = 90
KEPT: Final = 48
ITEMS_MAX: Final = 3
PROPERTIES_MAX: Final = 3
_SLOT: Final = re.compile(r"\{([a-z_]+)\}")
_KEY: Final = re.compile(r"co_(live|test)_[A-Za-z0-9]{8,}")
_STATUS: Final = "\n%{http_code}"


@dataclass(frozen=True, slots=True)
class Step:
    """One operation. `{name}` in a command is an id that an earlier answer gave, or that was `prepared`.

    `keeps` is what the `id` of the answer is called from then on.
    """

    operation: str
    path: str
    body: str = ""
    keeps: str = ""
    needs_key: bool = True
    prepared: Callable[["World"], None] | None = None

    @property
    def command(self) -> str:
        """The command that the reference shows."""
        method = self.operation.partition(" ")[0]
        default = "POST" if self.body else "GET"
        lines = [f"curl{'' if method == default else f' -X {method}'} {_quoted(WRITTEN_URL + self.path)}"]
        if self.needs_key:
            lines.append('-H "Authorization: Bearer $CORENT_API_KEY"')
        if self.body:
            lines += ['-H "Content-Type: application/json"', f"-d '{self.body}'"]
        return " \\\n  ".join(lines)


@dataclass(slots=True)
class World:
    """A running stack, somebody who asks it, and the ids that are known so far."""

    base_url: str
    stripe_stub_url: str
    key: str
    hook_url: str
    ids: dict[str, str] = field(default_factory=dict)

    def ask(self, command: str) -> tuple[int, str]:
        """Run a command of the reference; the status and the body of the answer."""
        here = command.replace(WRITTEN_URL, self.base_url).replace(WRITTEN_HOOK, self.hook_url)
        ended = subprocess.run(
            ["bash", "-c", f"{here} -s --noproxy '*' -w '{_STATUS}'"],
            env={"PATH": os.environ["PATH"], "CORENT_API_KEY": self.key},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WAIT_MAX_S,
            check=True,
        )
        body, _, status = ended.stdout.rpartition("\n")
        return int(status), body

    def with_ids(self, command: str) -> str:
        """The command with the ids put in."""
        return _SLOT.sub(lambda slot: self.ids[slot[1]], command)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Ask for something that is not recorded."""
        answer = httpx.request(
            method,
            f"{self.base_url}{path}",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=60,
            trust_env=False,
            **options,
        )
        answer.raise_for_status()
        return answer.json()

    def until(self, path: str, is_so: Callable[[Any], bool]) -> None:
        """Wait for that to be true of what is read there. Raises StackError."""
        ends_s = time.monotonic() + WAIT_MAX_S
        while not is_so(self.call("GET", path)):
            if time.monotonic() > ends_s:
                raise StackError(f"{path} did not become what was waited for.")
            time.sleep(0.2)


# ---- what has to be there first ---------------------------------------------------------------------


def _batch_ends(world: World) -> None:
    world.until(f"/v1/batches/{world.ids['batch']}", lambda batch: batch["status"] == "completed")


def _webhook_is_delivered(world: World) -> None:
    order = {
        "prompt": "a red fox in the snow",
        "preference": "fast",
        "webhook_url": world.hook_url,
        "webhook_secret": "a secret of your own",
    }
    world.ids["hooked"] = job_id = world.call("POST", "/v1/images/generate", json=order)["id"]
    world.until(f"/v1/jobs/{job_id}", lambda job: job["webhook"]["status"] == "delivered")


def _card_is_saved(world: World) -> None:
    made = world.call("POST", "/v1/account/deposit", json={"amount_cents": 500, "save_card": True})
    paid = f"{world.stripe_stub_url}/_stub/sessions/{made['session_id']}/pay"
    httpx.post(paid, json={"action": "pay"}, timeout=30, trust_env=False).raise_for_status()
    world.until("/v1/account/ledger?limit=1", lambda ledger: ledger["entries"][0]["kind"] == "deposit")


# ---- what is asked ----------------------------------------------------------------------------------

STEPS: Final = (
    Step("GET /v1/status", "/v1/status", needs_key=False),
    Step("GET /v1/tools/{name}", "/v1/tools/claude", needs_key=False),
    Step("GET /v1/models", "/v1/models"),
    Step("GET /v1/models/{id}", "/v1/models/corent-image-fast"),
    Step("POST /v1/quote", "/v1/quote", '{"kind": "video", "prompt": "a red fox runs", "duration_s": 5}'),
    Step(
        "POST /v1/images/generate",
        "/v1/images/generate",
        '{"prompt": "a red fox in the snow", "preference": "fast", "aspect_ratio": "16:9"}',
        keeps="image",
    ),
    Step("GET /v1/jobs/{id}", "/v1/jobs/{image}"),
    Step("GET /v1/jobs/{id}/stream", "/v1/jobs/{image}/stream"),
    Step("POST /v1/jobs/{id}/stream-token", "/v1/jobs/{image}/stream-token"),
    Step("GET /v1/routing/explain", "/v1/routing/explain?request_id={image}"),
    Step(
        "POST /v1/images/generations",
        "/v1/images/generations",
        '{"prompt": "a red fox in the snow", "model": "fast", "size": "1536x1024", "response_format": "url"}',
    ),
    Step(
        "POST /v1/videos/generate",
        "/v1/videos/generate",
        '{"prompt": "a red fox runs through snow", "duration_s": 5, "max_cost_cents": 100}',
        keeps="video",
    ),
    Step("POST /v1/jobs/{id}/cancel", "/v1/jobs/{video}/cancel"),
    Step(
        "POST /v1/images/batch",
        "/v1/images/batch",
        '{"requests": [{"prompt": "a red fox"}, {"prompt": "a blue heron", "n": 2}], "max_cost_cents": 12}',
        keeps="batch",
    ),
    Step("GET /v1/batches/{id}", "/v1/batches/{batch}", prepared=_batch_ends),
    Step(
        "POST /v1/videos/batch",
        "/v1/videos/batch",
        '{"requests": [{"prompt": "a red fox runs"}, {"prompt": "a heron flies"}]}',
        keeps="film_batch",
    ),
    Step("POST /v1/batches/{id}/cancel", "/v1/batches/{film_batch}/cancel"),
    Step("GET /v1/jobs", "/v1/jobs?kind=image&limit=2"),
    Step("GET /v1/jobs/{id}/webhook", "/v1/jobs/{hooked}/webhook", prepared=_webhook_is_delivered),
    Step("POST /v1/jobs/{id}/webhook/redeliver", "/v1/jobs/{hooked}/webhook/redeliver"),
    Step("GET /v1/account/balance", "/v1/account/balance"),
    Step("GET /v1/account/usage", "/v1/account/usage?limit=1"),
    Step("GET /v1/account/ledger", "/v1/account/ledger?limit=2"),
    Step("POST /v1/account/deposit", "/v1/account/deposit", '{"amount_cents": 2500, "save_card": true}'),
    Step(
        "PUT /v1/account/auto-topup",
        "/v1/account/auto-topup",
        '{"threshold_cents": 500, "amount_cents": 2000, "monthly_cap_cents": 10000}',
        prepared=_card_is_saved,
    ),
    Step("GET /v1/account/auto-topup", "/v1/account/auto-topup"),
    Step("DELETE /v1/account/auto-topup", "/v1/account/auto-topup"),
    Step(
        "PUT /v1/account/alerts",
        "/v1/account/alerts",
        f'{{"low_balance_cents": 500, "webhook_url": "{WRITTEN_HOOK}", '
        '"webhook_secret": "a secret of your own"}',
    ),
    Step("GET /v1/account/alerts", "/v1/account/alerts"),
    Step("DELETE /v1/account/alerts", "/v1/account/alerts"),
    Step(
        "POST /v1/account/keys",
        "/v1/account/keys",
        '{"label": "web server", "mode": "test", "scopes": ["generate", "read"], "limit_cents": 5000}',
        keeps="key",
    ),
    Step("GET /v1/account/keys", "/v1/account/keys"),
    Step("DELETE /v1/account/keys/{id}", "/v1/account/keys/{key}"),
)


def record(world: World) -> dict[str, dict[str, Any]]:
    """The sample of each operation, by `METHOD /path`."""
    samples: dict[str, dict[str, Any]] = {}
    for step in STEPS:
        if step.prepared is not None:
            step.prepared(world)
        command = world.with_ids(step.command)
        status, body = world.ask(command)
        if step.keeps:
            world.ids[step.keeps] = json.loads(body)["id"]
        samples[step.operation] = {"request": command, "status": status, "answer": tidied(body, world)}
    return dict(sorted(samples.items()))


# ---- what is written down ---------------------------------------------------------------------------


def tidied(body: str, world: World) -> str:
    """An answer as the reference shows it: JSON over several lines, or text as it came."""
    body = body.replace(world.base_url, WRITTEN_URL).replace(world.hook_url, WRITTEN_HOOK)
    body = body.replace(world.stripe_stub_url, "https://checkout.stripe.com")
    body = _KEY.sub(r"co_\1_…", body)
    if not body.startswith(("{", "[")):
        return body.strip()
    return json.dumps(shortened(json.loads(body)), indent=2, ensure_ascii=False)


def shortened(value: Any) -> Any:
    """A value without the rest of long texts, long lists and schemas of many properties."""
    if isinstance(value, str):
        return value if len(value) <= LONG else f"{value[:KEPT]}…"
    if isinstance(value, list):
        return [shortened(each) for each in (value if len(value) <= ITEMS_MAX else value[:2])]
    if isinstance(value, dict):
        return {
            name: shortened(
                dict(list(each.items())[:PROPERTIES_MAX])
                if name == "properties" and isinstance(each, dict)
                else each
            )
            for name, each in value.items()
        }
    return value


def _quoted(address: str) -> str:
    return f'"{address}"' if re.search(r"[?&{]", address) else address


@contextmanager
def receiving() -> Iterator[str]:
    """The address of a receiver of webhooks on this machine, which takes everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hooks"
        finally:
            server.shutdown()


def main() -> None:
    """Record all samples with a new account, and write them."""
    place = from_environment()
    if not place.running_json.exists():
        sys.exit("No local stack is running here: start one with `CORENT_ALLOW_LOOPBACK=1 make run`.")
    running: dict[str, Any] = json.loads(place.running_json.read_text())
    local = running["local"]
    account = open_account(balance_cents=BALANCE_CENTS, environment=running["operator_environment"])
    with receiving() as hook_url:
        world = World(local["base_url"], local["stripe_stub_url"], account["live_key"], hook_url)
        samples = record(world)
    refused = {name: sample["answer"] for name, sample in samples.items() if sample["status"] >= 400}
    if refused:
        sys.exit(f"Nothing is written, since these were refused:\n{json.dumps(refused, indent=2)}")
    text = json.dumps(samples, indent=1, ensure_ascii=False) + "\n"
    Path(DOCUMENT).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
