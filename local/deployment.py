"""Build the real template and deploy it to the emulator; skip what has not changed."""

import fcntl
import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from local import aws
from local.place import BUILDS, ROOT, VENVS, Place, StackError
from local.processes import tail

STACK_NAME = "corent"
ARTIFACTS_BUCKET = "corent-artifacts"
SAM = VENVS / "sam" / "bin" / "sam"
DEV = VENVS / "dev" / "bin"
UV = VENVS / "uv" / "bin" / "uv"
# What a build is made of. Everything else (tests, pages, this folder) can change without a new deployment.
SOURCES = ("template.yaml", "functions", "layers", "statemachines")
IGNORED = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


@dataclass(frozen=True, slots=True)
class Deployment:
    """The deployed template's outputs, by name."""

    outputs: dict[str, str]

    @property
    def tables(self) -> dict[str, str]:
        return {
            name: self.outputs[f"{name.capitalize()}TableName"]
            for name in ("keys", "jobs", "balances", "health", "people")
        }

    def api_url(self, place: Place) -> str:
        return f"{place.aws_url}/_aws/execute-api/{self.outputs['ApiId']}/live"


def architecture() -> str:
    """Return this machine's processor in Lambda's words."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def sources_hash() -> str:
    """Return a hash of everything that goes into a build, by content."""
    digest = hashlib.sha256()
    for path in _source_files():
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_mode & 0o111}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _source_files() -> Iterator[Path]:
    for name in SOURCES:
        top = ROOT / name
        if top.is_file():
            yield top
        for folder, folders, files in top.walk():
            folders[:] = sorted(set(folders) - IGNORED)
            yield from (folder / file for file in sorted(files) if not file.endswith(".pyc"))


def parameters(place: Place) -> dict[str, str]:
    """Return the template's parameters for the local stage."""
    return {
        "Stage": "local",
        "Arch": architecture(),
        "PublicBaseUrl": place.base_url,
        "LocalEndpointUrl": place.aws_url,
        "RateScale": os.environ.get("CORENT_RATE_SCALE") or "1",
        "AllowLoopback": os.environ.get("CORENT_ALLOW_LOOPBACK") or "0",
        "StripeMode": "test",
        "DeletionProtection": "false",
    }


def build(*, target: str, sources: str, log: Path) -> Path:
    """Build the template for `host` or for Lambda's Linux (the architecture's name); return its folder."""
    # SAM keeps what it built from in build.toml beside the build's folder: each target needs its own.
    folder = BUILDS / target / "build"
    stamp = BUILDS / target / "sources"
    stamp.parent.mkdir(parents=True, exist_ok=True)
    with (BUILDS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Two stacks that start together build one after the other.
        if stamp.exists() and stamp.read_text() == sources:
            return folder
        stamp.unlink(missing_ok=True)
        command = [
            *(str(SAM), "build", "--cached", "--parallel", "--template-file", str(ROOT / "template.yaml")),
            *("--build-dir", str(folder), "--cache-dir", str(BUILDS / target / "cache")),
            *("--parameter-overrides", f"Arch={architecture()}"),
        ]
        env = os.environ | {"CORENT_BUILD_FOR": target, "CORENT_UV": str(UV)}
        # The layers' recipes call python3.13, which is here for certain.
        env["PATH"] = os.pathsep.join((str(DEV), os.environ["PATH"]))
        _run(command, env=env, log=log, what="build")
        stamp.write_text(sources)
    return folder


def deploy(place: Place, *, built: Path, sources: str, log: Path) -> Deployment:
    """Deploy the build unless the emulator already has just this one, and return the outputs."""
    wanted = parameters(place)
    if place.deployed_json.exists():
        last = json.loads(place.deployed_json.read_text())
        if last["sources"] == sources and last["parameters"] == wanted and _is_there(place, last["outputs"]):
            return Deployment(last["outputs"])
    place.deployed_json.unlink(missing_ok=True)
    aws.s3().create_bucket(Bucket=ARTIFACTS_BUCKET)
    command = [
        *(str(SAM), "deploy", "--template-file", str(built / "template.yaml"), "--stack-name", STACK_NAME),
        *(
            "--s3-bucket",
            ARTIFACTS_BUCKET,
            "--s3-prefix",
            STACK_NAME,
            "--region",
            aws.REGION,
            "--no-progressbar",
        ),
        *("--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-fail-on-empty-changeset"),
        *("--parameter-overrides", *(f"{name}={value}" for name, value in wanted.items())),
    ]
    _run(command, env=dict(os.environ), log=log, what="deployment")
    stack = aws.cloudformation().describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    place.deployed_json.write_text(json.dumps({"sources": sources, "parameters": wanted, "outputs": outputs}))
    return Deployment(outputs)


def _is_there(place: Place, outputs: dict[str, str]) -> bool:
    """Ask the emulator whether it still has what was deployed: a killed one has lost it."""
    api = httpx.get(f"{place.aws_url}/restapis/{outputs['ApiId']}", timeout=30, trust_env=False)
    bucket = httpx.head(f"{place.aws_url}/{outputs['ResultsBucketName']}", timeout=30, trust_env=False)
    return api.is_success and bucket.is_success


def _run(command: list[str], *, env: dict[str, str], log: Path, what: str) -> None:
    with log.open("ab") as output:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode != 0:
        raise StackError(f"The {what} failed (all of it is in {log}):\n{tail(log)}")
