"""Pages for everybody: no session, no form, the same for all who ask."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from corent.core.ids import new_ulid
from corent_pages.policy import HTML_TYPE, page_headers
from corent_pages.rendering import templates

TEXT_TYPE: Final = "text/plain; charset=utf-8"


class PublicPages:
    """The answers with pages whose templates lie in a folder or are shared."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._templates = templates(folders)

    def page(self, template: str, *, status: int = 200, kept_s: int, **context: Any) -> dict[str, Any]:
        """A page, which browsers and caches may keep for that long."""
        html = self._templates.get_template(template).render(**context)
        return answer(html, status=status, kept_s=kept_s, content_type=HTML_TYPE)


def answer(text: str, *, status: int = 200, kept_s: int, content_type: str) -> dict[str, Any]:
    """A text as an API Gateway proxy answer."""
    headers = {
        **page_headers(),
        "Content-Type": content_type,
        "Cache-Control": f"public, max-age={kept_s}" if kept_s else "no-store",
        "X-Request-Id": f"req_{new_ulid()}",
    }
    return {
        "statusCode": status,
        "body": text,
        "isBase64Encoded": False,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
    }
