// Forms are sent in the background, so that a line that breaks or a server that is
// away takes nothing from the page: it stays as it is, says so, and offers to send
// again. Whatever else is answered is shown as the browser would show it. A form is
// sent once at a time.
import htmx from "htmx.org";
import { accountOf } from "./account";
import { forget, forgetAll, leads } from "./draft";
import { say } from "./say";
import { hush, toast } from "./toast";

// asked is the header that says that a script sends; see is where its answer leads;
// typist says on whose page the form was typed.
const asked = "Enishi-Form";
const see = "Enishi-See";
const typist = "Enishi-Account";

// exits are the forms after which somebody else may use the tab.
const exits = new Set(["/signout", "/account/signout", "/settings/leave"]);

// sending listens for every form of the document.
export function sending(): void {
  // A button that leads to another page is the browser's: htmx would send the form for
  // the page that it stands on, and without a button that stands outside of it.
  document.addEventListener("submit", (event) => event.submitter?.dataset.leads !== undefined && event.stopPropagation(), true);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !(form instanceof HTMLFormElement) || !sends(form)) return;
    event.preventDefault();
    void send(form, event.submitter);
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const { headers } = detail(event);
    if (headers) headers[typist] = accountOf(document);
  });
  document.addEventListener("htmx:sendError", (event) => offer(event, away()));
  document.addEventListener("htmx:responseError", (event) => {
    const status = detail(event).xhr?.status ?? 0;
    if (status >= 500) offer(event, busy());
    if (status === 401) ended(event);
  });
  document.addEventListener("htmx:afterOnLoad", (event) => {
    const { requestConfig, xhr } = detail(event);
    if (xhr && xhr.status < 400) hush(line(requestConfig?.verb)); // what had failed went through
  });
}

// sends says whether a form is sent here: not one that htmx sends, nor one whose page
// wants the browser to. What htmx asks while a form is filled in is not the sending of it.
function sends(form: HTMLFormElement): boolean {
  if (form.hasAttribute("hx-post") && /(^|[\s,])submit\b/.test(form.getAttribute("hx-trigger") ?? "submit")) return false;
  return form.method === "post" && form.target === "" && form.dataset.send !== "plain";
}

const away = (): string => say("送信できませんでした。入力した内容は残っています。", "It could not be sent. What you typed is still here.");
const busy = (): string =>
  say("ただいま混み合っています。入力した内容は残っています。", "We are busy at the moment. What you typed is still here.");
const again = (): string => say("もう一度送る", "Send again");

async function send(form: HTMLFormElement, by: HTMLElement | null): Promise<void> {
  if (form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  hush("send");
  const failed = (text: string): void => toast("send", text, { text: again(), act: () => form.requestSubmit(by) }, form);
  try {
    const answer = await fetch(by?.getAttribute("formaction") ?? form.action, {
      method: "POST",
      body: bodyOf(form, by),
      headers: { [asked]: "1", [typist]: accountOf(document), Accept: "text/html" },
    });
    if (answer.status >= 500 || answer.status === 429) return failed(busy());
    const next = answer.headers.get(see) ?? (answer.redirected ? answer.url : null);
    if (next !== null) return leave(form, next);
    if (answer.ok && !steps(by)) sent(form);
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    failed(away());
  } finally {
    form.removeAttribute("aria-busy");
  }
}

// steps says whether a button takes a step on a form and does not send it for good: what
// was typed is kept then.
function steps(by: HTMLElement | null): boolean {
  return by instanceof HTMLButtonElement && ["do", "find"].includes(by.name);
}

function bodyOf(form: HTMLFormElement, by: HTMLElement | null): FormData | URLSearchParams {
  const data = new FormData(form, by);
  if (form.enctype === "multipart/form-data") return data;
  return new URLSearchParams([...data].map(([name, value]) => [name, typeof value === "string" ? value : value.name]));
}

// sent forgets what was typed into a form that went through.
function sent(form: HTMLFormElement): void {
  if (exits.has(new URL(form.action).pathname)) forgetAll();
  else forget(form);
}

// leave goes to the page that a form leads to.
function leave(form: HTMLFormElement, to: string): void {
  sent(form);
  leads();
  const next = new URL(to, window.location.href);
  const here = new URL(window.location.href);
  window.location.assign(next);
  if (next.hash !== "" && next.pathname + next.search === here.pathname + here.search) window.location.reload();
}

// show puts the page that came back in place of this one. The address stays, so that
// a reload brings the form again and what was typed into it.
function show(page: Document): void {
  for (const part of ["header.top", "main"]) {
    const [old, fresh] = [document.querySelector(part), page.querySelector(part)];
    if (old && fresh) {
      old.replaceWith(fresh);
      htmx.process(fresh);
      htmx.trigger(fresh, "htmx:load", { elt: fresh });
    }
  }
  document.title = page.title;
  const first = document.querySelector<HTMLElement>("main [autofocus]") ?? document.querySelector<HTMLElement>("main [aria-invalid=true]") ?? document.querySelector<HTMLElement>("main h1");
  if (first?.tagName === "H1") first.tabIndex = -1;
  first?.focus();
}

interface Asked {
  elt?: Element;
  headers?: Record<string, string>;
  xhr?: XMLHttpRequest;
  requestConfig?: { verb: string; path: string; triggeringEvent?: Event };
}

function detail(event: Event): Asked {
  return (event as CustomEvent<Asked>).detail;
}

// ended says that the session is over: the page and what was typed stay while its
// reader signs in beside it.
function ended(event: Event): void {
  toast(
    "send",
    say("ログインの有効期限が切れました。入力した内容は残っています。別のタブでログインしてから、続けてください。", "Your session has ended. What you typed is still here: sign in beside this page, then go on."),
    { text: say("ログイン", "Sign in"), to: "/signin" },
    detail(event).elt,
  );
}

// offer says that what htmx asked failed, and lets it be asked again.
function offer(event: Event, text: string): void {
  const { elt, requestConfig } = detail(event);
  const trigger = requestConfig?.triggeringEvent;
  if (!elt || !trigger) return; // a page that asked by itself asks again by itself
  toast(line(requestConfig.verb), text, { text: again(), act: () => htmx.trigger(elt, trigger.type) }, elt);
}

// line names what is told of a request: what was asked is another matter than what was sent.
function line(verb?: string): string {
  return verb === "get" ? "ask" : "send";
}
