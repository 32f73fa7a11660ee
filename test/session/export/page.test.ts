import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Html from "../../../src/session/export/Html.ts"
import * as Transcript from "../../../src/session/export/Transcript.ts"
import { readable } from "../../../src/session/Log.ts"
import * as SessionStore from "../../../src/session/SessionStore.ts"
import * as Summary from "../../../src/session/Summary.ts"
import { browser, isThere, picture } from "../../browser.ts"
import { fill } from "./sample.ts"

const markup =
  "<script>document.title = 'changed'</script><img src=x onerror=\"document.title = 'changed'\"><style>*{color:red}</style>"

/** The page of the sample, to which a turn full of markup is added. */
const page = Effect.gen(function*() {
  yield* TestClock.setTime(Date.parse("2026-11-29T20:00:00Z"))
  const store = yield* SessionStore.makeMemory
  yield* Effect.scoped(Effect.flatMap(store.open("s"), (session) =>
    Effect.zipRight(
      fill(session),
      session.append("markup", {
        _tag: "TurnStarted",
        turnId: "turn-3",
        model: markup,
        input: [{
          type: "message",
          role: "user",
          content: [{ type: "input_text", text: `${markup}\n\n\`\`\`html\n${markup}\n\`\`\`` }]
        }]
      })
    )))
  const lines = yield* store.lines("s")
  const summary = Summary.fromLines("s", lines)
  return yield* Html.make(summary, Transcript.fromEvents(readable(lines).events))
})

/** What the page looks like with all of it unfolded. */
const opened = `(() => {
  for (const details of document.querySelectorAll("details")) details.open = true
  const { backgroundColor, color } = getComputedStyle(document.body)
  const { scripts, title } = document
  return { backgroundColor, color, width: document.documentElement.scrollWidth, scripts: scripts.length, title }
})()`

describe.runIf(isThere)("A page in a real browser", () => {
  it.scoped(
    "is readable by day and by night, on a telephone and on a desk, and runs nothing",
    () =>
      Effect.gen(function*() {
        const html = yield* page
        const shown = yield* browser
        for (const colorScheme of ["light", "dark"] as const) {
          for (const width of [400, 1200]) {
            const complaints: Array<string> = []
            const path = (name: string) => picture(`session-${colorScheme}-${width}${name}`)
            const seen = yield* Effect.promise(async () => {
              const page = await shown.newPage({ colorScheme, viewport: { width, height: 900 } })
              page.on("pageerror", (error) => complaints.push(error.message))
              page.on("console", (message) => complaints.push(message.text()))
              page.on("request", (request) => {
                if (!/^(?:data|about):/.test(request.url())) complaints.push(request.url())
              })
              await page.setContent(html)
              await page.screenshot({ path: path(""), fullPage: true })
              const seen: unknown = await page.evaluate(opened)
              await page.screenshot({ path: path("-open"), fullPage: true })
              await page.close()
              return seen
            })
            assert.deepStrictEqual(seen, {
              ...colors[colorScheme],
              // Nothing is wider than the window.
              width,
              scripts: 0,
              title: "Add a `--since` option to the report, and test it."
            })
            assert.deepStrictEqual(complaints, [])
          }
        }
      })
  )
})

const colors = {
  light: { backgroundColor: "rgb(253, 253, 252)", color: "rgb(31, 35, 40)" },
  dark: { backgroundColor: "rgb(22, 24, 27)", color: "rgb(223, 226, 230)" }
}
