// Dragging on a company's board: a card that is dropped on a column whose step it can
// take opens the page that says what the step does. Nothing moves before that.
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
      if (column.classList.contains("takes")) e.preventDefault();
    });
    column.addEventListener("drop", (e) => {
      const id = e.dataTransfer?.getData("text/plain");
      if (!id || !column.classList.contains("takes")) return;
      e.preventDefault();
      location.assign(`/company/pipeline/${encodeURIComponent(id)}?to=${encodeURIComponent(column.dataset["to"] ?? "")}`);
    });
  }
}

// mark shows which columns take a card.
function mark(card: HTMLElement, on: boolean): void {
  const steps = (card.dataset["steps"] ?? "").split(" ");
  card.closest("[data-board]")?.querySelectorAll<HTMLElement>("[data-to]").forEach((column) => {
    const to = column.dataset["to"];
    column.classList.toggle("takes", on && !!to && steps.includes(to));
  });
}

// A board that is brought up to date keeps its elements, and what they listen for.
const cared = new WeakSet<Element>();
