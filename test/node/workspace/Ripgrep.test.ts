import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import * as NodeFileSearch from "../../../src/node/workspace/NodeFileSearch.ts"
import * as Ripgrep from "../../../src/node/workspace/Ripgrep.ts"
import * as SecretFiles from "../../../src/tools/permission/SecretFiles.ts"
import { at, layerWithSearch, plant, put, succeed } from "../../tools/support.ts"

const ripgrep = Option.getOrUndefined(Ripgrep.find())

/** A program that writes down where it is started with what, runs some lines of shell, and then is ripgrep. */
const wrapped = (before = "") =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "effixir-" })
    const log = `${folder}/starts`
    yield* fs.writeFileString(
      `${folder}/rg`,
      `#!/bin/sh\nprintf '%s\\0' "$PWD" "$@" >> ${log}\nprintf '\\n\\0' >> ${log}\n${before}\nexec ${ripgrep} "$@"\n`
    )
    yield* fs.chmod(`${folder}/rg`, 0o755)
    return {
      program: `${folder}/rg`,
      /** The folder and the words of each start. */
      starts: Effect.sync(() =>
        existsSync(log)
          ? readFileSync(log, "utf8").split("\n\0").slice(0, -1).map((start) => start.split("\0").slice(0, -1))
          : []
      )
    }
  })

/** What a ripgrep that is started so may open: a folder is for the files in it, but for hidden ones and links. */
const openedBy = ([folder = "", ...args]: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.slice(args.indexOf("--") + 1).flatMap((word) => {
    const path = word.startsWith("/") ? word : word === "." ? folder : `${folder}/${word.slice(2)}`
    if (path.startsWith("/proc/") || !existsSync(path)) return []
    if (!statSync(path).isDirectory()) return [path]
    return readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile() && !entry.name.startsWith("."))
      .map(({ name }) => `${path}/${name}`)
  })

const isDenied = (path: string) => path.includes("/deny/") || path.endsWith("/denied.ts")

const secrets = SecretFiles.make({ isDenied })

/** Files, ignore files, secrets and links, deep and shallow: the same ones for a seed. */
const generated = (seed: number) => {
  let state = seed
  const one = <A>(of: ReadonlyArray<A>): A => {
    state = (state * 1103515245 + 12345) % 2 ** 31
    return of[Math.floor(state / 2 ** 31 * of.length)] as A
  }
  const names = ["a.txt", "é.ts", "-", "-x", "c d.ts", "dist/x.ts", "deny/y.ts", "#1!.ts", "1.ts", "2.ts", "3.ts"]
    .concat(
      ["[n]/4.ts", "b.log", "[x]{y}*.log", " z\\?.log ", "t\t.log", "n\n.log", "ö!.log"],
      [".env", "server.key", ".hidden", "denied.ts", "KEEP.pem"]
    )
  const texts = ["hit\n", "Hit at\r\nhit", "miss\n", "", "hit\0", "miss\nmiss\nhit\nmiss\n", "hit \uFFFD ä\n"]
  const rules = ["*.log\n", "dist/\n!b.log\n", "/a.txt\n", "**/x.ts\n", "[\n#\n", "*.pem\n*.log\n", "*.key\n/[[]n]/\n"]
  const files: Record<string, string> = {}
  for (let n = 0; n < 160; n++) {
    const folder = Array.from({ length: one([0, 1, 2, 3]) }, () => one(["one", "two", ".dot", "thr[e]{e}"])).join("/")
    files[`${folder}/${one(names)}`] = one(texts)
    if (n % 6 === 0) files[`${folder}/${one([".gitignore", ".ignore", ".rgignore"])}`] = one(rules)
  }
  return files
}

const calls: ReadonlyArray<Readonly<Record<string, unknown>>> = [
  { limit: 5 },
  { limit: 1000, context: 1 },
  { limit: 1000, ignore_case: true, glob: "**/{.*,*}" },
  { limit: 1000, glob: "!1.ts" },
  { limit: 1000, glob: "*.{log,key}" },
  { limit: 1000, path: "one" }
]

