// A toast is said at the foot of the page and read out politely. It takes no room, so
// nothing moves; it stays until it is answered or replaced.
import { say } from "./say";

// What can be done about it: a step here, or a page that opens beside this one.
export type Answer = { text: string; act: () => void } | { text: string; to: string };

const watched = new WeakSet<Element>();

// toast says a text in place of an earlier one of the same name. What concerns a form
// in a dialog is said in the dialog, since everything else is behind it.
export function toast(name: string, text: string, answer?: Answer, near?: Element): void {
  hush(name);
  const place = near?.closest("[popover]:popover-open") ?? document.getElementById("toasts");
  if (!place) return;
  const box = document.createElement("div");
  box.dataset.toast = name;
  box.className = "toast";
  if (place.id !== "toasts") box.setAttribute("role", "status");
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (answer) box.append("to" in answer ? link(answer.text, answer.to) : button(answer.text, () => (hush(name), answer.act())));
  box.append(button(say("閉じる", "Close"), () => hush(name)));
  place.append(box);
  lift();
}

// lift keeps toasts above the bar that stays at a page's foot: they must not lie over
// its buttons.
function lift(): void {
  const area = document.getElementById("toasts");
  const bar = [...document.querySelectorAll<HTMLElement>(".savebar, .to-answer, .choose-bar")].find((foot) => foot.offsetHeight > 0);
  area?.style.setProperty("--foot", `${bar?.offsetHeight ?? 0}px`);
  if (!bar || watched.has(bar)) return;
  watched.add(bar);
  new ResizeObserver(lift).observe(bar);
}

// hush takes a toast away.
export function hush(name: string): void {
  document.querySelectorAll(`[data-toast="${name}"]`).forEach((box) => box.remove());
}

function link(text: string, to: string): HTMLAnchorElement {
  const made = document.createElement("a");
  made.href = to;
  made.target = "_blank";
  made.rel = "noopener";
  made.textContent = text;
  return made;
}

function button(text: string, act: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}
