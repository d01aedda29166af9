// Pages whose answers follow a form are brought up to date in place: what has the focus
// keeps it, and what is being typed stays.
import htmx from "htmx.org";
import { Idiomorph } from "idiomorph";

const callbacks = {
  // A combobox has made itself out of what the server sends, and stays as it is.
  beforeNodeMorphed: (old: Node): boolean => !(old instanceof HTMLElement && old.dataset.ready !== undefined),
  // The reader folds and unfolds what they like.
  beforeAttributeUpdated: (name: string, node: Element): boolean => !(name === "open" && node instanceof HTMLDetailsElement),
};

htmx.defineExtension("morph", {
  isInlineSwap: (style: string): boolean => style === "morph",
  handleSwap: (style: string, target: Node, fragment: Node): Node[] | boolean => {
    if (style !== "morph" || !(target instanceof Element) || !(fragment instanceof DocumentFragment)) return false;
    const kept = Idiomorph.morph(target, fragment.children, { morphStyle: "outerHTML", ignoreActiveValue: true, callbacks });
    emptied(document.body);
    return kept ?? true;
  },
} as Partial<import("htmx.org").HtmxExtension>);

// emptied empties the fields for one more entry whose entry was taken into the form.
function emptied(page: Element): void {
  page.querySelectorAll<HTMLElement>("[data-another] [data-combobox]").forEach((field) => {
    const code = field.querySelector<HTMLInputElement>("[data-code]");
    const text = field.querySelector<HTMLInputElement>("input[type=text]");
    if (code && text && code.value !== "") code.value = text.value = "";
  });
}
