// What a reader has ticked, typed or unfolded and not sent stays theirs while the page
// around it is brought up to date, also where the list that it stands in has moved.

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

// hold notes what somebody has changed below an element, and gives what puts it back
// below another; what is not there any more is let go.
export function hold(old: Element): (fresh: Element) => void {
  const values = new Map<string, string | boolean | string[]>();
  for (const [key, field] of fieldsOf(old)) if (changed(field)) values.set(key, stateOf(field));
  const folds = new Map([...foldsOf(old)].map(([key, fold]) => [key, fold.open]));
  return (fresh) => {
    for (const [key, field] of fieldsOf(fresh)) {
      const state = values.get(key);
      if (state !== undefined) put(field, state);
    }
    for (const [key, fold] of foldsOf(fresh)) fold.open = folds.get(key) ?? fold.open;
  };
}

// fieldsOf gives the fields below an element, each by a key that tells it from the others
// of the page wherever it stands: its id; else its form, its name, and of boxes what they
// stand for.
function fieldsOf(element: Element): Map<string, Field> {
  const all = new Map<string, Field>();
  element.querySelectorAll<Field>("input, select, textarea").forEach((field) => {
    if (["hidden", "submit", "button", "image", "reset", "file"].includes(field.type)) return;
    const form = field.form ? `${field.form.id} ${field.form.getAttribute("action") ?? ""}` : "";
    const key = [form, field.name, isBox(field) ? field.value : ""].join("\n");
    all.set(field.id === "" ? key : `#${field.id}`, field);
  });
  return all;
}

function foldsOf(element: Element): Map<string, HTMLDetailsElement> {
  const all = new Map<string, HTMLDetailsElement>();
  element.querySelectorAll("details").forEach((fold) => {
    const within = fold.closest("[id]");
    const place = within ? [...within.querySelectorAll("details")].indexOf(fold) : 0;
    all.set(`${within?.id ?? ""} ${place}`, fold);
  });
  return all;
}

function isBox(field: Field): field is HTMLInputElement {
  return field instanceof HTMLInputElement && (field.type === "checkbox" || field.type === "radio");
}

function changed(field: Field): boolean {
  if (isBox(field)) return field.checked !== field.defaultChecked;
  if (!(field instanceof HTMLSelectElement)) return field.value !== field.defaultValue;
  const options = [...field.options];
  const preset = options.some((option) => option.defaultSelected);
  if (!preset && !field.multiple) return field.selectedIndex > 0;
  return options.some((option) => option.selected !== option.defaultSelected);
}

function stateOf(field: Field): string | boolean | string[] {
  if (isBox(field)) return field.checked;
  if (field instanceof HTMLSelectElement) return [...field.selectedOptions].map((option) => option.value);
  return field.value;
}

function put(field: Field, state: string | boolean | string[]): void {
  if (typeof state === "boolean") (field as HTMLInputElement).checked = state;
  else if (typeof state === "string") {
    if (field.value !== state) field.value = state;
  } else for (const option of (field as HTMLSelectElement).options) option.selected = state.includes(option.value);
}
