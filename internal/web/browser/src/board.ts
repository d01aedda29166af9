import { say } from "./say";
import { hush, toast } from "./toast";

// Dragging on a company's board: a card that is dropped on a column whose step it can
// take opens the page that says what the step does. Nothing moves before that; where it
// cannot go, the page says so.
export function board(piece: Element): void {
  for (const card of piece.querySelectorAll<HTMLElement>("[data-board] [data-card]")) {
    card.draggable = true;
    if (cared.has(card)) continue;
    cared.add(card);
    card.addEventListener("dragstart", (e) => {
      e.dataTransfer?.setData("text/plain", card.dataset["card"] ?? "");
      mark(card, true);
    });
    card.addEventListener("dragend", () => mark(card, false));
  }
  for (const column of piece.querySelectorAll<HTMLElement>("[data-board] [data-to]")) {
    if (cared.has(column)) continue;
    cared.add(column);
    column.addEventListener("dragover", (e) => {
      if (dragged && !column.contains(dragged)) e.preventDefault();
    });
    column.addEventListener("drop", (e) => {
      const id = e.dataTransfer?.getData("text/plain");
      if (!id || !dragged || column.contains(dragged)) return;
      e.preventDefault();
      if (!column.classList.contains("takes")) return refuse(column);
      location.assign(`/company/pipeline/${encodeURIComponent(id)}?to=${encodeURIComponent(column.dataset["to"] ?? "")}`);
    });
  }
}

// dragged is the card that is on its way.
let dragged: HTMLElement | undefined;

// refuse says why a card was not taken.
function refuse(column: HTMLElement): void {
  const name = column.querySelector("h2 a")?.textContent?.trim() ?? "";
  toast(
    "board",
    say(
      `「${name}」には、この段階からは進められません。進められる列は、ドラッグ中に枠で示されます。`,
      `It cannot go to “${name}” from where it stands. Columns that take it are framed while you drag.`,
    ),
  );
}

// mark shows which columns take a card.
function mark(card: HTMLElement, on: boolean): void {
  dragged = on ? card : undefined;
  if (on) hush("board");
  const steps = (card.dataset["steps"] ?? "").split(" ");
  card.closest("[data-board]")?.querySelectorAll<HTMLElement>("[data-to]").forEach((column) => {
    const to = column.dataset["to"];
    column.classList.toggle("takes", on && !!to && steps.includes(to));
  });
}

// A board that is brought up to date keeps its elements, and what they listen for.
const cared = new WeakSet<Element>();
