/** A whole turn of the command line, beside Node alone and other agents. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { OpenAiSimulator, Script } from "../../src/testing/index.ts"
import { compare, type Side } from "../program.ts"

/** A call of the shell, whatever its tool is called, and then fifty pieces of text. */
const script: Script.Script = ({ input, tools }) => {
  if (input.some((item) => item.type === "function_call_output")) {
    return Script.answer(Script.say(Array.from({ length: 50 }, (_, n) => `word${n}`).join(" ")))
  }
  const names = new Set(tools.map(({ name }) => name))
  if (names.has("exec_command")) return Script.answer(Script.call("exec_command", { cmd: "true" }))
  if (names.has("shell_command")) return Script.answer(Script.call("shell_command", { command: "true" }))
  if (names.has("shell")) return Script.answer(Script.call("shell", { command: ["true"] }))
  return Script.answer(Script.call("bash", { command: "true" }))
}

const isInstalled = (name: string) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0

/** The first of the folders is this checkout, the second one of an earlier commit; both are built. */
export const wholeTurn = async (folders: ReadonlyArray<string>, rounds: number): Promise<void> => {
  const base = mkdtempSync(join(tmpdir(), "effixir-bench-"))
  const measure = Effect.gen(function*() {
    const simulator = yield* OpenAiSimulator.make({ script })
    const sides = sidesOf(base, folders, simulator.apiBaseUrl, Redacted.value(simulator.apiKey))
    yield* Effect.promise(() =>
      compare("a whole turn of the command line with one bash call and 50 deltas", sides, rounds)
    )
  })
  await Effect.runPromise(Effect.scoped(measure)).finally(() => rmSync(base, { recursive: true, force: true }))
}

const sidesOf = (base: string, folders: ReadonlyArray<string>, url: string, key: string): ReadonlyArray<Side> => {
  const cwd = join(base, "work")
  const codexHome = join(base, "codex")
  const piHome = join(base, "pi")
  for (const folder of [codexHome, piHome, cwd]) mkdirSync(folder)
  writeFileSync(
    join(codexHome, "config.toml"),
    `model = "gpt-6.2-sol"\nmodel_provider = "bench"\n[model_providers.bench]\nname = "bench"\n` +
      `base_url = "${url}"\nenv_key = "OPENAI_API_KEY"\nwire_api = "responses"\n` +
      `[analytics]\nenabled = false\n`
  )
  const models = [{
    id: "gpt-6.2-sol",
    name: "gpt-6.2-sol",
    reasoning: true,
    input: ["text"],
    contextWindow: 200_000,
    maxTokens: 8000
  }]
  writeFileSync(
    join(piHome, "models.json"),
    JSON.stringify({
      providers: {
        bench: { baseUrl: url, apiKey: "OPENAI_API_KEY", api: "openai-responses", models }
      }
    })
  )
  const codex = process.env["CODEX_BINARY"] ?? "codex"
  const pi = process.env["PI_BINARY"] ?? "pi"
  const node = process.execPath
  const side = (name: string, command: string, args: ReadonlyArray<string>, env = {}): Side => ({
    name,
    command,
    args,
    cwd,
    env: { HOME: base, OPENAI_API_KEY: key, OPENAI_BASE_URL: url, ...env }
  })
  const effixir = (name: string, folder: string) => {
    const home = join(base, name)
    mkdirSync(home)
    const program = join(folder, "dist/bin/effixir.js")
    return side(name, node, [program, "run", "--json", "--deltas", "Go"], { EFFIXIR_HOME: home })
  }
  const [ours, before] = folders
  return [
    side("node -e 0", node, ["-e", "0"]),
    ...before === undefined ? [] : [effixir("effixir run, before", before)],
    ...ours === undefined
      ? []
      : [{ ...effixir("effixir run", ours), ...before === undefined ? {} : { comparedWith: "effixir run, before" } }],
    ...isInstalled(codex)
      ? [
        side(
          "codex exec",
          codex,
          ["exec", "--json", "--skip-git-repo-check", "--sandbox", "danger-full-access", "Go"],
          { CODEX_HOME: codexHome }
        )
      ]
      : [],
    ...isInstalled(pi)
      ? [
        side("pi -p", pi, ["-p", "--mode", "json", "--provider", "bench", "--model", "gpt-6.2-sol", "Go"], {
          PI_CODING_AGENT_DIR: piHome,
          PI_OFFLINE: "1"
        })
      ]
      : []
  ]
}
