// Texts stand in both languages where they are said, as in the templates.
export function say(ja: string, en: string): string {
  return document.documentElement.lang === "en" ? en : ja;
}
