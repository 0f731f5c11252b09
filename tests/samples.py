"""The samples of the handbook and of the README: fenced blocks, with what stands in their info strings.

```bash                          runs by itself, with a test key
```bash live                     runs with a live key that has every scope
```bash live paid                runs after a deposit that saved a card was paid
```bash continues                runs after the block of the same language before it, in one shell
```bash error=job_cancelled      is answered with that error, and with no other
```python receiver               is a server: it gets webhooks, genuine ones and others
```python with=openai            runs where that package is
```javascript browser            runs in a page of the API's own address, with `jobId` and `token`
```json answer=GET /v1/status    has the fields of that answer, and no others
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
CONTENT: Final = ROOT / "functions" / "docs" / "handbook" / "content"
WRITTEN_URL: Final = "https://api.corent.example"
MARKS: Final = frozenset({"live", "paid", "continues", "receiver", "browser", "mcp"})
_FENCE: Final = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED: Final = re.compile(r" (?P<name>answer|error|with)=(?P<value>.+)$")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. `before` is the code that has to run first, in the same shell."""

    source: str
    number: int
    language: str
    marks: frozenset[str]
    named: dict[str, str]
    code: str
    before: str = ""

    @property
    def id(self) -> str:
        return f"{self.source}-{self.number}-{self.language}"


def blocks_of(path: Path) -> list[Block]:
    """Every fenced block of a file, in order. Raises ValueError for a mark that means nothing."""
    found: list[Block] = []
    for number, fence in enumerate(_FENCE.finditer(path.read_text(encoding="utf-8")), 1):
        info, named = fence["info"], {}
        if match := _NAMED.search(info):
            named = {match["name"]: match["value"]}
            info = info[: match.start()]
        language, *marks = info.split()
        if not MARKS.issuperset(marks):
            raise ValueError(f"{path.name}: {fence['info']}")
        before = ""
        if "continues" in marks:
            last = next(block for block in reversed(found) if block.language == language)
            before = last.before + last.code
        found.append(Block(path.stem, number, language, frozenset(marks), named, fence["code"], before))
    return found


def handbook_blocks() -> list[Block]:
    """Every block of every chapter."""
    return [block for path in sorted(CONTENT.glob("*.md")) for block in blocks_of(path)]
