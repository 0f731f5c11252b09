// What pages do beyond HTML: forms sent once, copying, and a job followed while it runs.
"use strict";

const page = document.documentElement;
page.classList.add("script");

// A second click before the answer must not send a second form. The fields themselves would be left out if
// they were disabled, so only buttons are, and only once the form is on its way.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const buttons = event.target.querySelectorAll("button");
  setTimeout(() => buttons.forEach((button) => { button.disabled = true; }));
});

// A page that comes back from the browser's memory can be sent again.
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("button[disabled]").forEach((button) => { button.disabled = false; });
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const said = button.textContent;
  try {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed by the browser";
  }
  setTimeout(() => { button.textContent = said; }, 2000);
});

// ---- a job, followed by its stream --------------------------------------------------------------------------

const FALLBACK_MS = 3000;
const OVER = new Set(["completed", "failed", "cancelled"]);

class Following {
  constructor(card) {
    this.card = card;
    this.seen = false;
    this.open(card.dataset.stream);
  }

  open(address) {
    this.source = new EventSource(address);
    for (const status of ["queued", "processing", ...OVER]) {
      this.source.addEventListener(status, (event) => this.show(status, JSON.parse(event.data)));
    }
    // The browser reconnects by itself unless the answer was an error: the token's minute is over.
    this.source.addEventListener("error", () => {
      if (this.source.readyState === EventSource.CLOSED) setTimeout(() => this.renew(), FALLBACK_MS);
    });
  }

  show(status, job) {
    if (!this.card.isConnected) return this.source.close();
    const percent = job.meta.progress_percent;
    const bar = this.card.querySelector("progress");
    if (bar) { bar.value = percent; bar.textContent = `${percent} %`; }
    const line = this.card.querySelector("[data-state]");
    if (line) line.textContent = status === "queued" ? "Waiting for its turn" : `Working: ${percent} %`;
    if (OVER.has(status)) { this.source.close(); this.renew(); }
  }

  // The card as the server knows it: with the result, or with a token for another minute.
  renew() {
    if (this.card.isConnected) htmx.ajax("GET", this.card.dataset.card, { target: this.card, swap: "outerHTML" });
  }
}

const follow = (root) => {
  const cards = root.matches?.("[data-stream]") ? [root] : root.querySelectorAll("[data-stream]");
  for (const card of cards) {
    if (!card.following) card.following = new Following(card);
  }
};
follow(document);
document.addEventListener("htmx:load", (event) => follow(event.detail.elt));
