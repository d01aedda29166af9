// The only script of the pages. Everything that it adds is beside what works without it.
import htmx from "htmx.org";
import { board } from "./board";
import { comboboxes } from "./combobox";
import { keys } from "./keys";
import "./morph";
import { live } from "./live";
import { drafts, follow, guards } from "./draft";
import { printing } from "./print";
import { sending } from "./send";
import { steady } from "./steady";

// Pieces of pages that htmx brings, and pages that it shows in place, may hold what a
// module below takes care of: each is told of every piece once. Drafts come first: the
// others begin with what was typed.
const modules: ((piece: Element) => void)[] = [
  drafts,
  board,
  comboboxes,
];

htmx.onLoad((piece) => {
  if (piece instanceof Element) modules.forEach((care) => care(piece));
});

// A search that a newer one overtakes is given up, which is no error; htmx has no switch
// for not calling it one. A line that breaks says so by htmx:sendError as well.
const overtaken = new Set<unknown>(["htmx:sendAbort", "htmx:afterRequest"]);
const complain = console.error.bind(console);
console.error = (...what: unknown[]) => overtaken.has(what[0]) || complain(...what);

keys(); // before the page is shown: its first key counts
sending();
guards();
follow();
steady();
printing();
live();
