"""The handbook: every address, every link, and every fact that the code knows as well."""

import gzip
import inspect
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from corent.accounts.limiter import RateClass, rate_limits
from corent.adapters.dynamo.webhooks import SLOTS_PER_WALLET
from corent.adapters.safe_post import TIMEOUT_S as ANSWER_S
from corent.core import errors
from corent.core.idempotency import KEPT_S
from corent.core.pictures import PIXELS_MAX
from corent.core.tiers import Kind
from corent.edge.bodies.account import DEPOSIT_CENTS_MAX, DEPOSIT_CENTS_MIN
from corent.edge.bodies.orders import SEED_MAX
from corent.edge.http import BODY_BYTES_MAX
from corent.edge.idempotency import KEY_LENGTH_MAX
from corent.edge.routes import PUBLIC_ROUTES
from corent.jobs.batch import BATCH_JOBS_MAX, CONCURRENCY
from corent.jobs.job import IMAGE_DEADLINE_MS, VIDEO_DEADLINE_MS, JobFailure
from corent.ledger.ledger import OPEN_BATCHES_MAX, OPEN_JOBS_MAX
from corent.providers.catalog import tiers
from corent.routing.decide import ATTEMPTS_MAX
from corent.usecases.authenticate import FAILURES_PER_MINUTE_MAX
from corent.usecases.input_images import INPUT_LIMITS
from corent.usecases.make_deposit import DEPOSITS
from corent.usecases.quote_tokens import QUOTE_LASTS_MS
from corent.usecases.read_account import WINDOW_DAYS_MAX
from corent.usecases.stream_job import BEAT_EVERY_S, STREAM_S
from corent.usecases.stream_tokens import TOKEN_LASTS_S
from corent.usecases.wallets import TEST_BALANCE_MICROS
from corent.webhooks.schedule import BACK_OFF_S, RETRY_AFTER_MAX_S, TRIES_MAX
from corent_pages.assets import asset_text
from corent_pages.contract import contract
from handbook.chapters import FOLDER, ORDER, WRITTEN_URL, chapters
from tests.answers import problems_of
from tests.forbidden_words import find_forbidden
from tests.functions.conftest import Answer, Cloud

# Where the handbook is read, which is not the address that stands in its files.
HERE = "https://here.example"
WEIGHT_BYTES_MAX = 150 * 1024
REFERENCE = "/docs/api"
PAGES = ("/docs", *(f"/docs/{slug}" for slug in ORDER[1:]), REFERENCE)
# Whom the prose may send a reader to, outside of Corent.
ABROAD = frozenset({"https://www.standardwebhooks.com"})
# What speaks of other companies' formats by design.
OF_OTHER_FORMATS = frozenset({"agents"})
# Errors that no caller of the API can meet: of pages, operators, callbacks and the card processor's events.
NOT_OF_CALLERS = frozenset(
    {
        *("invalid_event", "sign_in_refused", "session_ended", "foreign_form", "unanswered"),
        *("invalid_signature", "conflicting_correction"),
    }
)


