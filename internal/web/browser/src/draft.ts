// What somebody types into a form that is sent by POST is kept for as long as the tab
// is open, and comes back after whatever took it away: a reload, a restart, a page
// that could not be loaded. Passwords and files are never kept. A form that was sent is
// forgotten; signing out and leaving forget all. A draft belongs to the account on whose
// page it was typed, or to nobody: it is shown on pages of the same account alone, and the
// first page of another removes it.
import htmx from "htmx.org";
import { accountOf } from "./account";
import { say } from "./say";
import { toast } from "./toast";

const prefix = "draft:";
const led = "led"; // this page is the answer to a form
const known = new WeakSet<HTMLFormElement>();

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
// Draft holds what was typed, by name, and of boxes by what they stand for as well, since
// a list may change meanwhile. Of a form whose fields follow from what is in it
// (data-draft="whole": rows, conditions) it holds all that would be sent instead, and
// the server shows the form again that belongs to it.
interface Draft {
  values?: Record<string, (string | boolean)[]>;
  whole?: [string, string][];
}

// drafts takes care of the forms in a piece of a page. What comes back in place, or on the
// answer to another form, comes back without a word.
export function drafts(piece: Element): void {
  expel();
  const quiet = piece !== document.body || answers();
  const forms = piece instanceof HTMLFormElement ? [piece] : piece.querySelectorAll("form");
  forms.forEach((form) => {
    if (!keeps(form) || known.has(form)) return;
    known.add(form);
    const save = (): void => keep(form);
    form.addEventListener("input", save);
    form.addEventListener("change", save);
    const kept = recall(form);
    if (!kept) return;
    if (!kept.whole) {
      if (restore(form, kept) && !quiet) back(form);
    } else if (piece !== document.body) save(); // it came back with all that was in it
    else if (String(kept.whole) !== String(whole(form))) void bring(form, kept.whole, quiet);
  });
}

// leads notes that the next page is the answer to a form of this one.
export function leads(): void {
  try {
    sessionStorage.setItem(led, "");
  } catch {
    // As with keep.
  }
}

// answers says, once, whether this page is one.
function answers(): boolean {
  try {
    const is = sessionStorage.getItem(led) !== null;
    sessionStorage.removeItem(led);
    return is;
  } catch {
    return false;
  }
}

// follow keeps what a form holds whose fields a step of its own has changed in place.
export function follow(): void {
  document.addEventListener("htmx:afterSettle", (event) => {
    const { requestConfig } = (event as CustomEvent<{ requestConfig?: { verb: string; elt?: Element } }>).detail;
    if (requestConfig?.verb !== "post" || !requestConfig.elt) return;
    const by = requestConfig.elt.closest("form"); // null: the button is gone with what it did
    document.querySelectorAll<HTMLFormElement>('form[data-draft="whole"]').forEach((form) => {
      if (by === form || (by === null && requestConfig.elt?.closest("a, button"))) keep(form);
    });
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, elt } = (event as CustomEvent<{ xhr?: XMLHttpRequest; elt?: Element }>).detail;
    const form = elt?.closest("form");
    if (form && xhr && (xhr.getResponseHeader("HX-Redirect") ?? "") !== "") forget(form); // it was saved
  });
}

function keep(form: HTMLFormElement): void {
  try {
    sessionStorage.setItem(keyOf(form), JSON.stringify(read(form)));
  } catch {
    // The store is full or closed: the form works as without scripts.
  }
}

function back(form: HTMLFormElement): void {
  toast("draft", say("入力の続きを戻しました。", "What you had typed is back."), {
    text: say("消す", "Discard"),
    act: () => {
      forget(form);
      window.location.reload();
    },
  });
}

// bring has the server show the form that belongs to what was typed.
async function bring(form: HTMLFormElement, kept: [string, string][], quiet: boolean): Promise<void> {
  const values: Record<string, string[]> = {};
  const add = (name: string, value: string): void => void (values[name] ??= []).push(value);
  for (const [name, value] of new FormData(form)) if (passing.has(name) && typeof value === "string") add(name, value);
  kept.forEach(([name, value]) => add(name, value));
  const { step = "", bring: target = "" } = form.dataset;
  add("do", step);
  await htmx.ajax("post", new URL(form.action).pathname, { values, target, select: target, swap: "outerHTML show:none" });
  if (!quiet) back(form);
}

