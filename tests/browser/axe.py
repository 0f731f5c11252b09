"""What axe-core finds wrong with a page for people who cannot see or point well."""

from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

SOURCE: Final = Path(__file__).resolve().parents[2] / ".corent" / "browser" / "axe.js"
SERIOUS: Final = frozenset({"serious", "critical"})


def serious_findings(page: Page) -> list[str]:
    """The rules that the page breaks seriously, with the places; put into the page as a debugger does."""
    page.evaluate(SOURCE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{violation['id']}: {', '.join(str(node['target'][0]) for node in violation['nodes'])}"
        for violation in found["violations"]
        if violation["impact"] in SERIOUS
    ]