class Seen(HTMLParser):
    """A page's links, anchors, and what it loads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.loaded: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "a":
            self.links.append(named.get("href") or "")
        if named.get("id"):
            self.anchors.append(str(named["id"]))
        for name in ("src", "href"):
            if tag != "a" and named.get(name):
                self.loaded.append(str(named[name]))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handbook.answers.base_url", lambda: HERE)


def get(cloud: Cloud, path: str) -> Answer:
    return cloud.call("docs", "GET", path)


@pytest.fixture
def pages(cloud: Cloud) -> dict[str, Seen]:
    return {path: Seen(get(cloud, path).text) for path in PAGES}


def text_of(slug: str) -> str:
    return (FOLDER / f"{slug}.md").read_text(encoding="utf-8")


def rows_of(slug: str) -> Iterator[list[str]]:
    """The cells of every row of every table of a chapter."""
    for line in text_of(slug).splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").replace("\\|", "¦").split("|")]


# ---- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ORDER)
def test_a_chapter_is_a_page_and_the_same_as_markdown(cloud: Cloud, slug: str) -> None:
    page = get(cloud, chapters()[slug].path)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert f"<h1>{chapters()[slug].title}</h1>" in page.text.replace("&amp;", "&")
    plain = get(cloud, f"/docs/{slug}.md")
    assert (plain.status, plain.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert plain.text == text_of(slug).replace(WRITTEN_URL, HERE)


def test_every_file_of_the_folder_is_a_chapter_in_the_list() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.md")) == sorted(ORDER)


@pytest.mark.parametrize("slug", ORDER)
def test_a_chapter_begins_with_its_title_and_a_paragraph_that_says_what_it_is_about(slug: str) -> None:
    chapter = chapters()[slug]
    assert text_of(slug).startswith(f"# {chapter.title}\n\n")
    assert 60 < len(chapter.about) < 400
    assert chapter.about.endswith(".")


def test_the_first_chapter_is_at_the_handbooks_own_address_and_at_its_name(cloud: Cloud) -> None:
    assert get(cloud, "/docs/").text == get(cloud, "/docs").text
    assert "<h1>Quickstart</h1>" in get(cloud, "/docs/quickstart").text


@pytest.mark.parametrize(
    "path",
    [
        *("/docs/nothing", "/docs/nothing.md", "/docs/quickstart.html", "/docs/quickstart/more"),
        *("/docs/../app.py", "/docs/%2e%2e/app.py", "/docs/..%2Fapp.py", "/docs/content/quickstart.md"),
        *("/docs/quickstart.md.md", "/docs/.md", "/docs/api.md", "/docs/__init__.py", "/docs/a\x00b"),
        *("/docs/<script>alert(1)</script>", "/docs/{{7*7}}", "/docs/\u202egnp", "/docs/" + "a" * 4_000),
    ],
)
def test_another_address_is_a_page_that_says_so_and_repeats_nothing(cloud: Cloud, path: str) -> None:
    answer = get(cloud, path)
    assert answer.status == 404
    assert "There is no such chapter" in answer.text
    for hostile in ("<script>alert", "49", "\u202e", "aaaa", "\x00"):
        assert hostile not in answer.text
    assert cloud.sent == []


@pytest.mark.parametrize("path", [*PAGES, "/docs/errors.md", "/llms.txt", "/docs/nothing"])
def test_every_answer_is_bound_to_this_host_and_may_be_kept_for_minutes(cloud: Cloud, path: str) -> None:
    headers = get(cloud, path).headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == (
        "'none'",
        "'self'",
        "'self'",
    )
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert not any("unsafe" in rule for rule in policy.values())
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "public, max-age=300"
    assert headers["X-Request-Id"].startswith("req_")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_light_and_loads_only_our_own(cloud: Cloud, path: str) -> None:
    page = get(cloud, path)
    seen = Seen(page.text)
    assert all(address.startswith("/assets/") for address in seen.loaded)
    assert "<style" not in page.text
    assert re.search(r"<script(?![^>]*src=)", page.text) is None
    names = {re.sub(r"/assets/(\w+)\.[0-9a-f]+(\.\w+)", r"\1\2", address) for address in seen.loaded}
    weight = sum(len(gzip.compress(asset_text(name).encode())) for name in names if name != "mark.svg")
    weight += len(gzip.compress(page.text.encode()))
    assert 1_000 < weight < WEIGHT_BYTES_MAX


# ---- links -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_every_link_leads_somewhere(cloud: Cloud, pages: dict[str, Seen], path: str) -> None:
    pages["/docs/quickstart"] = pages["/docs"]
    dead = []
    for link in pages[path].links:
        address, _, anchor = link.partition("#")
        target = address or path
        if link.startswith("http"):
            is_alive = link in ABROAD
        elif target in pages:
            is_alive = not anchor or anchor in pages[target].anchors
        elif target.endswith(".md") or target == "/llms.txt":
            is_alive = get(cloud, target).status == 200
        else:
            is_alive = not anchor and is_a_route(target)
        if not is_alive:
            dead.append(link)
    assert dead == []


def is_a_route(path: str) -> bool:
    """Whether a link may lead there: a page or a document that needs no key."""
    routes = {resource for method, resource in PUBLIC_ROUTES if method == "GET"}
    return (
        path in routes
        or (path.startswith("/dashboard/") and path.removeprefix("/dashboard/") in ("keys", "billing"))
        or (
            path.startswith("/v1/tools/")
            and path.removeprefix("/v1/tools/") in ("claude", "openai", "langchain")
        )
    )


@pytest.mark.parametrize("path", PAGES)
def test_no_anchor_is_there_twice(pages: dict[str, Seen], path: str) -> None:
    anchors = pages[path].anchors
    assert sorted(set(anchors)) == sorted(anchors)


def test_llms_txt_lists_every_chapter_and_each_of_its_links_is_there(cloud: Cloud) -> None:
    answer = get(cloud, "/llms.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("# Corent\n\n> ")
    listed = re.findall(r"\]\(([^)]+)\)", answer.text)
    assert [link for link in listed if link.endswith(".md")] == [f"{HERE}/docs/{slug}.md" for slug in ORDER]
    for link in listed:
        path = link.removeprefix(HERE)
        assert path.startswith("/")
        assert (
            get(cloud, path).status == 200 if path.endswith(".md") else is_a_route(path) or path == REFERENCE
        )
    for chapter in chapters().values():
        assert chapter.about in answer.text


# ---- the reference ---------------------------------------------------------------------------------


def operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", described)
        for path, item in contract()["paths"].items()
        for method, described in item.items()
    ]


def recorded() -> dict[str, dict[str, Any]]:
    text = (FOLDER.parent / "samples.json").read_text(encoding="utf-8")
    samples: dict[str, dict[str, Any]] = json.loads(text)
    return samples


def test_every_operation_is_in_the_reference_with_its_fields_and_a_sample(cloud: Cloud) -> None:
    page = get(cloud, REFERENCE)
    words = "".join(Seen(page.text).words)
    assert sorted(recorded()) == sorted(name for name, _ in operations())
    for name, described in operations():
        method, path = name.split(" ")
        anchor = f"{method.lower()}{re.sub('[{}]', '', path.replace('/', '-'))}"
        assert f'id="{anchor}"' in page.text
        assert described["summary"] in words
        for parameter in described.get("parameters", []):
            assert f"<code>{parameter['name']}</code>" in page.text
        sample = recorded()[name]
        assert sample["request"].replace(WRITTEN_URL, HERE) in words
        assert f"Answer {sample['status']}" in words


def test_the_samples_of_the_reference_hold_nothing_secret_and_nothing_of_a_machine() -> None:
    text = json.dumps(recorded(), ensure_ascii=False)
    assert re.findall(r"co_(?:live|test)_\w{5,}|whsec_\w+|sk_\w+", text) == []
    assert re.findall(r"127\.0\.0\.1|localhost|/tmp/|/home/|/work/", text) == []
    assert set(re.findall(r"https?://[^/\"\\ ]+", text)) <= {
        WRITTEN_URL,
        "https://example.com",
        "https://checkout.stripe.com",
    }


@pytest.mark.parametrize(("name", "sample"), recorded().items(), ids=list(recorded()))
def test_a_sample_of_the_reference_is_what_the_contract_says(name: str, sample: dict[str, Any]) -> None:
    method, path = name.split(" ")
    assert str(sample["status"]) in contract()["paths"][path][method.lower()]["responses"]
    if not sample["answer"].startswith("event:"):
        assert problems_of(json.loads(sample["answer"]), name, contract()) == []


# ---- facts -----------------------------------------------------------------------------------------


def caller_errors() -> dict[str, int]:
    """Every code with its status that an answer to a caller of the API can carry."""
    found: dict[str, int] = {}
    for _, error in inspect.getmembers(errors, inspect.isclass):
        code, status = vars(error).get("code"), getattr(error, "status", None)
        if issubclass(error, errors.CorentError) and isinstance(code, str) and isinstance(status, int):
            found[code] = status
    return {code: status for code, status in found.items() if code not in NOT_OF_CALLERS}


def test_every_error_that_a_caller_can_meet_is_in_its_chapter_with_its_status_and_what_to_do() -> None:
    listed = {
        cells[1].strip("`"): cells for cells in rows_of("errors") if len(cells) == 4 and cells[0].isdecimal()
    }
    known = caller_errors()
    assert len(known) > 20
    # Only inside a job: the prose below the tables says so.
    del known["deadline_exceeded"]
    assert {code: int(listed[code][0]) for code in known if code in listed} == known
    of_fields = {"invalid_<field>", "missing_field", "unknown_field", "invalid_body"}
    assert set(listed) == {*known, *of_fields}
    assert all(cells[2] and cells[3] for cells in listed.values())
    inside = text_of("errors").partition("## Inside a job")[2]
    assert all(f"`{failure.value}`" in inside for failure in JobFailure)


def test_no_chapter_names_a_code_that_does_not_exist() -> None:
    known = {*caller_errors(), "missing_field", "unknown_field"}
    for slug in ORDER:
        for status, code in re.findall(r"`(4\d\d|5\d\d) ([a-z_]+)`", text_of(slug)):
            assert code in known or code.startswith("invalid_"), f"{slug}: {code}"
            if code in caller_errors():
                assert caller_errors()[code] == int(status), f"{slug}: {code}"


def test_every_tier_stands_in_the_models_chapter_at_its_price() -> None:
    listed = {
        cells[1].strip("`"): cells
        for cells in rows_of("models")
        if len(cells) > 2 and cells[1].startswith("`corent-")
    }
    assert sorted(listed) == sorted(tier.name for tier in tiers())
    for tier in tiers():
        cells = listed[tier.name]
        assert cells[0] == f"`{tier.preference.value}`"
        assert cells[2] == f"{tier.price_micros / 10_000:g} ¢"
        if tier.kind is Kind.VIDEO:
            assert cells[3] == f"{-(-tier.price_micros * 5 // 10_000)} ¢"


def whole(number: float) -> str:
    return f"{number:,.0f}"


def test_every_limit_is_the_codes_own() -> None:
    generate, read = (rate_limits(1)[each] for each in (RateClass.GENERATE, RateClass.READ))
    known = {
        "Generations a key": f"{generate.per_minute} a minute, {generate.burst} at once",
        "Other requests a key": f"{read.per_minute} a minute, {read.burst} at once",
        "Failed authentications an address": f"{FAILURES_PER_MINUTE_MAX} a minute",
        "Deposits an account": f"{DEPOSITS.most} an hour",
        "Open jobs": whole(OPEN_JOBS_MAX),
        "Batches in work": whole(OPEN_BATCHES_MAX),
        "Jobs of one batch": whole(BATCH_JOBS_MAX),
        "Jobs of a batch worked on at a time": whole(CONCURRENCY),
        "Body": f"{BODY_BYTES_MAX // 2**20} MiB",
        "`seed`": whole(SEED_MAX),
        "`image_url`": (
            f"2,048 characters, {INPUT_LIMITS.bytes_max // 2**20} MiB, {PIXELS_MAX // 1_000_000} megapixels, "
            f"fetched within {whole(INPUT_LIMITS.timeout_s)} seconds without redirects"
        ),
        "`Idempotency-Key`": f"{KEY_LENGTH_MAX} characters, kept for {KEPT_S // 3600} hours",
        "Span of `from` and `to`": f"{WINDOW_DAYS_MAX} days",
        "A deposit": f"{whole(DEPOSIT_CENTS_MIN)} to {whole(DEPOSIT_CENTS_MAX)} ¢",
        "Test balance": f"{whole(TEST_BALANCE_MICROS / 10_000)} ¢, filled up once a day",
        "An image": f"{IMAGE_DEADLINE_MS // 1000} seconds",
        "A video": f"{VIDEO_DEADLINE_MS // 1000} seconds",
        "Attempts of a job": whole(ATTEMPTS_MAX),
        "A quote": f"{QUOTE_LASTS_MS // 60_000} minutes",
        "A stream token": f"{TOKEN_LASTS_S} seconds",
        "A stream": f"{whole(STREAM_S / 60)} minutes, then it is resumed",
        "Silence on a stream": f"{whole(BEAT_EVERY_S)} seconds",
        "Tries of a webhook": whole(TRIES_MAX),
        "Answer to a webhook": f"{whole(ANSWER_S)} seconds",
        "`Retry-After` of a webhook's receiver": f"{whole(RETRY_AFTER_MAX_S)} seconds",
        "Webhooks sent to one account at a time": whole(SLOTS_PER_WALLET),
    }
    written = {cells[0]: cells[1] for cells in rows_of("limits") if len(cells) == 2}
    assert {name: written.get(name) for name in known} == known


@pytest.mark.parametrize(
    ("row", "schema", "name", "number"),
    [
        ("`prompt`", "ImageBody", "prompt", "{maxLength:,} characters"),
        ("`negative_prompt`", "ImageBody", "negative_prompt", "{maxLength:,} characters"),
        ("`n`", "ImageBody", "n", "{maximum:.0f} images"),
        ("`duration_s`", "VideoBody", "duration_s", "{maximum:.0f} seconds"),
        ("`wait_s`", "ImageBody", "wait_s", "{maximum:.0f} seconds"),
        ("`webhook_url`", "ImageBody", "webhook_url", "{maxLength:,} characters"),
        ("`webhook_secret`", "ImageBody", "webhook_secret", "{minLength} to {maxLength} characters"),
        ("`max_cost_cents`, `limit_cents`", "ImageBody", "max_cost_cents", "{maximum:,.0f} ¢"),
        ("`label` of a key", "KeyBody", "label", "{maxLength} characters"),
        (
            "`threshold_cents` of a top-up",
            "TopUpBody",
            "threshold_cents",
            "{minimum:.0f} to {maximum:,.0f} ¢",
        ),
    ],
)
def test_every_limit_of_a_field_is_the_contracts_own(row: str, schema: str, name: str, number: str) -> None:
    described = contract()["components"]["schemas"][schema]["properties"][name]
    (rules,) = [each for each in described.get("anyOf", [described]) if each.get("type") != "null"]
    if "$ref" in rules:
        rules = contract()["components"]["schemas"][rules["$ref"].rsplit("/", 1)[-1]]
    written = {cells[0]: cells[1] for cells in rows_of("limits") if len(cells) == 2}
    assert written[row] == number.format(**rules)


@pytest.mark.parametrize(("slug", "schema"), [("images", "ImageBody"), ("videos", "VideoBody")])
def test_every_field_of_an_order_is_in_its_chapter(slug: str, schema: str) -> None:
    listed = {
        name for cells in rows_of(slug) if len(cells) == 3 for name in re.findall(r"`([a-z_]+)`", cells[0])
    }
    assert listed == set(contract()["components"]["schemas"][schema]["properties"])


def test_the_webhooks_chapter_tells_the_pauses_as_they_are() -> None:
    first, second, third = (whole(pause_s) for pause_s in BACK_OFF_S)
    assert f"about {first}, {second} and {third} seconds" in text_of("webhooks")


# ---- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [*PAGES, *(f"/docs/{slug}.md" for slug in ORDER), "/docs/nothing", "/llms.txt"]
)
def test_no_page_names_a_provider(cloud: Cloud, path: str) -> None:
    slug = path.rsplit("/", 1)[-1].removesuffix(".md")
    found = set(find_forbidden(get(cloud, path).text))
    if slug in OF_OTHER_FORMATS or path in (REFERENCE, "/llms.txt"):
        # The formats, not who makes images: OpenAI's client and its name in addresses.
        found -= {"openai"}
    assert found == set()


@pytest.mark.parametrize("slug", ORDER)
def test_a_chapter_sends_its_samples_to_the_readers_own_address(cloud: Cloud, slug: str) -> None:
    assert WRITTEN_URL not in get(cloud, f"/docs/{slug}").text
    assert HERE in get(cloud, f"/docs/{slug}").text or WRITTEN_URL not in text_of(slug)
