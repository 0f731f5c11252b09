"""The pages a person sees: pay, what became of it, a receipt. Plain HTML and one stylesheet, no script."""

from collections.abc import Iterable
from html import escape
from typing import Final

from local.stripe_stand_in.store import Record

SIGNS: Final = {"usd": "$", "eur": "€", "gbp": "£"}
WITHOUT_CENTS: Final = frozenset({"jpy"})

STYLE: Final = """
:root { color-scheme: light dark;
  --page: #f3f4f8; --card: #fff; --text: #1b1f2a; --soft: #5d6474; --line: #dfe2ea;
  --main: #4b3fd6; --main-text: #fff; --warn: #8a5300; --warn-page: #fff5df; }
@media (prefers-color-scheme: dark) { :root {
  --page: #14161d; --card: #1d2029; --text: #eef0f6; --soft: #a2a9b9; --line: #333846;
  --main: #8d83ff; --main-text: #14161d; --warn: #ffd58a; --warn-page: #33290f; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px 16px;
  background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 26rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 16px; padding: 28px; box-shadow: 0 12px 40px rgb(20 24 40 / 8%); overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 2.4rem; line-height: 1.15; font-variant-numeric: tabular-nums; }
h1.words { font-size: 1.5rem; }
p { margin: 8px 0 0; color: var(--soft); }
.note { margin: 0 0 20px; padding: 10px 12px; border-radius: 10px; font-size: .875rem;
  background: var(--warn-page); color: var(--warn); }
.said { margin-top: 20px; padding: 10px 12px; border-radius: 10px; border: 1px solid currentcolor;
  color: var(--warn); }
dl { margin: 20px 0; padding: 14px 0; border-block: 1px solid var(--line); display: grid; gap: 8px; }
dl div { display: flex; justify-content: space-between; gap: 16px; }
dt { color: var(--soft); }
dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
form { display: grid; gap: 10px; margin-top: 20px; }
button { font: inherit; padding: 11px 16px; border-radius: 10px; border: 1px solid var(--line);
  background: transparent; color: var(--text); cursor: pointer; }
button.main { padding: 15px 16px; font-size: 1.125rem; font-weight: 650; border-color: var(--main);
  background: var(--main); color: var(--main-text); }
button:hover { filter: brightness(1.08); border-color: var(--soft); }
button:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
small { display: block; margin-top: 20px; color: var(--soft); font-size: .8125rem; }
"""


def money(amount: int, currency: str) -> str:
    """Return an amount as a person writes it: $10.00."""
    number = f"{amount:,}" if currency in WITHOUT_CENTS else f"{amount // 100:,}.{amount % 100:02}"
    sign = SIGNS.get(currency)
    return f"{sign}{number}" if sign else f"{number} {currency.upper()}"


def pay(session: Record, lines: Iterable[Record], *, declined: bool) -> str:
    """Return the page of an open session: one form, whose default button pays."""
    total = money(session["amount_total"], session["currency"])
    rows = "".join(
        _row(_of(line["quantity"], line["description"]), money(line["amount_total"], line["currency"]))
        for line in lines
    )
    leave = _button("leave", "Leave without paying") if session["cancel_url"] else ""
    said = '<p class="said" role="alert">The card was declined. Nothing was paid.</p>' if declined else ""
    return _page(
        f"Pay {total}",
        f"""<h1>{escape(total)}</h1>
<dl>{rows}{_row("Total", total)}</dl>{said}
<form method="post" action="/c/pay/{escape(session["id"])}">
<button class="main" name="action" value="pay">Pay {escape(total)}</button>
{_button("fail", "Card is declined")}
{_button("pay_later", "Pay by bank (settles later)")}
{leave}
</form>""",
    )


def settling(session: Record) -> str:
    """Return the page of a bank payment that is still to settle."""
    total = money(session["amount_total"], session["currency"])
    return _page(
        "Waiting for the bank",
        f"""<h1 class="words">Waiting for the bank</h1>
<p>The payment of {escape(total)} by bank has not settled yet.</p>
<form method="post" action="/c/pay/{escape(session["id"])}">
<button class="main" name="action" value="settle">The bank pays</button>
{_button("settle_fail", "The bank refuses")}
</form>""",
    )


def told(title: str, sentence: str) -> str:
    """Return a page that says one thing."""
    return _page(title, f'<h1 class="words">{escape(title)}</h1><p>{escape(sentence)}</p>')


def receipt(charge: Record) -> str:
    """Return the receipt of a charge."""
    currency = charge["currency"]
    rows = [_row("Status", charge["status"]), _row("Amount", money(charge["amount"], currency))]
    if charge["amount_refunded"]:
        rows.append(_row("Refunded", money(charge["amount_refunded"], currency)))
    rows.append(_row("Charge", charge["id"]))
    return _page("Receipt", f'<h1 class="words">Receipt</h1><dl>{"".join(rows)}</dl>')


def _of(quantity: int, name: str) -> str:
    return name if quantity == 1 else f"{quantity} x {name}"


def _row(name: str, value: str) -> str:
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"


def _button(action: str, label: str) -> str:
    return f'<button name="action" value="{action}">{escape(label)}</button>'


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} | Stripe stand-in</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/stand-in.css">
</head>
<body>
<main>
<p class="note"><strong>This is a stand-in for Stripe.</strong> No money moves here.</p>
{body}
<small>Served by the local stack of Corent</small>
</main>
</body>
</html>
"""
