/** Whole programs, each in a terminal of its own, while the same answer comes to them at the same pace. */
import { execFile, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { median, ratio, say, tell } from "../table.ts"
import * as Model from "./model.ts"
import * as Processes from "./processes.ts"

const run = promisify(execFile)

/** How long a program may take to get ready, and to draw what has come, in milliseconds. */
const patience = 120_000

interface Side {
  readonly name: string
  readonly words: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
}

interface Measured {
  /** From the first token to the last one seen, in milliseconds of one processor. */
  readonly cpu: number
  /** From the first token to the last one seen, as a multiple of the time in which they are sent. */
  readonly times: number
  readonly memory: number
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

export const compare = async (
  options: { readonly seconds: number; readonly rate: number; readonly rounds: number; readonly size: Size }
): Promise<void> => {
  const { rate, rounds, seconds, size } = options
  if (process.platform !== "linux" || spawnSync("tmux", ["-V"]).status !== 0) {
    return say("Whole programs are left out: they are measured on Linux, in terminals of tmux, which is not here.\n")
  }
  const base = mkdtempSync(join(tmpdir(), "bench-chat-"))
  const model = await Model.start(seconds * rate, rate)
  try {
    const sides = sidesOf(base, model.url)
    const all = sides.map((): Array<Measured> => [])
    for (let round = 0; round < rounds; round++) {
      for (const [at, side] of sides.entries()) all[at]?.push(await measure(base, side, model, seconds, size))
    }
    const [ours = []] = all
    const of = (side: ReadonlyArray<Measured>, field: keyof Measured) => side.map((one) => one[field])
    tell({
      title: `whole programs that draw ${rate} tokens a second for ${seconds} s in a terminal of ${size.columns} x ` +
        `${size.rows}, medians of ${rounds} rounds`,
      columns: ["% of a processor", "CPU ms in all", "× its time", "MiB"],
      rows: sides.map(({ name }, at) => {
        const side = all[at] ?? []
        const cells = [
          (median(side.map(({ cpu, times }) => cpu / (seconds * 1000 * times))) * 100).toFixed(1),
          median(of(side, "cpu")).toFixed(0),
          median(of(side, "times")).toFixed(2),
          (median(of(side, "memory")) / 2 ** 20).toFixed(0)
        ]
        const times = at === 0
          ? undefined
          : { ratio: ratio(of(side, "cpu"), of(ours, "cpu")), of: sides[0]?.name ?? "" }
        return { name, cells, times }
      })
    })
  } finally {
    model.close()
    rmSync(base, { recursive: true, force: true, maxRetries: 5 })
  }
}

const measure = async (
  base: string,
  side: Side,
  model: Model.Model,
  seconds: number,
  { columns, rows }: Size
): Promise<Measured> => {
  const socket = join(base, "tmux")
  const tmux = async (...args: ReadonlyArray<string>) =>
    (await run("tmux", ["-S", socket, "-f", "/dev/null", ...args])).stdout
  const variables = Object.entries({
    PATH: process.env["PATH"] ?? "",
    HOME: base,
    LANG: "C.UTF-8",
    TERM: "tmux-256color",
    COLORTERM: "truecolor",
    ...side.env
  }).map(([name, value]) => `${name}=${value}`)
  await tmux(
    "new-session",
    "-d",
    "-s",
    "side",
    "-x",
    String(columns),
    "-y",
    String(rows),
    "-c",
    join(base, "work"),
    "--",
    "env",
    "-i",
    ...variables,
    ...side.words
  )
  const screen = () => tmux("capture-pane", "-p", "-t", "side:")
  const see = async (what: string, isSeen: (screen: string) => boolean) => {
    for (const start = performance.now(); !isSeen(await screen()); await setTimeout(20)) {
      if (performance.now() - start > patience) {
        throw new Error(`${side.name}: ${what} is not seen, but\n${await screen()}`)
      }
    }
  }
  try {
    await quiet(screen)
    const { begun, isAsked, sent } = model.next()
    await tmux("send-keys", "-t", "side:", "-l", "Go")
    for (const start = performance.now(); !isAsked();) {
      if (performance.now() - start > patience) throw new Error(`${side.name} asks for nothing\n${await screen()}`)
      // Programs take keys that come together for a paste, and Enter for a line end in it.
      await setTimeout(1000)
      await tmux("send-keys", "-t", "side:", "Enter")
    }
    await begun
    const [before, start] = [Processes.of(base), performance.now()]
    await sent
    await see("the end of the answer", (shown) => shown.includes(Model.lastWords))
    const [after, took] = [Processes.of(base), performance.now() - start]
    return {
      cpu: Processes.sum(after, "cpu") - Processes.sum(before, "cpu"),
      times: took / (seconds * 1000),
      memory: Processes.sum(after, "memory")
    }
  } finally {
    await tmux("kill-server").catch(() => "")
    Processes.end(base)
  }
}

/** Waits until a program has shown something, and shows the same for a second. */
const quiet = async (screen: () => Promise<string>): Promise<void> => {
  let [before, same] = ["", 0]
  for (const start = performance.now(); same < 5 && performance.now() - start < patience; await setTimeout(200)) {
    const now = await screen()
    same = now === before && now.trim() !== "" ? same + 1 : 0
    before = now
  }
}

/** This checkout, and the others that are installed; what is not is told. */
const sidesOf = (base: string, url: string): ReadonlyArray<Side> => {
  const work = join(base, "work")
  const folder = (name: string) => {
    mkdirSync(join(base, name))
    return join(base, name)
  }
  const [codexHome, piHome, ours] = [folder("codex"), folder("pi"), folder("effixir"), folder("work")]
  writeFileSync(
    join(codexHome, "config.toml"),
    `model = "gpt-6.2-sol"\nmodel_provider = "bench"\ncheck_for_update_on_startup = false\n` +
      `[model_providers.bench]\nname = "bench"\nbase_url = "${url}"\nenv_key = "OPENAI_API_KEY"\nwire_api = "responses"\n` +
      `[analytics]\nenabled = false\n[projects."${work}"]\ntrust_level = "trusted"\n`
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
      providers: { bench: { baseUrl: url, apiKey: "OPENAI_API_KEY", api: "openai-responses", models } }
    })
  )
  const key = { OPENAI_API_KEY: "sk-bench", OPENAI_BASE_URL: url }
  const program = fileURLToPath(new URL("../../dist/bin/effixir.js", import.meta.url))
  const peer = (name: string, command: string, variable: string, side: Omit<Side, "name">): ReadonlyArray<Side> => {
    if (spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0) return [{ name, ...side }]
    say(`${name} is left out: "${command}" does not start; ${variable} may name it.`)
    return []
  }
  if (!existsSync(program)) throw new Error("effixir is not built: npm run bundle")
  const codex = process.env["CODEX_BINARY"] ?? "codex"
  const pi = process.env["PI_BINARY"] ?? "pi"
  return [
    { name: "effixir chat", words: [process.execPath, program, "chat"], env: { ...key, EFFIXIR_HOME: ours } },
    ...peer("codex", codex, "CODEX_BINARY", { words: [codex], env: { ...key, CODEX_HOME: codexHome } }),
    ...peer("pi", pi, "PI_BINARY", {
      words: [pi, "--provider", "bench", "--model", "gpt-6.2-sol"],
      env: { ...key, PI_CODING_AGENT_DIR: piHome, PI_OFFLINE: "1" }
    })
  ]
}
