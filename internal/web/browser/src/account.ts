// Whose page this is: the server marks the header of every page with a text that is
// always the same for an account and that nobody can work out for another.

// accountOf gives the mark of a page's account, "" if nobody is signed in there.
export function accountOf(page: Document): string {
  return page.querySelector<HTMLElement>("header.top")?.dataset.account ?? "";
}
