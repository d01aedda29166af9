// Lists that keys move through: j to the next, k to the one before, x to choose it. The
// link of each has the focus, so that Enter opens it.

// keys listens for every list of the document, also for one that comes later.
export function keys(): void {
  document.addEventListener("keydown", onKey);
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const target = event.target as HTMLElement;
  if (target.matches("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]")) return;
  const list = document.querySelector("[data-keys]");
  if (!list) return;
  const items = [...list.children];
  const at = items.findIndex((item) => item.contains(document.activeElement));
  if (event.key === "j" || event.key === "k") {
    event.preventDefault();
    const next = items[event.key === "j" ? Math.min(at + 1, items.length - 1) : Math.max(at - 1, 0)];
    next?.querySelector<HTMLElement>("h2 a")?.focus();
    next?.scrollIntoView({ block: "nearest" });
  } else if (event.key === "x" && at >= 0) {
    items[at]?.querySelector<HTMLInputElement>("input[type=checkbox]")?.click();
  }
}
