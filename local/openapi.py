"""Make the one OpenAPI document of all functions: `python -m local.openapi` writes it, `--check` compares.

Each function describes its own routes; this joins them and adds what no single route knows.
"""

import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from corent.edge.routes import PUBLIC_ROUTES

ROOT: Final = Path(__file__).resolve().parent.parent
DOCUMENT: Final = ROOT / "layers" / "pages" / "python" / "corent_pages" / "openapi.json"
# Functions describe themselves without calling anything; their settings are read only when asked.
PLACEHOLDERS: Final = {"AWS_REGION": "us-east-1", "POWERTOOLS_SERVICE_NAME": "corent"}
_ID: Final = re.compile(r"\{\w+_id\}")
IDEMPOTENT: Final = frozenset(
    ("post", f"/v1/{route}")
    for route in (
        *("account/deposit", "images/batch", "images/generate", "images/generations"),
        *("videos/batch", "videos/generate"),
    )
)


def make_document() -> dict[str, Any]:
    """The whole document, from the functions as they are."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for app in sorted((ROOT / "functions").glob("*/app.py")):
        module = _load(app)
        routes = getattr(getattr(module, "handler", None), "routes", None)
        if routes is None or app.parent.name == "openapi_get":
            continue
        document = json.loads(
            routes.get_openapi_json_schema(title="Corent", version="1.0.0", openapi_version="3.1.0")
        )
        for path, item in document["paths"].items():
            public_path = _ID.sub("{id}", path)
            for method, operation in item.items():
                operation["summary"] = _summary(module, method, public_path)
                paths.setdefault(public_path, {})[method] = _described(operation, method, public_path)
        schemas.update(document.get("components", {}).get("schemas", {}))
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(unused, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Corent",
            "version": "1.0.0",
            "summary": "One API for image and video generation.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"api_key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _summary(module: ModuleType, method: str, path: str) -> str:
    """What the first line of a function says of its route: `GET /v1/status: how each tier is doing`."""
    line = (module.__doc__ or "").splitlines()[0]
    route, _, said = line.partition(": ")
    if not said or not route.startswith(f"{method.upper()} {path}"):
        raise ValueError(
            f"{module.__file__}: the first line does not say what {method.upper()} {path} is for"
        )
    return said[0].upper() + said[1:]


def _described(operation: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    # Powertools describes its own 422 and 500 wherever it validates; ours have one shape.
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorReply"}}}
    operation["responses"]["500"] = {"description": "Something went wrong on our side.", "content": error}
    if not operation.get("parameters") and "requestBody" not in operation:
        operation["responses"].pop("422", None)
    operation["responses"] = dict(sorted(operation["responses"].items()))
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["name"].endswith("_id"):
            parameter["name"] = "id"
    if (method.upper(), path) not in PUBLIC_ROUTES:
        operation["security"] = [{"api_key": []}]
    if (method, path) in IDEMPOTENT:
        operation.setdefault("parameters", []).append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "Repeating a request with the same key and body within 24 hours buys once.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x20-\\x7e]+$"},
            }
        )
    return operation


def _load(app: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"function_{app.parent.name}", app)
    if spec is None or spec.loader is None:
        raise ImportError(str(app))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    """Write the document, or say whether the written one is current."""
    os.environ.update({name: value for name, value in PLACEHOLDERS.items() if name not in os.environ})
    for name in ("sandbox_upstream", "dashboard", "docs"):
        sys.path.insert(0, str(ROOT / "functions" / name))
    text = json.dumps(make_document(), indent=1, ensure_ascii=False) + "\n"
    if "--check" in sys.argv:
        current = DOCUMENT.exists() and DOCUMENT.read_text(encoding="utf-8") == text
        sys.stdout.write("openapi.json is current\n" if current else "openapi.json is old: make openapi\n")
        return 0 if current else 1
    DOCUMENT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
