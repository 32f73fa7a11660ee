import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { existsSync, readFileSync } from "node:fs"
import * as ProcessGroup from "../../src/node/process/ProcessGroup.ts"
import * as ArtifactFiles from "../../src/node/session/ArtifactFiles.ts"
import * as NodeFiles from "../../src/node/workspace/NodeFiles.ts"
import * as NodeFileSearch from "../../src/node/workspace/NodeFileSearch.ts"
import { outputText } from "../../src/responses/ToolCall.ts"
import * as BuiltIn from "../../src/tools/builtin/BuiltIn.ts"
import type { CallContext } from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { FileSearch } from "../../src/tools/workspace/FileSearch.ts"
import * as SeenFiles from "../../src/tools/workspace/SeenFiles.ts"
import * as Workspace from "../../src/tools/workspace/Workspace.ts"

export const context: CallContext = { callId: "call_1", sessionId: "session-1", progress: () => Effect.void }

/** Calls a tool as the model does: with a name and a string of JSON. */
export const call = (name: string, args: unknown) =>
  Effect.flatMap(ToolExecutor.ToolExecutor, (executor) =>
    executor.execute({
      type: "function_call",
      call_id: context.callId,
      name,
      arguments: typeof args === "string" ? args : JSON.stringify(args)
    }, context)).pipe(Effect.map(({ output, ...result }) => ({ ...result, output: outputText(output), raw: output })))

/** What a call says that must go well. */
export const succeed = (name: string, args: unknown) =>
  Effect.map(call(name, args), ({ output, status }) => {
    assert.strictEqual(status, "completed", output)
    return output
  })

/** What a call says that must go wrong. */
export const fail = (name: string, args: unknown) =>
  Effect.map(call(name, args), ({ output, status }) => {
    assert.strictEqual(status, "failed", output)
    return output
  })

/**
 * A folder `work` of its own for each test, as the workspace. Beside it, and not to be touched, is the folder `outside`
 * with one file; `link-out` leads there from within, and `link-in` to the folder `inside` of the workspace.
 */
export const layerWorkspace = Layer.unwrapScoped(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "effixir-" })
  yield* fs.makeDirectory(`${folder}/root/inside`, { recursive: true })
  yield* fs.makeDirectory(`${folder}/outside`)
  yield* fs.writeFileString(`${folder}/outside/secret.txt`, "secret")
  yield* fs.symlink("../outside", `${folder}/root/link-out`)
  yield* fs.symlink("inside", `${folder}/root/link-in`)
  return Workspace.layer({ root: `${folder}/root` })
})).pipe(Layer.provideMerge(Layer.merge(NodeContext.layer, ProcessGroup.layer)))

/** All built-in tools, also those of which an agent has one or the other. */
export const everything = Toolkit.merge(
  BuiltIn.make({ changes: "edit" }),
  BuiltIn.make({ changes: "apply_patch", webSearch: true, background: true })
)

/** What is too long to be shown goes beside the workspace, into the folder `sessions`. */
const artifacts = Layer.unwrapEffect(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const { root } = yield* Workspace.Workspace
  const folder = `${root}/../sessions`
  yield* fs.makeDirectory(`${folder}/${context.sessionId}`, { recursive: true })
  return ArtifactFiles.layer({ folder })
}))

/** The built-in tools at work in such a folder, on a file system of which some methods do something else. */
export const layerWith = (methods: Partial<FileSystem.FileSystem>) =>
  ToolExecutor.layer(everything).pipe(
    Layer.provide(Layer.mergeAll(NodeFiles.layer, SeenFiles.layer, artifacts)),
    Layer.provide(Layer.effect(
      FileSystem.FileSystem,
      Effect.map(FileSystem.FileSystem, (fs) => ({ ...fs, ...methods }))
    )),
    Layer.provideMerge(Layer.mergeAll(layerWorkspace, ProcessGroup.layer, NodeFileSearch.layer))
  )

/** The built-in tools at work in such a folder. */
export const layer = layerWith({})

/** The built-in tools with a search of its own, to which folders with these ends of their paths are closed. */
export const layerWithSearch = (search: Layer.Layer<FileSearch>, locked: ReadonlyArray<string> = []) =>
  ToolExecutor.layer(BuiltIn.toolkit).pipe(
    Layer.provide(Layer.effect(
      FileSearch,
      Effect.map(FileSearch, (service) => ({
        ...service,
        entries: (folders: ReadonlyArray<string>) =>
          Effect.map(
            service.entries(folders),
            (all) =>
              all.map((entries, index) => locked.some((end) => folders[index]?.endsWith(end)) ? Option.none() : entries)
          )
      }))
    )),
    Layer.provide(search),
    Layer.provide(Layer.mergeAll(NodeFiles.layer, SeenFiles.layer, artifacts)),
    Layer.provideMerge(Layer.merge(layerWorkspace, ProcessGroup.layer))
  )

/** The path of a file of the workspace, however it is spelled: nothing here is checked. */
export const at = (path: string) => Effect.map(Workspace.Workspace, ({ root }) => `${root}/${path}`)

export const put = (path: string, content: string | Uint8Array) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
    yield* fs.writeFile(yield* at(path), bytes)
  })

/** Puts files there, with the folders above them. */
export const plant = (files: Readonly<Record<string, string>>) =>
  Effect.forEach(Object.entries(files), ([name, content]) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* at(name)
      yield* fs.makeDirectory(file.slice(0, file.lastIndexOf("/")), { recursive: true })
      yield* put(name, content)
    }), { discard: true })

/** The text of a file, byte order mark included. */
export const get = (path: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(yield* fs.readFile(yield* at(path)))
  })

/** The names of all that is in a folder, temporary files too. */
export const names = (path = ".") =>
  Effect.flatMap(at(path), (folder) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(folder)))

/** Whether a process still runs; one that has ended and only waits to be noticed does not. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const stat = `/proc/${pid}/stat`
  return !existsSync(stat) || !/\) Z/.test(readFileSync(stat, "utf8"))
}
