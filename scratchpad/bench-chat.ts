/**
 * What it costs to draw an answer that comes at 5,000 tokens a second, on a terminal of 120 columns: the share of one
 * processor that `effixir chat` takes as a whole, beside `codex` and `pi` where they are installed (CODEX_BINARY and
 * PI_BINARY may name them); and the drawing alone, next to writing the same text as it is. The sides take turns, and
 * medians are told. `npm run bench:chat`, with `-- --seconds 4 --rate 5000 --rounds 3`.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import type { Measured } from "./bench-chat/side.ts"
import { median, ratio, tell } from "./table.ts"

const [job = "", ...args] = process.argv.slice(2)

if (job === "raw" || job === "chat") {
  const { measure } = await import("./bench-chat/side.ts")
  await measure(job, Number(args[0]), Number(args[1]), args[2] ?? "")
} else await compare()

async function compare() {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "4" },
      rate: { type: "string", default: "5000" },
      rounds: { type: "string", default: "3" }
    }
  })
  const { compare: comparePrograms } = await import("./bench-chat/programs.ts")
  await comparePrograms({
    seconds: Number(values.seconds),
    rate: Number(values.rate),
    rounds: Number(values.rounds),
    size: { columns: 120, rows: 40 }
  })
  const folder = mkdtempSync(join(tmpdir(), "bench-chat-"))
  const program = await bundle()
  const all: { readonly [side in "raw" | "chat"]: Array<Measured> } = { raw: [], chat: [] }
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const side of ["raw", "chat"] as const) {
      all[side].push(await run(program, side, values.seconds, values.rate, join(folder, `${side}-${round}.json`)))
    }
  }
  rmSync(folder, { recursive: true })

  const cells = (side: ReadonlyArray<Measured>) => [
    (median(side.map(shareOf)) * 100).toFixed(1),
    median(side.map(({ bytes, tokens }) => bytes / (tokens * 4))).toFixed(1),
    (median(side.map(({ millis }) => millis)) / (Number(values.seconds) * 1000)).toFixed(1),
    (median(side.map(({ memory }) => memory)) / 2 ** 20).toFixed(0)
  ]
  tell({
    title:
      `drawing ${values.rate} tokens a second for ${values.seconds} s on 120 x 40, medians of ${values.rounds} rounds`,
    columns: ["% of a processor", "bytes a character", "× its time", "MiB"],
    rows: [
      { name: "raw writes", cells: cells(all.raw) },
      {
        name: "drawn",
        cells: cells(all.chat),
        times: { ratio: ratio(all.chat.map(shareOf), all.raw.map(shareOf)), of: "raw writes" }
      }
    ]
  })
}

function shareOf({ cpu, millis }: Measured): number {
  return cpu / millis
}

/** On a pseudo-terminal, whose output is read as fast as it comes. */
function run(program: string, side: string, seconds: string, rate: string, file: string): Promise<Measured> {
  const command = `stty cols 120 rows 40; exec ${process.execPath} ${program} ${side} ${seconds} ${rate} ${file}`
  const child = spawn("/usr/bin/script", ["-qefc", command, "/dev/null"], { stdio: ["ignore", "pipe", "inherit"] })
  child.stdout.resume()
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code) =>
      code === 0
        ? resolve(JSON.parse(readFileSync(file, "utf8")) as Measured)
        : reject(new Error(`${side} ended with ${code}`)))
  })
}

/** What runs TypeScript directly makes functions slower. */
async function bundle(): Promise<string> {
  const { rolldown } = await import("rolldown")
  const dir = fileURLToPath(new URL("../node_modules/.cache/bench-chat/", import.meta.url))
  const bundle = await rolldown({ input: fileURLToPath(import.meta.url), platform: "node", external: ["rolldown"] })
  await bundle.write({ dir, format: "esm", cleanDir: true, entryFileNames: "[name].js" })
  await bundle.close()
  return join(dir, "bench-chat.js")
}
