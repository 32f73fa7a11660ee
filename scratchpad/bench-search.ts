/**
 * How fast `grep`, `find` and `ls` are over a tree of many small files, next to `rg`, GNU grep, and with `--before` the
 * code of another checkout. Every run has a process of its own, the sides take turns, and medians are told. The time of
 * ours is that of the call alone, as in a session that runs already. `npm run bench:search`.
 */
import * as Option from "effect/Option"
import { execFile, fork } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { rolldown } from "rolldown"
import * as Ripgrep from "../src/node/workspace/Ripgrep.ts"
import type { Answer } from "./bench-search/call.ts"
import { work } from "./bench-search/work.ts"
import { median, ratio, type Row, tell } from "./table.ts"

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "100000" },
    runs: { type: "string", default: "5" },
    before: { type: "string" }
  }
})
const files = Number(values.files)

/** Modules of a hundred files, as of a big repository: a few hold the needle, some are ignored, secret, or links. */
const plant = (root: string): void => {
  const put = (path: string, text: string) => writeFileSync(`${root}/${path}`, text)
  mkdirSync(`${root}/.git`)
  put(".gitignore", "dist/\n*.log\n!keep.log\n")
  let seed = 1
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    return Math.floor(seed / 2 ** 31 * below)
  }
  const words = "const value export function return import type string number alpha beta gamma delta".split(" ")
  const line = () => Array.from({ length: 6 }, () => words[random(words.length)]).join(" ")
  for (let module = 0; module * 100 < files; module++) {
    const folder = `package-${module % 20}/module-${module}`
    mkdirSync(`${root}/${folder}/dist`, { recursive: true })
    put(`${folder}/dist/bundle.js`, "needle ignored\n")
    put(`${folder}/run.log`, "needle ignored\n")
    if (module % 10 === 0) put(`${folder}/.env.local`, "needle=secret\n")
    if (module % 10 === 0) put(`${folder}/server.key`, "needle secret\n")
    if (module % 10 === 0) put(`${folder}/.gitignore`, "/own.txt\n")
    if (module % 10 === 0) symlinkSync("../..", `${root}/${folder}/up`)
    for (let file = 0; file < 100 && module * 100 + file < files; file++) {
      const lines = Array.from({ length: 5 + random(40) }, line)
      if (file === 7 && module % 100 === 50) lines.push("a needle in the haystack")
      if (file % 50 === 9) lines.push("one straw in every fiftieth file")
      put(`${folder}/file-${file}.ts`, `${lines.join("\n")}\n`)
    }
  }
}

const folder = fileURLToPath(new URL("../node_modules/.cache/bench-search/", import.meta.url))

/** The tools of one checkout in one file, since what runs TypeScript directly makes functions slower. */
const build = async (name: string, checkout: string): Promise<string> => {
  const bundle = await rolldown({
    input: fileURLToPath(new URL("bench-search/call.ts", import.meta.url)),
    platform: "node",
    external: /^[^./]/,
    plugins: [{
      name: "checkout",
      resolveId: (source) => source.startsWith("../../src/") ? `${checkout}/${source.slice(6)}` : undefined
    }]
  })
  await bundle.write({ file: `${folder}${name}.js`, format: "esm", codeSplitting: false })
  await bundle.close()
  return `${folder}${name}.js`
}

const call = (program: string, root: string, tool: string, args: unknown, ripgrep: string | undefined) => () =>
  new Promise<Answer>((resolve, reject) => {
    const child = fork(program, [root, tool, JSON.stringify(args), ...ripgrep === undefined ? [] : [ripgrep]], {
      env: { PATH: process.env["PATH"] }
    })
    let answer: Answer | undefined
    child.once("message", (told) => {
      answer = told as Answer
    })
    // Not before: what it costs to end it is nobody else's.
    child.once(
      "exit",
      (code) =>
        answer === undefined ? reject(new Error(`a process ended with ${code} and told nothing`)) : resolve(answer)
    )
  })

