// A form that asks as it is filled in is brought up to date under the hands of whoever
// fills it in. What they are at goes on: a press ends on what it began on, and what is
// typed is not replaced by an answer to what stood there before.
import htmx from "htmx.org";

interface Asking {
  issueRequest: (confirmed: boolean) => void;
}

// steady listens for presses and typing in every form that asks by itself.
export function steady(): void {
  let pressed = false;
  const held = new Map<EventTarget | null, () => void>();
  document.addEventListener("pointerdown", () => (pressed = true), true);
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(
      end,
      () => {
        pressed = false;
        setTimeout(() => {
          const waiting = [...held.values()]; // the click, which is of the same press, was before
          held.clear();
          waiting.forEach((ask) => ask());
        });
      },
      true,
    );
  }
  document.addEventListener("htmx:confirm", (event) => {
    if (!pressed || !asks(event.target)) return;
    event.preventDefault();
    const { issueRequest } = (event as CustomEvent<Asking>).detail;
    held.set(event.target, () => issueRequest(true));
  });
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
    if (["checkbox", "radio"].includes(field.type) || field.closest("[data-combobox]")) return; // these stay as they are
    const form = field.form;
    if (!form || !asks(form) || !form.classList.contains("htmx-request")) return;
    htmx.trigger(form, "htmx:abort");
    const ask = (): boolean => field.dispatchEvent(new Event("change", { bubbles: true })); // also if it ends as it began
    field.addEventListener("blur", ask, { once: true });
  });
}

function asks(target: EventTarget | null): target is HTMLFormElement {
  return target instanceof HTMLFormElement && target.hasAttribute("hx-sync");
}
