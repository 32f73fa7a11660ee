/**
 * Elements are made one by one, and text becomes text: nothing that comes from a model is ever read as HTML.
 */

type Attributes = { readonly [name: string]: string | boolean | undefined }

export const h = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: ReadonlyArray<Node | string>
): HTMLElementTagNameMap[Tag] => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value)
  }
  element.append(...children)
  return element
}

/** A button that does something: it is named by its text. */
export const button = (
  text: string,
  attributes: Attributes,
  onClick: (event: MouseEvent) => void
): HTMLButtonElement => {
  const element = h("button", { type: "button", ...attributes }, text)
  element.addEventListener("click", onClick)
  return element
}

/** Whether what is typed goes into a field, so that letters are no commands. */
export const isTyping = (): boolean => {
  const element = document.activeElement
  return element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement
}
