// The only script of the pages. Everything that it adds is beside what works without it.
import htmx from "htmx.org";
import { board } from "./board";
import { comboboxes } from "./combobox";
import { keys } from "./keys";
import "./morph";
import { live } from "./live";
import { drafts } from "./draft";
import { printing } from "./print";
import { sending } from "./send";

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

keys(); // before the page is shown: its first key counts
sending();
printing();
live();
