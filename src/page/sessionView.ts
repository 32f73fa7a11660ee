/**
 * One session: what it is, what happens in it, and where to go on.
 */
import * as Composer from "./composer.ts"
import { h } from "./dom.ts"
import { Refused, type Server } from "./server.ts"
import * as Transcript from "./transcript.ts"
import { count, dollars, lastName, tokens, withoutTicks } from "./words.ts"

export interface View {
  readonly element: HTMLElement
  readonly composer: Composer.Composer
  readonly close: () => void
}

export interface Options {
  readonly server: Server
  readonly session: string
  /** Something has changed that the list of sessions shows. */
  readonly onChange: () => void
  readonly onAsking: (isAsking: boolean) => void
}

export const make = ({ onAsking, onChange, server, session }: Options): View => {
  const gone = new AbortController()
  const title = h("h1", {}, "…")
  const facts = h("p", { class: "about" })
  const connection = h("p", { class: "connection", role: "status", hidden: true })
  const scroller = h("div", { class: "scroller", tabindex: "-1" })
  let isRunning = false
  let isDue = false

  const describe = async () => {
    const { compactions, context, model, title: name, usage, workspace } = await server.session(session)
    title.textContent = withoutTicks(name ?? "Untitled")
    facts.replaceChildren(
      ...[
        workspace === null ? undefined : h("span", { title: workspace }, lastName(workspace)),
        model === null ? undefined : h("span", {}, model),
        context.tokens === 0 ? undefined : h(
          "span",
          { title: "How much of the window of the model is used" },
          context.window === null
            ? `${tokens(context.tokens)} tokens`
            : `${tokens(context.tokens)} of ${tokens(context.window)} tokens`
        ),
        usage.cost_usd === undefined ? undefined : h("span", {}, dollars(usage.cost_usd)),
        compactions === 0 ? undefined : h("span", {}, count(compactions, "compaction"))
      ].filter((fact) => fact !== undefined)
    )
  }

  const transcript = Transcript.make({
    answer: async (item, answer) => {
      try {
        await server.answer(session, item, answer)
      } catch (error) {
        // Somebody else has answered; the stream tells so.
        if (!(error instanceof Refused) || error.kind !== "NoQuestion") throw error
      }
    },
    onState: (state) => {
      onAsking(state.isAsking)
      if (state.isRunning === isRunning) return
      isRunning = state.isRunning
      composer.setRunning(isRunning)
      // The log of an old session comes in one go.
      if (!isRunning) later()
    }
  })
  scroller.append(transcript.element, transcript.waiting)

  let timer: ReturnType<typeof setTimeout> | undefined
  const later = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      describe().catch(() => undefined)
      onChange()
    }, 100)
  }

  const composer = Composer.make({
    placeholder: "What is to be done?",
    send: async (text, key) => {
      if (isRunning) {
        // The turn may have heard it before the answer is here.
        const takeAway = transcript.wait(text)
        draw()
        try {
          return await server.steer(session, text)
        } catch (error) {
          takeAway()
          if (!(error instanceof Refused) || error.kind !== "NoTurnRunning") throw error
        }
      }
      await server.turn(session, { input: text, key })
      isFollowing = true
      draw()
      onChange()
    },
    stop: () => server.interrupt(session)
  })

  /** Draws what has come once for each picture of the screen, and stays at the end unless the reader has left it. */
  const draw = () => {
    if (isDue) return
    isDue = true
    schedule(() => {
      isDue = false
      transcript.flush()
      if (!isFollowing) return
      scroller.scrollTop = scroller.scrollHeight
      lastTop = scroller.scrollTop
    })
  }
  let isFollowing = true
  let lastTop = 0
  // Growing text moves nothing: only a reader goes up.
  scroller.addEventListener("scroll", () => {
    const { clientHeight, scrollHeight, scrollTop } = scroller
    if (scrollHeight - scrollTop - clientHeight < 80) isFollowing = true
    else if (scrollTop < lastTop) isFollowing = false
    lastTop = scrollTop
  }, { passive: true })

  void server.follow(session, {
    line: (line) => {
      transcript.push(line)
      draw()
    },
    connection: (state) => {
      if (state === "lost") transcript.forget()
      connection.hidden = state === "live"
      connection.textContent = state instanceof Refused
        ? state.message
        : state === "lost"
        ? "The connection is lost; trying to come back"
        : ""
    }
  }, gone.signal)
  describe().catch((error: unknown) => composer.complain(error instanceof Error ? error.message : String(error)))

  return {
    element: h(
      "main",
      { class: "session" },
      h(
        "header",
        {},
        h("a", { href: "#/", class: "back", "aria-label": "All sessions" }, "‹"),
        h("div", {}, title, facts)
      ),
      connection,
      scroller,
      composer.element
    ),
    composer,
    close: () => {
      clearTimeout(timer)
      gone.abort()
    }
  }
}

/** A page that is not looked at gets no pictures. */
const schedule = (work: () => void): void => {
  if (document.visibilityState === "visible") requestAnimationFrame(work)
  else setTimeout(work, 250)
}
