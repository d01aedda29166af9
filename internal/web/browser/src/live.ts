// Changes that others make arrive without a reload. The server says of what kind they
// are (GET /live); elements that show such things say so by data-live="offers rules",
// have an id, and are brought up to date from the page's own address.
import htmx from "htmx.org";
import { Idiomorph } from "idiomorph";
import { accountOf } from "./account";
import { hold } from "./hold";
import { say } from "./say";
import { toast } from "./toast";

// shown says which elements show what an event is about.
const shown: Record<string, string> = {
  offer: "offers", arrived: "offers", rule: "rules", position: "positions", company: "company", day: "day",
};

const settle = 150; // ms: news that come together are read together
const soonest = 1_000; // ms until the next try to connect, doubled up to latest
const latest = 60_000;

let source: EventSource | undefined;
let heard = "";
let wait = soonest;
let timer = 0;
const stale = new Set<string>();

// live listens while the page is looked at: a browser has few lines to one server.
export function live(): void {
  heard = document.body.dataset.heard ?? "";
  if (heard === "") return; // nobody is signed in
  document.addEventListener("visibilitychange", () => (document.hidden ? hang() : connect()));
  window.addEventListener("pagehide", hang);
  if (!document.hidden) connect();
}

function hang(): void {
  source?.close();
  source = undefined;
  window.clearTimeout(timer);
}

function connect(): void {
  hang();
  source = new EventSource(`/live?after=${heard}`);
  source.addEventListener("open", () => {
    document.body.dataset.listening = "";
    wait = soonest;
  });
  // The browser's own way to connect again stops at the first answer that is no stream.
  source.addEventListener("error", () => {
    hang();
    delete document.body.dataset.listening;
    timer = window.setTimeout(connect, wait * (0.5 + Math.random()));
    wait = Math.min(2 * wait, latest);
  });
  const told = (event: MessageEvent): void => {
    heard = event.lastEventId;
    if (event.type === "arrived") toast("arrived", say("新しいオファーが届きました。", "A new offer has arrived."));
    if (event.type === "again") Object.values(shown).forEach((name) => stale.add(name));
    else stale.add(shown[event.type] ?? "");
    window.setTimeout(() => void refresh(), settle);
  };
  [...Object.keys(shown), "again"].forEach((name) => source?.addEventListener(name, told));
}

// anchor notes where the reader is, and gives what keeps it there: a card that comes in
// above must not put another under a finger that is about to accept an offer.
function anchor(): () => void {
  const cards = [...document.querySelectorAll<HTMLElement>("[data-live] article[id]")];
  const card =
    cards.find((one) => one.matches(":hover, :focus-within")) ??
    cards.find((one) => one.getBoundingClientRect().bottom > 0 && one.getBoundingClientRect().top < window.innerHeight);
  const was = card?.getBoundingClientRect().top ?? 0;
  return () => {
    if (!card?.isConnected) return;
    const moved = card.getBoundingClientRect().top - was;
    if (moved !== 0) window.scrollBy({ top: moved, behavior: "instant" });
  };
}

// refresh reads the page again and takes over the elements that are stale.
async function refresh(): Promise<void> {
  const names = [...stale];
  stale.clear();
  const old = [...document.querySelectorAll<HTMLElement>("[data-live][id]")].filter((element) =>
    (element.dataset.live ?? "").split(" ").some((name) => names.includes(name)),
  );
  if (old.length === 0) return;
  try {
    const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (accountOf(page) !== accountOf(document)) return; // somebody else has signed in beside: nothing of theirs meets what is held here
    const keep = anchor();
    for (const element of old) {
      const fresh = page.getElementById(element.id);
      if (!fresh || !element.isConnected) continue;
      const putBack = hold(element);
      Idiomorph.morph(element, fresh, { morphStyle: "outerHTML", ignoreActiveValue: true });
      const now = document.getElementById(element.id);
      if (!now) continue;
      putBack(now);
      htmx.process(now);
      htmx.trigger(now, "htmx:load", { elt: now });
    }
    keep();
  } catch {
    names.forEach((name) => stale.add(name)); // read with the next news
  }
}
