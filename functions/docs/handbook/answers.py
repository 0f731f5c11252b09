"""Which address of the handbook shows what."""

from pathlib import Path
from typing import Any, Final

from corent.wiring.handbook import base_url
from corent_pages.public import TEXT_TYPE, PublicPages, answer
from handbook.chapters import FIRST, Chapter, chapters, html_of, text_of
from handbook.reference import operations

KEPT_S: Final = 300
REFERENCE: Final = "/docs/api"
pages = PublicPages([Path(__file__).with_name("templates")])


def answer_of(path: str) -> dict[str, Any]:
    """The answer to a GET of that path. A chapter's Markdown is at its address with `.md`."""
    path = path.rstrip("/")
    if path == "/llms.txt":
        return answer(index_for_agents(), kept_s=KEPT_S, content_type=TEXT_TYPE)
    if path == REFERENCE:
        return _page("reference.html", path, groups=operations(), base_url=base_url())
    name = path.removeprefix("/docs").removeprefix("/") or FIRST
    slug, dot, kind = name.partition(".")
    chapter = chapters().get(slug)
    if chapter is None or (dot and kind != "md"):
        return _page("missing.html", path, status=404)
    if dot:
        return answer(text_of(chapter, base_url=base_url()), kept_s=KEPT_S, content_type=TEXT_TYPE)
    return _page("chapter.html", path, chapter=chapter, html=html_of(chapter, base_url=base_url()))


def index_for_agents() -> str:
    """`llms.txt`: what there is to read, in the form that llmstxt.org describes (read 2026-11-28)."""
    listed = "\n".join(_listed(chapter) for chapter in chapters().values())
    return (
        "# Corent\n\n"
        "> One HTTPS API for AI images and videos: send a prompt and a preference (fast, cheap, balanced or "
        "quality), get the result. Prepaid, and charged only for what was delivered.\n\n"
        f"The API is at {base_url()}/v1. Send `Authorization: Bearer <key>`; a `co_test_` key runs all of it "
        "on a sandbox and costs nothing. Every error is "
        '`{"error": {"type", "code", "message", "param", "request_id", "retryable"}}`.\n\n'
        f"## Docs\n\n{listed}\n\n"
        "## Machine-readable\n\n"
        f"- [OpenAPI 3.1]({base_url()}/openapi.json): every operation, with its shapes\n"
        f"- [Tools for Claude]({base_url()}/v1/tools/claude), [for OpenAI]({base_url()}/v1/tools/openai), "
        f"[for LangChain]({base_url()}/v1/tools/langchain): function-calling specifications\n"
        f"- [Status]({base_url()}/v1/status): how each tier is doing\n"
    )


def _listed(chapter: Chapter) -> str:
    return f"- [{chapter.title}]({base_url()}/docs/{chapter.slug}.md): {chapter.about}"


def _page(template: str, path: str, *, status: int = 200, **context: Any) -> dict[str, Any]:
    here = REFERENCE if path == REFERENCE else "/docs"
    return pages.page(
        template, status=status, kept_s=KEPT_S, here=here, path=path, chapters=chapters(), **context
    )
