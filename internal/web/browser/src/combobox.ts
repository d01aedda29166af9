// A codeField becomes a combobox with a list (WAI-ARIA authoring practices, editable
// combobox with list autocomplete): as one types, the server proposes what is meant.

let fields = 0;

export function comboboxes(piece: Element): void {
  piece.querySelectorAll<HTMLElement>("[data-combobox]").forEach((field) => {
    if (field.dataset.ready === undefined) combobox(field);
  });
}

function combobox(field: HTMLElement): void {
  const input = field.querySelector<HTMLInputElement>("input[type=text]");
  const code = field.querySelector<HTMLInputElement>("[data-code]");
  if (!input || !code) return;
  field.dataset.ready = "";
  field.querySelectorAll(".plain").forEach((element) => element.remove());
  const id = `list-${++fields}`;
  const list = document.createElement("ul");
  Object.assign(list, { id, className: "options", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.querySelector("label")?.textContent ?? "");
  const told = document.createElement("span");
  told.className = "unseen";
  told.setAttribute("role", "status");
  field.append(list, told);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id })) {
    input.setAttribute(name, value);
  }

  let chosen = input.value; // the text that the code stands for
  let asked: AbortController | undefined;
  let wait = 0;

  const options = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>("[role=option]")];
  const active = (): HTMLElement | undefined => options().find((option) => option.getAttribute("aria-selected") === "true");
  const mark = (option?: HTMLElement): void => {
    active()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  };
  const show = (visible: boolean): void => {
    list.hidden = !visible;
    input.setAttribute("aria-expanded", String(visible));
    if (!visible) mark();
  };
  const choose = (option: HTMLElement): void => {
    input.value = chosen = option.dataset.text ?? "";
    code.value = option.dataset.value ?? "";
    show(false);
    code.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const propose = async (): Promise<void> => {
    asked?.abort();
    const text = input.value.trim();
    if (text === "") return show(false);
    const mine = (asked = new AbortController());
    const query = new URLSearchParams({ q: text, id, groups: field.dataset.groups ?? "" });
    try {
      const answer = await fetch(`${field.dataset.combobox}?${query}`, { signal: mine.signal });
      if (!answer.ok) return show(false);
      list.innerHTML = await answer.text();
    } catch {
      return; // a newer question, or no network: what is typed stays
    }
    if (mine.signal.aborted || document.activeElement !== input) return;
    const n = options().length;
    told.textContent = n === 0 ? (field.dataset.none ?? "") : (field.dataset.found ?? "").replace("%d", String(n));
    show(n > 0);
  };

  input.addEventListener("input", () => {
    code.value = input.value === chosen ? code.value : "";
    window.clearTimeout(wait);
    wait = window.setTimeout(() => void propose(), 120);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // keys of an input method
    const all = options();
    const at = all.indexOf(active() as HTMLElement);
    const open = !list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) return void propose();
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark(all[at < 0 && step < 0 ? all.length - 1 : (at + step + all.length) % all.length]);
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      const option = active() ?? all[0];
      if (option) choose(option);
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      show(false);
    }
  });
  input.addEventListener("blur", () => {
    asked?.abort();
    window.clearTimeout(wait);
    show(false);
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the text keeps the focus
  list.addEventListener("click", (event) => {
    const option = (event.target as Element).closest<HTMLElement>("[role=option]");
    if (option) choose(option);
  });
}
