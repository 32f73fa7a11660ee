import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
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
const opened = Effect.fnUntraced(function*(how: BrowserContextOptions, model = script) {
  const { base, file, folder, home, start } = yield* machine(model)
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
  return { ...server, base, child, complaints, file, page }
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

describe.runIf(isThere)("The page of a server, while a turn waits for an answer", () => {
  it.scopedLive("shows who asks, what is not heard yet, and what is written as it is, and leaves a reader where they are", () =>
    Effect.gen(function*() {
      const asking: Script.Script = (request) =>
        request.input.some(isFunctionCallOutput)
          ? Script.answer(
            Script.say(`Over&#x202e;turned, &#8203;and so on.\n\n${"More of it.\n\n".repeat(40)}The end.`)
          )
          : Script.answer(Script.say("Before.\n\n".repeat(40)), Script.call("bash", { command: "touch ran" }, "call_1"))
      const { ask, base, complaints, page } = yield* opened({ viewport: { width: 1000, height: 600 } }, asking)
      mkdirSync(`${base}/project`)
      const seen = yield* Effect.promise(async () => {
        const click = (name: string) => page.getByRole("button", { name, exact: true }).click()
        await page.getByRole("button", { name: "New" }).click()
        await page.getByLabel("Folder").fill("~/project")
        await page.getByRole("textbox", { name: "What is to be done?" }).fill("first line\nsecond line")
        await click("Send")
        await page.getByRole("button", { name: "Yes" }).waitFor()
        await page.getByRole("img", { name: "waits for your answer" }).waitFor()
        const lines = (await page.locator(".prompt").innerText()).trim()
        await page.locator("textarea").fill("and\nthis")
        await click("Steer")
        await page.getByText("Heard next: and").waitFor()
        await page.screenshot({ path: picture("page-waiting") })
        // Without a wheel, as by the bar at the side.
        await page.evaluate(`document.querySelector(".scroller").scrollTop = 10`)
        await page.waitForFunction(`document.querySelector(".scroller").scrollTop === 10`)
        // To press the button would scroll down to it.
        await page.evaluate(
          `[...document.querySelectorAll(".question button")].find((one) => one.textContent === "Yes").click()`
        )
        await page.getByText("The end.").waitFor()
        await page.getByRole("img", { name: "completed" }).waitFor()
        await page.screenshot({ path: picture("page-reader") })
        return {
          lines,
          top: await page.evaluate(`document.querySelector(".scroller").scrollTop`),
          queued: await page.locator(".queued").count(),
          prompts: await page.locator(".prompt").allInnerTexts(),
          answer: await page.locator(".answer").last().innerText()
        }
      })
      assert.deepInclude(seen, { lines: "first line\nsecond line", queued: 0 })
      assert.deepStrictEqual(seen.prompts.map((text) => text.trim()), ["first line\nsecond line", "and\nthis"])
      assert.include(seen.answer, "Over\\u202eturned, \\u200band so on.")
      assert.deepStrictEqual(complaints, [])
      assert.strictEqual(seen.top, 10)
      const { body } = yield* ask("GET", "/v1/sessions")
      assert.deepStrictEqual(text(field(field(field(body, "sessions"), "0"), "workspace")), `${base}/project`)
    }).pipe(Effect.provide(platform)))
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
