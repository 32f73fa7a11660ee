/**
 * What is checked of this machine: Node, other programs, the terminal.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { execFile } from "node:child_process"
import { delimiter, isAbsolute, join } from "node:path"
import { isExecutable } from "../../node/files/isExecutable.ts"
import * as ChildEnvironment from "../../node/process/ChildEnvironment.ts"
import * as NodeSandbox from "../../node/sandbox/NodeSandbox.ts"
import * as Ripgrep from "../../node/workspace/Ripgrep.ts"
import { settings } from "../settings.ts"
import { type Check, fail, type Finding, ok, skipped, warn } from "./Check.ts"

const leastNode = [20, 19] as const

export const node: Check = {
  id: "node.version",
  look: Effect.sync(() => {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
    const isOld = major < leastNode[0] || major === leastNode[0] && minor < leastNode[1]
    return isOld
      ? fail(
        `Node ${process.versions.node} is older than effixir can use`,
        `Install Node ${leastNode.join(".")} or newer`
      )
      : ok(`Node ${process.versions.node}`)
  })
}

export const ripgrep: Check = {
  id: "tools.ripgrep",
  look: Effect.suspend(() =>
    Option.match(Ripgrep.find(), {
      onNone: () =>
        Effect.succeed(
          warn(
            "ripgrep (rg) is not installed; searches do without it, more slowly",
            "Install ripgrep with the package manager of this system"
          )
        ),
      onSome: (file) => versionOf(file, "ripgrep")
    })
  )
}

export const git: Check = {
  id: "tools.git",
  look: Effect.suspend(() => {
    const file = (process.env["PATH"] ?? "").split(delimiter).filter(isAbsolute).map((folder) => join(folder, "git"))
      .find(isExecutable)
    return file === undefined
      ? Effect.succeed(
        warn(
          "git is not installed; the model is not told of branches and changes",
          "Install git with the package manager of this system"
        )
      )
      : versionOf(file, "git")
  })
}

const versionOf = Effect.fnUntraced(function*(file: string, name: string) {
  const env = yield* ChildEnvironment.make()
  return yield* Effect.async<Finding>((resume) => {
    const child = execFile(file, ["--version"], { env, cwd: "/", timeout: 5000 }, (error, stdout) => {
      const [first = ""] = stdout.split("\n")
      resume(Effect.succeed(
        error === null && first !== ""
          ? ok(`${first} (${file})`)
          : warn(`${file} does not run: ${error?.message.split("\n")[0] ?? "it says nothing"}`, `Install ${name} anew`)
      ))
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })
})

/** A sandbox that was asked for, and is not there, stops every run. */
export const sandbox: Check<FileSystem.FileSystem | Path.Path> = {
  id: "sandbox.available",
  look: Effect.gen(function*() {
    const asked = yield* Effect.option(Effect.map(settings("."), ({ sandbox }) => sandbox))
    const mode = Option.getOrUndefined(asked)
    const found = yield* NodeSandbox.find
    if (Either.isRight(found)) {
      return ok(
        mode === "off" ? "Commands could be kept in a sandbox; \"sandbox\" is off" : "Commands run in a sandbox"
      )
    }
    const { reason, remedy } = found.left
    if (mode === "off") return ok(`Commands run without a sandbox, as "sandbox" says; there is none either: ${reason}`)
    return mode === undefined
      ? warn(`Commands run without a sandbox: ${reason}`, remedy)
      : fail(`The sandbox "${mode}" cannot be had, so nothing runs: ${reason}`, remedy)
  })
}

const leastColumns = 60

export const size: Check = {
  id: "terminal.size",
  look: Effect.sync(() => {
    const { columns, isTTY, rows } = process.stdout.isTTY ? process.stdout : process.stderr
    if (!isTTY) return skipped("The output is no terminal")
    if (!columns || !rows) {
      return warn("The terminal does not say how large it is; 80 columns are taken", "Set it: stty columns 80 rows 24")
    }
    return columns < leastColumns
      ? warn(
        `The terminal has ${columns} columns, and questions and tables need ${leastColumns}`,
        "Make the window wider, or its letters smaller"
      )
      : ok(`${columns} columns and ${rows} rows`)
  })
}

export const color: Check = {
  id: "terminal.color",
  look: Effect.sync(() => {
    const stream = process.stdout.isTTY ? process.stdout : process.stderr
    if (!stream.isTTY) return skipped("The output is no terminal")
    if ((process.env["NO_COLOR"] ?? "") !== "") return ok("No colours are used: NO_COLOR is set")
    if (process.env["TERM"] === "dumb") return ok("No colours are used: TERM is dumb")
    const depth = stream.getColorDepth()
    return depth < 4 ? ok("The terminal has no colours") : ok(`The terminal has ${2 ** depth} colours`)
  })
}
