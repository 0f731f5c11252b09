"""The image function's own cost: added latency, CPU a request and its parts, cold start, memory.

Everything around it answers at once from loopback. Times are of this machine and this run: only the
ratios mean anything elsewhere.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = 2
REQUESTS = 400
COLD_RUNS = 9
BARE_CALLS = 300
BARE_CLIENT = """
import boto3
client = boto3.client("dynamodb")
client.get_item(TableName="balances", Key={"pk": {"S": "A#x"}, "sk": {"S": "BAL"}})
"""
BARE_LOOP = f"""
import boto3, time
client = boto3.client("dynamodb")
call = lambda: client.get_item(TableName="balances", Key={{"pk": {{"S": "A#x"}}, "sk": {{"S": "BAL"}}}})
call()
began = time.process_time()
for _ in range({BARE_CALLS}):
    call()
print((time.process_time() - began) / {BARE_CALLS})
"""


@contextmanager
def process(*arguments: str, environment: dict[str, str]) -> Iterator[int]:
    """A process of ours that prints its port; ended afterwards."""
    started = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert started.stdout is not None
        yield int(started.stdout.readline())
    finally:
        started.terminate()
        started.wait()


def environment_for(port: int) -> dict[str, str]:
    """What a function's environment holds, with AWS on loopback."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'corent' / 'python'}",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "CORENT_STAGE": "local",
        "CORENT_PUBLIC_BASE_URL": "https://api.corent.example",
        "CORENT_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:generation",
        "CORENT_QUOTE_SECRET": "none",
        "CORENT_WEBHOOK_KEY_ID": "none",
        "CORENT_RESULTS_BUCKET": "results",
        **{f"CORENT_{name.upper()}_TABLE": name for name in ("keys", "jobs", "balances", "health")},
    }


def request(port: int, method: str) -> tuple[float, bytes]:
    """Seconds and body of one request."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, "/", body=b"{}" if method == "POST" else None)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"a request failed: {answer.status} {body[:300]!r}")
    return time.perf_counter() - began, body


def usage(ports: list[int]) -> dict[str, Any]:
    """CPU, requests and parts of all environments together; the largest peak memory."""
    each = [json.loads(request(port, "GET")[1]) for port in ports]
    names = {name for one in each for name in one["parts"]}
    return {
        "cpu_s": sum(one["cpu_s"] for one in each),
        "requests": sum(one["requests"] for one in each),
        "peak_kib": max(one["peak_kib"] for one in each),
        "parts": {name: sum(one["parts"].get(name, 0.0) for one in each) for name in names},
    }


def load(ports: list[int], *, concurrency: int) -> list[float]:
    """Latencies in seconds of REQUESTS requests from that many clients."""
    with ThreadPoolExecutor(concurrency) as pool:
        timed = pool.map(lambda number: request(ports[number % len(ports)], "POST")[0], range(REQUESTS))
        return sorted(timed)


def fresh(arguments: list[str], environment: dict[str, str]) -> float:
    """User and system seconds of one whole process."""
    started = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    _, status, spent = os.wait4(started.pid, 0)
    if status != 0:
        raise SystemExit(f"{arguments} failed")
    return spent.ru_utime + spent.ru_stime


def main() -> None:
    """Measure and print."""
    say = sys.stdout.write
    with process("-m", "benchmarks.stand_ins", environment=dict(os.environ)) as aws_port:
        environment = environment_for(aws_port)
        bare_call_s = float(
            subprocess.run(
                [sys.executable, "-c", BARE_LOOP], env=environment, capture_output=True, text=True, check=True
            ).stdout
        )
        say(f"one bare boto3 GetItem: {bare_call_s * 1000:.2f} ms CPU\n")
        with (
            process("-m", "benchmarks.environment", environment=environment) as first,
            process("-m", "benchmarks.environment", environment=environment) as second,
        ):
            ports = [first, second]
            for port in ports:
                request(port, "POST")
            for concurrency in (1, 8, 32):
                before = usage(ports)
                latencies = load(ports, concurrency=concurrency)
                after = usage(ports)
                count = after["requests"] - before["requests"]
                cpu_s = (after["cpu_s"] - before["cpu_s"]) / count
                p50, p95, p99 = (
                    latencies[round(share * (len(latencies) - 1))] for share in (0.5, 0.95, 0.99)
                )
                figures = "  ".join(f"{value * 1000:.1f}" for value in (p50, p95, p99))
                say(f"concurrency {concurrency:2}: p50, p95, p99 {figures} ms")
                say(f", CPU {cpu_s * 1000:.2f} ms a request = {cpu_s / bare_call_s:.1f} bare calls\n")
            total = usage(ports)
            for name, seconds in sorted(total["parts"].items(), key=lambda part: -part[1]):
                say(f"  {name:16} {seconds / total['requests'] * 1000:.2f} ms CPU\n")
            say(f"peak memory: {total['peak_kib'] / 1024:.0f} MiB\n")
        colds = []
        for _ in range(COLD_RUNS):
            ours = fresh(["-m", "benchmarks.environment", "first-request"], environment)
            bare = fresh(["-c", BARE_CLIENT], environment)
            colds.append((ours, bare))
    ratio = statistics.median(ours / bare for ours, bare in colds)
    say(f"start and first request: {ratio:.2f} x a bare boto3 client with one call")
    say(f" (CPU of whole fresh processes, median of {COLD_RUNS} pairs)\n")


if __name__ == "__main__":
    main()
