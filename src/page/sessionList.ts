/**
 * The sessions of the server, the last one first.
 */
import { button, h } from "./dom.ts"
import type { Session } from "./server.ts"
import { ago, lastName, withoutTicks } from "./words.ts"

export interface SessionList {
  readonly element: HTMLElement
  readonly show: (sessions: ReadonlyArray<Session>) => void
  readonly select: (session: string | undefined) => void
  /** The session below the selected one, or above it. */
  readonly neighbour: (step: number) => string | undefined
  readonly complain: (message: string) => void
}

export const make = (onNew: () => void): SessionList => {
  const filter = h("input", { type: "search", placeholder: "Find", "aria-label": "Find a session" })
  const list = h("ul", { class: "list" })
  const trouble = h("p", { class: "trouble", role: "alert", hidden: true })
  let all: ReadonlyArray<Session> = []
  let selected: string | undefined
  let drawn = ""

  const matching = () => {
    const words = filter.value.toLowerCase().split(/\s+/)
    return all.filter(({ id, title, workspace }) => {
      const text = `${title ?? ""} ${workspace ?? ""} ${id}`.toLowerCase()
      return words.every((word) => text.includes(word))
    }).slice(0, most)
  }

  const draw = () => {
    const now = Date.now()
    const rows = matching().map((session) => ({ session, when: ago(session.updated_at, now) }))
    // What a reader is about to press stays where it is.
    const next = JSON.stringify([
      selected,
      rows.map(({ session: { asking, id, status, title, workspace }, when }) => [
        id,
        asking,
        status,
        title,
        workspace,
        when
      ])
    ])
    if (next === drawn) return
    drawn = next
    const focused = document.activeElement instanceof HTMLAnchorElement ? document.activeElement.hash : undefined
    list.replaceChildren(...rows.map(({ session, when }) => rowOf(session, when, session.id === selected)))
    if (rows.length === 0) {
      list.append(h("li", { class: "note" }, all.length === 0 ? "No session yet." : "None of that name."))
    }
    if (focused !== undefined) {
      for (const link of list.querySelectorAll("a")) {
        if (link.hash === focused) link.focus()
      }
    }
  }
  filter.addEventListener("input", draw)

  return {
    element: h(
      "nav",
      { "aria-label": "Sessions" },
      h("header", {}, h("strong", {}, "effixir"), button("New", { class: "primary", title: "New session (c)" }, onNew)),
      filter,
      trouble,
      list
    ),
    show: (sessions) => {
      trouble.hidden = true
      all = sessions
      draw()
    },
    select: (session) => {
      selected = session
      draw()
    },
    neighbour: (step) => {
      const ids = matching().map(({ id }) => id)
      const at = selected === undefined ? -1 : ids.indexOf(selected)
      return ids[at === -1 ? 0 : at + step]
    },
    complain: (message) => {
      trouble.hidden = false
      trouble.textContent = message
    }
  }
}

/** More than these are found by their names. */
const most = 200

const rowOf = ({ asking, id, status, title, workspace }: Session, when: string, isSelected: boolean): HTMLElement => {
  const [kind, meaning] = asking === true ? ["asking", "waits for your answer"] : [status, meanings[status]]
  return h(
    "li",
    {},
    h(
      "a",
      { href: `#/s/${encodeURIComponent(id)}`, "aria-current": isSelected ? "page" : undefined },
      h(
        "span",
        { class: `dot ${kind}`, title: meaning, role: "img", "aria-label": meaning },
        asking === true ? "?" : ""
      ),
      h("span", { class: "title" }, withoutTicks(title ?? "Untitled")),
      h("span", { class: "where" }, workspace === null ? "" : lastName(workspace)),
      h("time", {}, when)
    )
  )
}

const meanings: { readonly [status in Session["status"]]: string } = {
  open: "at work, or cut off",
  completed: "completed",
  failed: "failed",
  interrupted: "interrupted",
  limited: "stopped at a limit"
}
