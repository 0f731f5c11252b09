"""The chapters: Markdown files in the order in which they are to be read."""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

FOLDER: Final = Path(__file__).with_name("content")
# The address that stands in the files; readers see the one they are at.
WRITTEN_URL: Final = "https://api.corent.example"
ORDER: Final = (
    *("quickstart", "authentication", "models", "images", "videos", "jobs", "batches", "webhooks"),
    *("idempotency", "errors", "limits", "billing", "test-keys", "routing", "python", "agents"),
)
FIRST: Final = ORDER[0]
_NOT_IN_A_SLUG: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter. `about` is its first paragraph, in one line."""

    slug: str
    title: str
    about: str
    text: str

    @property
    def path(self) -> str:
        return "/docs" if self.slug == FIRST else f"/docs/{self.slug}"


@cache
def chapters() -> dict[str, Chapter]:
    """All chapters by their slugs, in their order."""
    return {slug: _read(slug) for slug in ORDER}


def _read(slug: str) -> Chapter:
    text = (FOLDER / f"{slug}.md").read_text(encoding="utf-8")
    title, about, *_ = text.split("\n\n")
    return Chapter(slug, title.removeprefix("# ").strip(), " ".join(about.split()), text)


@cache
def html_of(chapter: Chapter, *, base_url: str) -> str:
    """The chapter as HTML, with an anchor on each heading. Its own HTML, had it any, would be text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text_of(chapter, base_url=base_url))
    for opening, content in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag != "h1":
            opening.attrSet("id", slug_of(content.content))
    html: str = parser.renderer.render(tokens, parser.options, {})
    # What is wider than a phone scrolls, and what scrolls can be reached by the keyboard.
    return html.replace("<pre>", '<pre tabindex="0">').replace("<table>", '<table tabindex="0">')


def text_of(chapter: Chapter, *, base_url: str) -> str:
    """The chapter's Markdown, with the address that its reader is at."""
    return chapter.text.replace(WRITTEN_URL, base_url)


def slug_of(text: str) -> str:
    """What a heading is called in an address."""
    return _NOT_IN_A_SLUG.sub("-", text.lower()).strip("-")