describe.runIf(ripgrep !== undefined)("ripgrep", () => {
  it.scopedLive("finds what is found without it, and opens nothing secret or denied", () =>
    Effect.gen(function*() {
      let whole = 0
      for (let seed = 1; seed <= 8; seed++) {
        const { program, starts } = yield* wrapped()
        const outputs: Array<ReadonlyArray<string>> = []
        for (const search of [undefined, program]) {
          const outcome = yield* Effect.gen(function*() {
            const fs = yield* FileSystem.FileSystem
            yield* plant(generated(seed))
            yield* fs.symlink("../outside", yield* at("leads-out"))
            yield* fs.symlink("../../outside/secret.txt", yield* at("inside/leads-out.ts"))
            const all = yield* Effect.forEach(calls, (more) => succeed("grep", { pattern: "hit|secret", ...more }))
            for (const start of yield* starts) {
              if (start.includes("--files-with-matches")) whole += openedBy(start).length > 1 ? 1 : 0
              for (const path of openedBy(start)) {
                assert.isFalse(secrets.isHidden(path), `${path} may be opened by ${start.join(" ")}`)
              }
            }
            return all
          }).pipe(
            Effect.provideService(SecretFiles.SecretFiles, secrets),
            Effect.provide(layerWithSearch(NodeFileSearch.layerWith({ ripgrep: search })))
          )
          outputs.push(outcome)
        }
        const [without, withIt] = outputs
        assert.deepStrictEqual(withIt, without, `seed ${seed}`)
        for (const output of withIt ?? []) {
          assert.notMatch(output, /^[^[\n]*(\.env|\.key|\.pem|deny\/|denied|leads-out)/m)
        }
      }
      assert.isAbove(whole, 0)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive(
    "is started a few times for a tree, and told of folders instead of files",
    () =>
      Effect.gen(function*() {
        const { program, starts } = yield* wrapped()
        yield* Effect.gen(function*() {
          for (let folder = 0; folder < 100; folder++) {
            mkdirSync(yield* at(`${folder}`))
            for (let n = 0; n < 100; n++) writeFileSync(yield* at(`${folder}/${n}.txt`), `number ${n}\n`)
            writeFileSync(yield* at(`${folder}/own.log`), "number 7\n")
          }
          yield* plant({ ".gitignore": "*.log\n", "77/server.key": "number 7", "78/.env": "number 7" })
          assert.strictEqual(
            yield* succeed("grep", { pattern: "nowhere to be found", glob: "{*,.*}" }),
            "[No line matches.]\n[2 files that may hold secrets were left out.]"
          )
        }).pipe(Effect.provide(layerWithSearch(NodeFileSearch.layerWith({ ripgrep: program }))))
        const all = yield* starts
        assert.isAtMost(all.length, 4)
        assert.isBelow(all.flat().filter((word) => word.endsWith(".txt")).length, 3000)
        assert.isAbove(all.flat().filter((word) => /^--glob=.*own\.log$/.test(word)).length, 90)
      }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive(
    "shows nothing of what takes the place of a folder or a file while it searches",
    () =>
      Effect.gen(function*() {
        const swaps = ["mv sub gone; ln -s ../outside sub", "rm sub/a.txt; ln -s ../../outside/secret.txt sub/a.txt"]
        for (const swap of swaps) {
          for (const isNamed of [false, true]) {
            const { program, starts } = yield* wrapped(
              isNamed
                // What ripgrep has named is looked for where it was, and is not there.
                ? `case "$*" in *--files-with-matches*) ${ripgrep} "$@"; code=$?; ${swap}; exit $code;; esac`
                : `[ -e gone -o -L sub/a.txt ] || { ${swap}; }`
            )
            yield* Effect.gen(function*() {
              yield* plant({ "sub/a.txt": "secret\n", "sub/b.txt": "none\n", "z.txt": "secret\n" })
              const output = yield* succeed("grep", { pattern: "secret" })
              assert.match(output, /^z\.txt:1:secret(\n\[1 file or folder could not be read\.\])?$/)
              assert.isTrue(!isNamed || output.includes("could not be read"))
            }).pipe(Effect.provide(layerWithSearch(NodeFileSearch.layerWith({ ripgrep: program }))))
            assert.isAbove((yield* starts).length, 1)
          }
        }
      }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive("is not left behind when the search is over", () =>
    Effect.gen(function*() {
      const { program, starts } = yield* wrapped("echo $$ > pid; sleep 1000")
      yield* Effect.gen(function*() {
        yield* put("a.txt", "hit\n")
        const fiber = yield* Effect.fork(succeed("grep", { pattern: "hit" }))
        const pid = yield* at("pid")
        yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => existsSync(pid) })
        yield* Fiber.interrupt(fiber)
        yield* Effect.repeat(Effect.sleep("20 millis"), {
          until: () => !existsSync(`/proc/${readFileSync(pid, "utf8").trim()}/exe`)
        })
      }).pipe(Effect.provide(layerWithSearch(NodeFileSearch.layerWith({ ripgrep: program }))))
      assert.lengthOf(yield* starts, 1)
    }).pipe(Effect.provide(NodeContext.layer)))
})