// passing are fields of one showing of a form, which the next has anew.
const passing = new Set(["version", "seen", "once"]);

// whole is all that a form would send, but for what is of this showing alone.
function whole(form: HTMLFormElement): [string, string][] {
  const all: [string, string][] = [];
  for (const [name, value] of new FormData(form)) if (typeof value === "string" && !passing.has(name)) all.push([name, value]);
  return all;
}

// guards keeps links that act on what is saved (data-saved: which form) from leaving what
// was typed since behind.
export function guards(): void {
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLElement>("a[data-saved]") : null;
    const form = link && document.querySelector<HTMLFormElement>(link.dataset.saved ?? "");
    if (!form || !recall(form)) return;
    event.preventDefault();
    toast("unsaved", say("保存していない変更があります。先に保存してください。", "Something here is not saved yet. Save it first."), undefined, link);
  });
}

// forget drops what was kept of a form: it was sent.
export function forget(form: HTMLFormElement): void {
  sessionStorage.removeItem(keyOf(form));
}

// forgetAll drops every draft: somebody else may use the tab now.
export function forgetAll(): void {
  drop(() => true);
}

// expel drops what other accounts have typed, once somebody is signed in. What was typed
// while nobody was stays for a page on which nobody is.
function expel(): void {
  const mine = accountOf(document);
  if (mine !== "") drop((account) => account !== "" && account !== mine);
}

// drop removes the drafts of those accounts ("": nobody) that are meant.
function drop(meant: (account: string) => boolean): void {
  try {
    Object.keys(sessionStorage)
      .filter((key) => key.startsWith(prefix) && meant(key.slice(prefix.length, key.indexOf("/"))))
      .forEach((key) => sessionStorage.removeItem(key));
  } catch {
    // The store is closed: nothing is in it.
  }
}

// keeps says whether a form's fields are kept: not those that sign somebody in, and
// those of a question only if the page asks for it, since its answer is in the address.
function keeps(form: HTMLFormElement): boolean {
  if (form.dataset.draft === "off" || new URL(form.action).pathname === "/signin") return false;
  return form.method === "post" || form.dataset.draft === "on";
}

function keyOf(form: HTMLFormElement): string {
  return prefix + accountOf(document) + new URL(form.action).pathname + (form.id === "" ? "" : "#" + form.id);
}

// fields are those that are kept, as a draft names them.
function fields(form: HTMLFormElement): Map<string, Field[]> {
  const all = new Map<string, Field[]>();
  for (const element of form.elements) {
    const plain = element instanceof HTMLInputElement || element instanceof HTMLSelectElement || element instanceof HTMLTextAreaElement;
    if (!plain || element.name === "" || element.disabled) continue;
    if (["password", "file", "submit", "button", "image", "reset"].includes(element.type)) continue;
    if (element.type === "hidden" && element.dataset.code === undefined) continue;
    const key = isBox(element) ? `${element.name}=${element.value}` : element.name;
    all.set(key, [...(all.get(key) ?? []), element]);
  }
  return all;
}

function isBox(field: Field): field is HTMLInputElement {
  return field instanceof HTMLInputElement && (field.type === "checkbox" || field.type === "radio");
}

function valueOf(field: Field): string | boolean {
  return isBox(field) ? field.checked : field.value;
}

function read(form: HTMLFormElement): Draft {
  if (form.dataset.draft === "whole") return { whole: whole(form) };
  return { values: Object.fromEntries([...fields(form)].map(([name, list]) => [name, list.map(valueOf)])) };
}

function recall(form: HTMLFormElement): Draft | undefined {
  try {
    const text = sessionStorage.getItem(keyOf(form));
    const draft = text === null ? {} : (JSON.parse(text) as Draft);
    return form.dataset.draft === "whole" ? draft.whole && draft : draft.values && draft;
  } catch {
    return undefined;
  }
}

// restore puts values back; it says whether that changed any.
function restore(form: HTMLFormElement, kept: Draft): boolean {
  let changed = false;
  for (const [name, list] of fields(form)) {
    list.forEach((field, i) => {
      const value = kept.values?.[name]?.[i];
      if (value === undefined || value === valueOf(field)) return;
      if (typeof value === "boolean") (field as HTMLInputElement).checked = value;
      else field.value = value;
      changed = true;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
  return changed;
}
