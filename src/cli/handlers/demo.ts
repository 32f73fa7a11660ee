/**
 * Runs `effixir demo`: the real program without an account or a network. Only the server is replaced, by a simulator
 * inside this process.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Browser } from "../../auth/Browser.ts"
import * as ChatGptLogin from "../../auth/chatgpt/ChatGptLogin.ts"
import { CredentialStore } from "../../auth/CredentialStore.ts"
import * as NodeCallbackServer from "../../node/auth/NodeCallbackServer.ts"
import * as NodeAgent from "../../node/NodeAgent.ts"
import * as Home from "../../node/settings/Home.ts"
import { isFunctionCallOutput } from "../../responses/Item.ts"
import type { Request } from "../../responses/Request.ts"
import * as SessionStore from "../../session/SessionStore.ts"
import * as OpenAiSimulator from "../../testing/OpenAiSimulator.ts"
import * as Script from "../../testing/Script.ts"
import { credentialOf } from "../login/credentialOf.ts"
import { runTurn } from "../runTurn.ts"
import { Screen } from "../Screen.ts"

const prompt = "Add up what sales.csv comes to, with a program, and put the total into total.txt."

const sales = `product,count,price
tea,12,3.50
coffee,30,4.20
cake,9,2.80
`

const program = `import { readFileSync, writeFileSync } from "node:fs"

const [, ...rows] = readFileSync("sales.csv", "utf8").trim().split("\\n")
const total = rows.map((row) => row.split(",")).reduce((sum, [, count, price]) => sum + count * price, 0)
writeFileSync("total.txt", total.toFixed(2) + "\\n")
console.log(\`\${rows.length} products, \${total.toFixed(2)} in all\`)
`

/** What the simulated model does, call by call. Its answer quotes the real output of the tools. */
const script: Script.Script = (request, n) => {
  switch (n) {
    case 0:
      return Script.answer(
        Script.think("I should see what the file looks like before I write anything."),
        Script.call("read", { path: "sales.csv" }),
        Script.call("bash", { command: "ls -l" })
      )
    case 1:
      return Script.answer(
        Script.think("Three columns and a header. A few lines of JavaScript will do."),
        Script.call("write", { path: "sum.mjs", content: program })
      )
    case 2:
      return Script.answer(Script.call("bash", { command: "node sum.mjs && cat total.txt" }))
    default:
      return Script.answer(Script.say(
        `I wrote sum.mjs, which reads sales.csv, and ran it. It says: ${lastOutput(request).split("\n")[0]}. ` +
          "The total is in total.txt.",
        { phase: "final_answer" }
      ))
  }
}

const lastOutput = (request: Request): string => {
  const output = request.input.findLast(isFunctionCallOutput)?.output
  return typeof output === "string" ? output : ""
}

export const handle = () =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const say = (text: string) => screen.err(`${text}\n`)
    const place = yield* prepare
    yield* say("This demo needs no account and no network: the MODEL IS SIMULATED, by a server inside this process.")
    yield* say("Signing in, streaming, the tools and the log are the real ones.")
    yield* say(`\nsign-in Continue with ChatGPT, as ${place.email}; agreed to for you`)
    yield* say(`folder  ${place.workspace}\nprompt  ${prompt}\n`)

    const session = yield* SessionStore.makeId
    // Its server ends with the demo, and its home is not the person's.
    yield* runTurn({ session, prompt, folder: place.workspace, model: Option.none(), isResumable: false }).pipe(
      Effect.withConfigProvider(place.config)
    )

    yield* say(`\nThe files are in  ${place.workspace}`)
    yield* say(`The log is in     ${place.home.sessions}/${session}/log.ndjson`)
    yield* say(
      `\nNext: \`effixir login\` with your ChatGPT plan, or set OPENAI_API_KEY; then \`effixir "what is here?"\``
    )
  }).pipe(Effect.scoped, Effect.provide(NodeAgent.layerPlatform))

/** A folder to work in, a home to keep the log in, and a simulator to sign in to. */
const prepare = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* Effect.flatMap(fs.makeTempDirectory({ prefix: "effixir-demo-" }), fs.realPath)
  const workspace = path.join(folder, "work")
  yield* fs.makeDirectory(workspace)
  yield* fs.writeFileString(path.join(workspace, "sales.csv"), sales)
  const home = Home.make(path.join(folder, "home"))

  const simulator = yield* OpenAiSimulator.make({ script, pace: "15 millis", autoApprove: true })
  const config = ConfigProvider.fromMap(
    new Map([
      ["EFFIXIR_HOME", home.path],
      ["EFFIXIR_ISSUER", simulator.issuer],
      ["OPENAI_BASE_URL", simulator.apiBaseUrl]
    ])
  )
  const email = yield* signIn.pipe(
    Effect.provide([NodeAgent.layerHome, NodeCallbackServer.layerAnyPort, Layer.succeed(Browser, { open: visit })]),
    Effect.withConfigProvider(config)
  )
  return { workspace, home, config, email }
})

/** The real sign-in; the simulated browser agrees to everything in place of the person. */
const signIn = Effect.gen(function*() {
  const store = yield* CredentialStore
  const credential = yield* credentialOf(ChatGptLogin.login({ keep: store.save }))
  return credential.email ?? "somebody"
})

const visit = (url: string): Effect.Effect<void> => Effect.ignore(Effect.tryPromise(() => fetch(url)))
