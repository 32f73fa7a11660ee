import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawn } from "node:child_process"
import { open } from "node:fs/promises"
import * as ProcessGroup from "../../src/node/process/ProcessGroup.ts"
import * as ArtifactFiles from "../../src/node/session/ArtifactFiles.ts"
import * as NodeFiles from "../../src/node/workspace/NodeFiles.ts"
import * as NodeFileSearch from "../../src/node/workspace/NodeFileSearch.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as SeenFiles from "../../src/tools/workspace/SeenFiles.ts"
import * as Workspace from "../../src/tools/workspace/Workspace.ts"
import { at, call, everything, fail, layer, layerWorkspace, put, succeed } from "./support.ts"

const patch = (...lines: ReadonlyArray<string>) => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n")

/** Every way of a tool that changes or reads one file to a path. */
const fileWays = (path: string): ReadonlyArray<readonly [string, unknown]> => [
  ...directWays(path),
  ["apply_patch", patch("*** Update File: mine.txt", `*** Move to: ${path}`, "-mine", "+leaked")]
]

const directWays = (path: string): ReadonlyArray<readonly [string, unknown]> => [
  ["read", { path }],
  ["write", { path, content: "leaked" }],
  ["edit", { path, old_string: "e", new_string: "leaked", replace_all: true }],
  ["apply_patch", patch(`*** Add File: ${path}`, "+leaked")],
  ["apply_patch", patch(`*** Update File: ${path}`, `-${hidden}`, "+leaked")],
  ["apply_patch", patch(`*** Delete File: ${path}`)]
]

/** Every way of a tool that looks at folders to a path. */
const folderWays = (path: string): ReadonlyArray<readonly [string, unknown]> => [
  ["ls", { path }],
  ["find", { path, pattern: "**" }],
  ["grep", { path, pattern: ".", glob: "**" }],
  ["bash", { command: "ls; cat *", workdir: path }]
]

/** What deletes a link deletes only the link: that comes last. */
const ways = (path: string) => [...folderWays(path), ...fileWays(path)]

const isDeletion = ([, args]: readonly [string, unknown]) => typeof args === "string" && args.includes("Delete File")

/** The tools in a workspace whose paths are put elsewhere by `swap` between the check and the use. */
const layerSwapping = (swap: Effect.Effect<unknown>) =>
  ToolExecutor.layer(everything).pipe(
    Layer.provide(Layer.mergeAll(NodeFiles.layer, SeenFiles.layer, ArtifactFiles.layer({ folder: "unused" }))),
    Layer.provide(Layer.merge(ProcessGroup.layer, NodeFileSearch.layer)),
    Layer.provide(Layer.effect(
      Workspace.Workspace,
      Effect.map(Workspace.Workspace, (workspace) => ({
        ...workspace,
        resolve: (path: string) => Effect.tap(workspace.resolve(path), () => swap),
        resolvePlace: (path: string) => Effect.tap(workspace.resolvePlace(path), () => swap),
        resolveToRead: (path: string) => Effect.tap(workspace.resolveToRead(path), () => swap)
      }))
    ))
  )

/** What the one file outside holds, and its neighbour is called: neither is ever to be seen inside. */
const hidden = "hidden-7f3a"

const layOut = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  yield* put("../outside/secret.txt", hidden)
  yield* put(`../outside/${hidden}.txt`, "also hidden")
  yield* put("mine.txt", "mine\n")
  const links = {
    "link-to-file": "../outside/secret.txt",
    "inside/link-to-link": "../link-out",
    "link-up": "..",
    "link-to-root": "/",
    "link-to-process": "/proc/self/root",
    "link-absolute": yield* at("../outside"),
    "dangling": "../outside/new.txt",
    "dangling-folder": "../outside/new",
    "loop": "loop",
    "loop-a": "loop-b",
    "loop-b": "loop-a/.."
  }
  for (const [path, target] of Object.entries(links)) yield* fs.symlink(target, yield* at(path))
  return links
})

const outsideIsSafe = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const outside = yield* at("../outside")
  assert.sameMembers(yield* fs.readDirectory(outside), ["secret.txt", `${hidden}.txt`])
  assert.strictEqual(yield* fs.readFileString(`${outside}/secret.txt`), hidden)
})

const assertTellsNothing = (output: string, what: string) => {
  assert.notInclude(output.replaceAll(`-${hidden}`, ""), hidden, what)
  assert.notInclude(output, "also hidden", what)
}

