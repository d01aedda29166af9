// Tables beside charts are folded on screens. Paper cannot be unfolded, so they are open
// while a page is printed, and folded again after it.
export function printing(): void {
  const opened = new Set<HTMLDetailsElement>();
  addEventListener("beforeprint", () => {
    document.querySelectorAll<HTMLDetailsElement>("figure details:not([open])").forEach((fold) => {
      fold.open = true;
      opened.add(fold);
    });
  });
  addEventListener("afterprint", () => {
    opened.forEach((fold) => (fold.open = false));
    opened.clear();
  });
}
