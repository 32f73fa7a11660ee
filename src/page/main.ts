/**
 * The page of a server: its sessions, and one of them at work.
 */
import { button, h, isTyping } from "./dom.ts"
import * as NewSession from "./newSession.ts"
import * as Server from "./server.ts"
import * as SessionList from "./sessionList.ts"
import * as SessionView from "./sessionView.ts"
import * as Token from "./token.ts"

/** In milliseconds. */
const pause = 3000

const signIn = (isRefused: boolean): void => {
  const done = new AbortController()
  const begin = () => {
    done.abort()
    start()
  }
  const field = h("input", { type: "password", autocomplete: "off", "aria-label": "Token", required: true })
  const form = h(
    "form",
    { class: "sign-in" },
    h("h1", {}, "effixir"),
    h(
      "p",
      { role: isRefused ? "alert" : undefined },
      isRefused
        ? "That is not the token of this server."
        : "This server wants its token: it is in the file that `effixir serve` names as token_file when it starts."
    ),
    field,
    h("button", { class: "primary" }, "Enter")
  )
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    Token.keep(field.value.trim())
    begin()
  })
  addEventListener("hashchange", begin, { signal: done.signal })
  document.body.replaceChildren(form)
  field.focus()
}

const run = (token: string): void => {
  const server = Server.make(token, () => {
    Token.forget()
    stop()
    signIn(true)
  })
  const gone = new AbortController()
  let sessions: ReadonlyArray<Server.Session> = []
  let view: SessionView.View | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const stop = () => {
    gone.abort()
    clearTimeout(timer)
    view?.close()
  }

  const refresh = async () => {
    clearTimeout(timer)
    try {
      if (document.visibilityState === "visible") {
        sessions = await server.sessions()
        list.show(sessions)
      }
    } catch (error) {
      list.complain(error instanceof Error ? error.message : String(error))
    }
    clearTimeout(timer)
    if (!gone.signal.aborted) timer = setTimeout(refresh, pause)
  }

  const begin = () => {
    location.hash = "#/new"
  }
  const list = SessionList.make(begin)
  const place = h("div", { class: "place" })
  const help = helpDialog()
  document.body.replaceChildren(h("div", { class: "page" }, list.element, place), help)

  const open = (session: string) => {
    location.hash = `#/s/${encodeURIComponent(session)}`
  }

  /** What the address says is what is shown. */
  const route = () => {
    if (Token.isGiven()) {
      stop()
      start()
      return
    }
    const [, id] = /^#\/s\/(.+)$/.exec(location.hash) ?? []
    view?.close()
    document.title = "effixir"
    list.select(id === undefined ? undefined : Token.decoded(id))
    if (id !== undefined) {
      view = SessionView.make({
        server,
        session: Token.decoded(id),
        onChange: () => void refresh(),
        onAsking: (isAsking) => {
          document.title = isAsking ? "(?) effixir" : "effixir"
        }
      })
    } else if (location.hash === "#/new") {
      const folders = sessions.flatMap(({ workspace }) => workspace === null ? [] : [workspace])
      view = NewSession.make({ server, folders: [...new Set(folders)].slice(0, 20), onBegun: open })
    } else view = undefined
    place.replaceChildren(view?.element ?? welcome(begin))
    document.body.dataset["view"] = view === undefined ? "list" : "session"
    if (!matchMedia("(pointer: coarse)").matches) view?.composer.field.focus()
  }

  const { signal } = gone
  addEventListener("hashchange", route, { signal })
  document.addEventListener("visibilitychange", () => void refresh(), { signal })
  document.addEventListener("keydown", (event) => {
    if (isTyping() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    const act = keys[event.key]
    if (act === undefined) return
    event.preventDefault()
    act()
  }, { signal })
  const go = (step: number) => {
    const next = list.neighbour(step)
    if (next !== undefined) open(next)
  }
  const keys: { readonly [key: string]: () => void } = {
    c: begin,
    j: () => go(1),
    k: () => go(-1),
    i: () => view?.composer.field.focus(),
    "/": () => list.element.querySelector("input")?.focus(),
    "?": () => help.open ? help.close() : help.showModal()
  }
  route()
  void refresh()
}

const welcome = (begin: () => void): HTMLElement =>
  h(
    "main",
    { class: "welcome" },
    h("p", {}, "Choose a session, or ", button("begin one", { class: "link" }, begin), "."),
    h("p", { class: "about" }, "The keys are behind ", h("kbd", {}, "?"))
  )

const helpDialog = (): HTMLDialogElement => {
  const dialog = h(
    "dialog",
    { "aria-label": "Keys" },
    h(
      "dl",
      {},
      ...Object.entries(meanings).flatMap(([key, meaning]) => [
        h("dt", {}, ...key.split(" ").map((one) => h("kbd", {}, one))),
        h("dd", {}, meaning)
      ])
    ),
    button("Close", {}, () => dialog.close())
  )
  return dialog
}

const meanings: { readonly [key: string]: string } = {
  c: "a new session",
  "j k": "the next session, the one before",
  "/": "find a session",
  i: "write",
  Enter: "send; with Shift a new line",
  Esc: "while writing: interrupt the turn that runs",
  "y a n": "answer a question: yes, always, no"
}

const start = (): void => {
  const token = Token.take()
  if (token === null) signIn(false)
  else run(token)
}

start()