const linuxOnly = process.platform === "linux"

describe("Nobody gets out of the workspace", () => {
  it.live("by a path that leads out", () =>
    Effect.gen(function*() {
      const links = yield* layOut
      const outside = yield* at("../outside")
      const handle = yield* Effect.acquireRelease(Effect.promise(() => open(outside)), (handle) =>
        Effect.promise(() => handle.close()))
      const processPaths = linuxOnly
        ? ["/proc/self/root", "/proc/thread-self/root", `/proc/${process.pid}/root`, "/proc/self/cwd/../../../../../.."]
          .map((start) =>
            `${start}${outside}`
          )
          .concat(`/proc/self/fd/${handle.fd}`, `/dev/fd/${handle.fd}`)
        : []
      const folders = [
        "../outside",
        "../outside/",
        "../outside/.",
        "..//outside",
        "inside/../../outside",
        "./././../outside",
        "inside/.././/../outside",
        "not/there/../../../outside",
        "link-in/../../outside",
        "link-out",
        "link-out/",
        "link-in/link-to-link",
        "link-up/outside",
        "link-absolute",
        `link-to-root${outside}`,
        outside,
        `/${outside}`,
        `${outside}/../outside/.`,
        `${"../".repeat(1000)}${outside.slice(1)}`,
        ...processPaths,
        ...linuxOnly ? [`link-to-process${outside}`] : []
      ]
      const ownLinks = new Set([
        "link-out",
        "link-out/",
        "link-in/link-to-link",
        "link-absolute",
        "link-to-file",
        "link-to-file/"
      ])
      const files = [
        ...folders.flatMap((folder) => [`${folder}/secret.txt`, `${folder}/new.txt`, `${folder}/new/b.txt`]),
        ...folders,
        "link-to-file",
        "link-to-file/",
        "../outside/secret.txt/.",
        "/proc/self/environ",
        "/proc/self/mem",
        "/dev/stdin",
        "/dev/zero",
        ".."
      ]
      const tries = [
        ...files.flatMap((path) => fileWays(path).filter((way) => !isDeletion(way) || !ownLinks.has(path))),
        ...files.flatMap(folderWays)
      ]
      for (const [name, args] of tries) {
        const { output, status } = yield* call(name, args)
        assert.strictEqual(status, "failed", `${name} ${JSON.stringify(args)}: ${output}`)
        assertTellsNothing(output, `${name} ${JSON.stringify(args)}`)
      }
      for (const [path, target] of Object.entries(links)) {
        for (const [name, args] of ways(path)) {
          assertTellsNothing((yield* call(name, args)).output, `${name} ${JSON.stringify(args)}, a link to ${target}`)
        }
      }
      yield* outsideIsSafe
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.live("by a path that only looks like one that leads out", () =>
    Effect.gen(function*() {
      yield* layOut
      const outside = yield* at("../outside")
      const paths = [
        "~/secret.txt",
        "~root/secret.txt",
        "$PWD/../outside/secret.txt",
        "$(echo ..)/outside/secret.txt",
        "a\0/../../outside/secret.txt",
        "../outside/secret.txt\0.png",
        "\u2024\u2024/outside/secret.txt",
        "\u2025/outside/secret.txt",
        "..\uFF0Foutside\uFF0Fsecret.txt",
        "..\u2215outside\u2215secret.txt",
        "%2e%2e/outside/secret.txt",
        "..%2foutside%2fsecret.txt",
        "..\\outside\\secret.txt",
        ".. /outside/secret.txt",
        " ../outside/secret.txt",
        ".../outside/secret.txt",
        "..;/outside/secret.txt",
        "\u202E../outside/secret.txt",
        "LINK-OUT/secret.txt",
        "Link-To-File",
        "../OUTSIDE/secret.txt",
        `file://${outside}/secret.txt`,
        "loop/../../outside/secret.txt",
        "dangling-folder/../secret.txt",
        "link-out/../outside/secret.txt",
        "a/".repeat(3000),
        `${"x".repeat(300)}/../../outside/secret.txt`,
        "x".repeat(5000),
        "-rf",
        "--help",
        "mine.txt/../../outside/secret.txt",
        "*/../../outside/secret.txt",
        "{..,.}/outside/secret.txt"
      ]
      for (const [name, args] of paths.flatMap(ways)) {
        const { output } = yield* call(name, args)
        assertTellsNothing(output, `${name} ${JSON.stringify(args)}`)
        assert.notMatch(output, /^\s+at |\[object |undefined/m)
      }
      yield* outsideIsSafe
      const fs = yield* FileSystem.FileSystem
      assert.isFalse(yield* fs.exists(yield* at("~")))
    }).pipe(Effect.provide(layer)))

  it.live("by a glob", () =>
    Effect.gen(function*() {
      yield* layOut
      const outside = yield* at("../outside")
      const globs = [
        "../**",
        "../outside/*",
        "**/../../outside/*",
        "{..,.}/outside/*",
        "[.][.]/outside/*",
        `${outside}/**`,
        `/proc/self/root${outside}/*`,
        "link-*/**",
        "link-out/*",
        "**/secret.txt",
        "!nothing",
        "+(..|.)/outside/*"
      ]
      for (const glob of globs) {
        for (const path of [".", "inside"]) {
          assertTellsNothing((yield* call("find", { pattern: glob, path })).output, glob)
          assertTellsNothing((yield* call("grep", { pattern: ".", glob, path })).output, glob)
        }
      }
    }).pipe(Effect.provide(layer)))

  it.live(
    "by what a search goes by: ignore files that are links are not read, and pipes not waited for",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* layOut
        // Were it read, what it names would be left out.
        yield* put("../outside/secret.txt", "mine.txt\n")
        yield* fs.makeDirectory(yield* at(".git/info"), { recursive: true })
        const looks = Effect.gen(function*() {
          assert.include(yield* Effect.timeout(succeed("ls", {}), "1 minute"), "mine.txt")
          assert.include(yield* Effect.timeout(succeed("find", { pattern: "*.txt" }), "1 minute"), "mine.txt")
        })
        for (const name of [".gitignore", ".ignore", ".git/info/exclude"]) {
          yield* fs.symlink(yield* at("../outside/secret.txt"), yield* at(name))
          yield* looks
          yield* fs.remove(yield* at(name))
          yield* Command.exitCode(Command.make("mkfifo", yield* at(name)))
          yield* looks
          yield* fs.remove(yield* at(name))
        }
        yield* fs.rename(yield* at("../outside/secret.txt"), yield* at("../outside/exclude"))
        yield* fs.remove(yield* at(".git/info"), { recursive: true })
        yield* fs.symlink("../../outside", yield* at(".git/info"))
        yield* looks
      }).pipe(Effect.provide(layer))
  )

  it.live("by a file that has a second name outside: it may be read, and is never changed there", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* layOut
      for (const [name, args] of fileWays("hard.txt")) {
        yield* fs.remove(yield* at("hard.txt"), { force: true })
        yield* fs.link(yield* at("../outside/secret.txt"), yield* at("hard.txt"))
        yield* call(name, args)
        yield* outsideIsSafe
      }
    }).pipe(Effect.provide(layer)))

  it.live("by a folder that becomes a link after its path was checked", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* layOut
      const folder = yield* at("inside")
      const swap = Effect.gen(function*() {
        yield* fs.remove(folder, { recursive: true, force: true })
        yield* fs.symlink("../outside", folder)
      }).pipe(Effect.orDie)
      for (
        const [name, args] of [
          ...fileWays("inside/secret.txt"),
          ...fileWays("inside/new.txt"),
          ...fileWays("inside/new/b.txt"),
          ...folderWays("inside"),
          ["grep", { path: "inside/secret.txt", pattern: "." }]
        ] as const
      ) {
        yield* fs.remove(folder, { recursive: true, force: true })
        yield* fs.makeDirectory(folder)
        yield* put("inside/secret.txt", "inner text")
        yield* put("mine.txt", "mine\n")
        const { output } = yield* Effect.provide(call(name, args), layerSwapping(swap))
        assertTellsNothing(output, `${name} ${JSON.stringify(args)}`)
        yield* outsideIsSafe
      }
    }).pipe(Effect.provide(layerWorkspace)))

  it.live("by a file that becomes a link after its path was checked", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* layOut
      const file = yield* at("a.txt")
      const swap = Effect.gen(function*() {
        yield* fs.remove(file, { force: true })
        yield* fs.symlink("../outside/secret.txt", file)
      }).pipe(Effect.orDie)
      for (const [name, args] of [...fileWays("a.txt"), ["grep", { path: "a.txt", pattern: "." }] as const]) {
        yield* fs.remove(file, { force: true })
        yield* put("a.txt", "my own")
        const { output } = yield* Effect.provide(call(name, args), layerSwapping(swap))
        assertTellsNothing(output, `${name} ${JSON.stringify(args)}`)
        yield* outsideIsSafe
      }
    }).pipe(Effect.provide(layerWorkspace)))

  it.live("by a folder that is a folder and a link by turns", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* layOut
      const [folder, link, place] = [yield* at("../real"), yield* at("../link"), yield* at("inside")]
      yield* fs.remove(place, { recursive: true })
      yield* fs.makeDirectory(folder)
      yield* fs.writeFileString(`${folder}/secret.txt`, "inner text")
      yield* fs.symlink(yield* at("../outside"), link)
      // Another program, as fast as it can.
      const swapping = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn("sh", [
            "-c",
            `while :; do mv -T "$1" "$2"; mv -T "$2" "$1"; mv -T "$3" "$2"; mv -T "$2" "$3"; done`,
            "sh",
            folder,
            place,
            link
          ], { stdio: "ignore", detached: true })
        ),
        // Its last move must be over before the folders are removed.
        (child) =>
          Effect.async<void>((resume) => {
            child.once("exit", () => resume(Effect.void))
            process.kill(-(child.pid ?? 0), "SIGKILL")
          })
      )
      // It was there at times, and at times it was not.
      const wanted = ["read completed", "read failed", "ls completed", "bash completed", "bash failed"]
      const start = performance.now()
      const seen = new Set<string>()
      const goesOn = (): boolean => {
        const since = performance.now() - start
        return since < 4000 || since < 60_000 && wanted.some((one) => !seen.has(one))
      }
      while (goesOn()) {
        for (
          const [name, args] of [
            ...fileWays("inside/secret.txt"),
            ...fileWays("inside/new.txt"),
            ["ls", { path: "inside" }],
            ["find", { pattern: "**" }],
            ["find", { path: "inside", pattern: "**" }],
            ["grep", { path: "inside", pattern: "." }],
            ["grep", { pattern: "." }],
            ["grep", { path: "inside/secret.txt", pattern: "." }],
            // Many times, since a command takes long and the moment that counts is short.
            ...Array.from({ length: 8 }, () =>
              ["bash", { command: "cat secret.txt; pwd; ls", workdir: "inside" }] as const)
          ] as const
        ) {
          const { output, status } = yield* call(name, args)
          seen.add(`${name} ${status}`)
          assertTellsNothing(output, `${name} ${JSON.stringify(args)}`)
          yield* outsideIsSafe
        }
      }
      assert.isNull(swapping.exitCode)
      assert.includeMembers([...seen], wanted)
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.live("by a workspace that is moved away, with a link in its place", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* layOut
      const { root } = yield* Workspace.Workspace
      yield* fs.rename(root, `${root}-moved`)
      yield* fs.symlink("outside", root)
      for (const path of ["secret.txt", "new.txt", "."]) {
        for (const [name, args] of ways(path)) {
          const { output, status } = yield* call(name, args)
          assert.strictEqual(status, "failed", `${name} ${JSON.stringify(args)}: ${output}`)
          assertTellsNothing(output, name)
        }
      }
      yield* fs.remove(root)
      yield* fs.rename(`${root}-moved`, root)
      yield* outsideIsSafe
    }).pipe(Effect.provide(layer)))
})

describe("What is no file", () => {
  it.live.runIf(process.platform !== "win32")(
    "is refused in a sentence, and not waited for",
    () =>
      Effect.gen(function*() {
        yield* Command.exitCode(Command.make("mkfifo", yield* at("pipe")))
        for (
          const [path, why] of [["pipe", /is not a regular file|exists already/], [
            "inside",
            /is a folder|exists already/
          ]] as const
        ) {
          for (const [name, args] of directWays(path)) {
            assert.match(yield* Effect.timeout(fail(name, args), "1 minute"), why)
          }
        }
      }).pipe(Effect.provide(layer))
  )

  it.live.runIf(process.platform === "linux")(
    "may be a device in a workspace of devices",
    () =>
      Effect.gen(function*() {
        for (const path of ["zero", "random", "full"]) {
          for (const [name, args] of directWays(path)) {
            assert.match(yield* Effect.timeout(fail(name, args), "1 minute"), /is not a regular file|exists already/)
          }
        }
      }).pipe(
        Effect.provide(
          layerSwapping(Effect.void).pipe(
            Layer.provide(Workspace.layer({ root: "/dev" })),
            Layer.provideMerge(layerWorkspace)
          )
        )
      )
  )
})