const run = (program: string, args: ReadonlyArray<string>, root: string) => () =>
  new Promise<Answer>((resolve, reject) => {
    const start = performance.now()
    const before = work()
    const own = process.cpuUsage()
    execFile(program, args, { cwd: root, maxBuffer: 2 ** 30 }, (error, output) => {
      const { system, user } = process.cpuUsage(own)
      // That nothing matches is told by the code 1.
      if (error !== null && error.code !== 1) reject(error)
      else {
        const milliseconds = performance.now() - start
        resolve({ milliseconds, work: work() - before - (user + system) / 1000, output, memory: 0 })
      }
    })
  })

type Side = readonly [title: string, measure: () => Promise<Answer>]

const compare = async (title: string, sides: ReadonlyArray<Side>): Promise<void> => {
  const answers = new Map(sides.map(([name]) => [name, [] as Array<Answer>]))
  for (let n = -1; n < Number(values.runs); n++) {
    for (const [name, measure] of sides) {
      const answer = await measure()
      // The first round fills the cache of the system.
      if (n >= 0) answers.get(name)?.push(answer)
    }
  }
  const [first = ["", []]] = answers
  const rows = [...answers].map(([name, all]): Row => {
    const of = (field: "milliseconds" | "work" | "memory") => all.map((answer) => answer[field])
    const output = all[0]?.output ?? ""
    const memory = median(of("memory"))
    return {
      name,
      cells: [
        median(of("milliseconds")).toFixed(0),
        median(of("work")).toFixed(0),
        memory === 0 ? "" : (memory / 1e6).toFixed(0),
        `${output.trimEnd().split("\n").length}${output.includes("[The search was stopped") ? ", cut off" : ""}`
      ],
      times: name === first[0]
        ? undefined
        : { ratio: ratio(of("milliseconds"), first[1].map(({ milliseconds }) => milliseconds)), of: first[0] }
    }
  })
  tell({
    title: `${title}, in ${files} files, medians of ${values.runs} runs`,
    columns: ["ms", "CPU ms", "MB", "lines"],
    rows
  })
}

const base = mkdtempSync(`${tmpdir()}/effixir-bench-`)
const root = `${base}/tree`
try {
  mkdirSync(root)
  plant(root)
  const rg = Option.getOrUndefined(Ripgrep.find())
  const now = await build("now", fileURLToPath(new URL("..", import.meta.url)))
  const before = values.before === undefined ? undefined : await build("before", values.before)
  const ours = (tool: string, args: unknown): ReadonlyArray<Side> => [
    ...rg === undefined || tool !== "grep" ? [] : [[`${tool}, with rg`, call(now, root, tool, args, rg)] as const],
    [tool === "grep" ? "grep, without rg" : tool, call(now, root, tool, args, undefined)],
    ...before === undefined ? [] : [[`${tool}, before`, call(before, root, tool, args, rg)] as const]
  ]
  const theirs = (...args: ReadonlyArray<string>): ReadonlyArray<Side> =>
    rg === undefined ? [] : [[`rg ${args.join(" ")}`, run(rg, ["--no-config", ...args, "."], root)]]
  const lines = (pattern: string): ReadonlyArray<Side> => [
    ...theirs("-n", pattern),
    ...ours("grep", { pattern, limit: 1000 }),
    ["GNU grep -rn", run("grep", ["-rnE", pattern, "."], root)]
  ]
  await compare("a rare word", lines("needle"))
  await compare("a pattern that never matches", lines("[a-z]+[0-9]{3}[xyz]"))
  await compare("a word in two thousand files", lines("straw"))
  await compare("a word in every file", lines("alpha"))
  await compare("find, few", [...theirs("--files", "-g", "file-7.ts"), ...ours("find", { pattern: "file-7.ts" })])
  await compare("find, none", [...theirs("--files", "-g", "nothing"), ...ours("find", { pattern: "nothing" })])
  await compare("ls", ours("ls", {}))
} finally {
  rmSync(base, { recursive: true, force: true })
}
