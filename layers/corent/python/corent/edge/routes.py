"""Every route of the public API and who may call it; tests compare it with template and document."""

from typing import Final

# Path templates and their methods. What is not listed here is answered 404, another method 405.
ROUTES: Final[dict[str, tuple[str, ...]]] = {
    "/assets/{name}": ("GET",),
    "/dashboard": ("GET",),
    "/dashboard/{proxy+}": ("GET", "POST"),
    "/docs": ("GET",),
    "/docs/{proxy+}": ("GET",),
    "/llms.txt": ("GET",),
    "/openapi.json": ("GET",),
    "/status": ("GET",),
    "/v1/account/alerts": ("DELETE", "GET", "PUT"),
    "/v1/account/auto-topup": ("DELETE", "GET", "PUT"),
    "/v1/account/balance": ("GET",),
    "/v1/account/deposit": ("POST",),
    "/v1/account/keys": ("GET", "POST"),
    "/v1/account/keys/{id}": ("DELETE",),
    "/v1/account/ledger": ("GET",),
    "/v1/account/usage": ("GET",),
    "/v1/callbacks/{provider}/{token}": ("POST",),
    "/v1/batches/{id}": ("GET",),
    "/v1/batches/{id}/cancel": ("POST",),
    "/v1/images/batch": ("POST",),
    "/v1/images/generate": ("POST",),
    "/v1/images/generations": ("POST",),
    "/v1/jobs": ("GET",),
    "/v1/jobs/{id}": ("GET",),
    "/v1/jobs/{id}/cancel": ("POST",),
    "/v1/jobs/{id}/stream": ("GET",),
    "/v1/jobs/{id}/stream-token": ("POST",),
    "/v1/jobs/{id}/webhook": ("GET",),
    "/v1/jobs/{id}/webhook/redeliver": ("POST",),
    "/v1/models": ("GET",),
    "/v1/models/{id}": ("GET",),
    "/v1/quote": ("POST",),
    "/v1/routing/explain": ("GET",),
    "/v1/status": ("GET",),
    "/v1/stripe/events": ("POST",),
    "/v1/tools/{name}": ("GET",),
    "/v1/videos/batch": ("POST",),
    "/v1/videos/generate": ("POST",),
}
# Routes that answer without a key; everything else is protected.
PUBLIC_ROUTES: Final = frozenset(
    {
        ("GET", "/assets/{name}"),
        # Pages ask for a session, and not for a key.
        ("GET", "/dashboard"),
        ("GET", "/dashboard/{proxy+}"),
        ("POST", "/dashboard/{proxy+}"),
        ("GET", "/docs"),
        ("GET", "/docs/{proxy+}"),
        ("GET", "/llms.txt"),
        ("GET", "/openapi.json"),
        ("GET", "/status"),
        ("GET", "/v1/status"),
        ("GET", "/v1/tools/{name}"),
        ("POST", "/v1/callbacks/{provider}/{token}"),
        ("POST", "/v1/stripe/events"),
    }
)
