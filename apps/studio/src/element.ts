/** The page's element with this id. */
export function element<E extends Element = HTMLElement>(id: string): E {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`index.html: expected an element with the id ${id}.`)
  return found as unknown as E // the caller knows its page
}
