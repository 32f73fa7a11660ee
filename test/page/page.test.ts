import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import type { BrowserContextOptions, Page } from "playwright-core"
import { field, text } from "../../src/internal/json.ts"
import { isFunctionCallOutput } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import { browser, isThere, picture } from "../browser.ts"
import { machine, platform } from "../cli/machine.ts"
import { listening } from "../cli/serving.ts"

const markup = "<img src=x onerror=\"document.title='changed'\"><script>document.title='changed'</script>"

const answer = `## What I did

The report has a \`--since\` option now, and **both** tests pass:

1. It reads the date once
2. It *leaves out* what is older

| file | lines |
|---|---|
| report.ts | 12 |

\`\`\`ts
const since = new Date(flag) // the first day that counts
\`\`\`

> See [the manual](https://example.com/manual), not [this](javascript:document.title='changed').

${markup}
`

/** Looks, runs a command, changes a file, and says what it did. */
const script: Script.Script = (request) => {
  switch (request.input.filter(isFunctionCallOutput).length) {
    case 0:
      return Script.answer(
        Script.think("I should look at the report before I change it."),
        Script.say("I look at the report first.", { phase: "commentary" }),
        Script.call("read", { path: "report.ts" }, "call_1"),
        Script.call("bash", { command: "touch ran && echo one && echo two" }, "call_2")
      )
    case 2:
      return Script.answer(Script.call("edit", change, "call_3"))
    default:
      return Script.answer(Script.say(answer, { phase: "final_answer" }))
  }
}

const change = { path: "report.ts", old_string: "const since = 0", new_string: "const since = date(flags)" }

const report = `import { rows } from "./rows.ts"

const since = 0

export const report = () => rows.filter(({ at }) => at >= since)
`

const prompt = "Add a `--since` option to the report, and test it."

/** What the page is like that a test looks at. */
const state = `({
  address: location.href,
  title: document.title,
  width: document.documentElement.scrollWidth,
  stored: Object.values(sessionStorage),
  elements: document.querySelectorAll(".answer img, .answer script, .answer a[href^=javascript]").length
})`

/** A server that asks, with the page of it open, by its token's address. */
const opened = Effect.fnUntraced(function*(how: BrowserContextOptions) {
  const { file, folder, home, start } = yield* machine(script)
  writeFileSync(file("report.ts"), report)
  writeFileSync(`${home}/config.json`, JSON.stringify({ models: { "*": { apply_patch: false } } }))
  const { child, output } = yield* start(["serve", "--workspace", folder, "--permission", "ask"])
  const server = yield* listening(output)
  const shown = yield* browser
  const page = yield* Effect.promise(() => shown.newPage(how))
  const complaints: Array<string> = []
  page.on("pageerror", (error) => complaints.push(error.message))
  page.on("console", (message) => complaints.push(message.text()))
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url) || request.url().includes(server.token)) complaints.push(request.url())
  })
  yield* Effect.promise(() => page.goto(`${server.url}/#token=${server.token}`))
  return { ...server, child, complaints, file, page }
})

const looks = [
  { colorScheme: "light", viewport: { width: 1200, height: 900 } },
  { colorScheme: "dark", viewport: { width: 400, height: 800 }, hasTouch: true }
] as const

// Without a browser there is nothing to see.
describe.runIf(isThere)("The page of a server", () => {
  for (const how of looks) {
    const name = (what: string) => picture(`page-${how.colorScheme}-${how.viewport.width}-${what}`)
    it.scopedLive(`runs a turn, asks, and shows what came of it, ${how.colorScheme} and ${how.viewport.width} wide`, () =>
      Effect.gen(function*() {
        const { complaints, file, page, token, url } = yield* opened(how)
        const seen: unknown = yield* Effect.promise(async () => {
          await page.getByRole("button", { name: "New" }).click()
          const field = page.getByRole("textbox", { name: "What is to be done?" })
          await field.fill(prompt)
          await page.screenshot({ path: name("new") })
          await page.getByRole("button", { name: "Send" }).click()
          await page.getByRole("button", { name: /^Always: the command touch ran/ }).waitFor()
          await page.screenshot({ path: name("command") })
          const yes = page.getByRole("button", { name: "Yes" })
          await answered(page, () => yes.click())
          await page.getByRole("region", { name: "edit asks to change files" }).waitFor()
          await page.screenshot({ path: name("change") })
          await answered(page, () => page.keyboard.press("y"))
          await page.getByRole("heading", { name: "What I did" }).waitFor()
          await page.getByRole("button", { name: "Send" }).waitFor()
          await page.screenshot({ path: name("done") })
          return page.evaluate(state)
        })
        assert.deepInclude(seen, { title: "effixir", width: how.viewport.width, stored: [token], elements: 0 })
        assert.match(text(field(seen, "address")) ?? "", new RegExp(`^${url}/#/s/[-0-9a-f]+$`))
        assert.deepStrictEqual(complaints, [])
        assert.include(readFileSync(file("report.ts"), "utf8"), change.new_string)
      }).pipe(Effect.provide(platform)))
  }
})

/** Answers a question: not at once, as nobody can have read it by then. */
const answered = async (page: Page, act: () => Promise<void>) => {
  const question = page.locator(".question")
  const before = await question.innerText()
  while (await question.count() > 0 && await question.innerText() === before) {
    await act()
    await page.waitForTimeout(100)
  }
}
