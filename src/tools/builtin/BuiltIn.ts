/**
 * The tools that every agent with a workspace has.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as ToolDescriptions from "../../prompts/ToolDescriptions.ts"
import type { Artifacts } from "../command/Artifacts.ts"
import type { CommandRunner } from "../command/CommandRunner.ts"
import type { Sandbox } from "../command/Sandbox.ts"
import * as Tool from "../Tool.ts"
import * as Toolkit from "../Toolkit.ts"
import type { Files } from "../workspace/Files.ts"
import type { FileSearch } from "../workspace/FileSearch.ts"
import type { SeenFiles } from "../workspace/SeenFiles.ts"
import type { Workspace } from "../workspace/Workspace.ts"
import * as ApplyPatch from "./ApplyPatch.ts"
import * as Bash from "./Bash.ts"
import * as Edit from "./Edit.ts"
import * as Find from "./Find.ts"
import * as Grep from "./Grep.ts"
import * as Ls from "./Ls.ts"
import * as ProcessTool from "./ProcessTool.ts"
import * as Read from "./Read.ts"
import * as UpdatePlan from "./UpdatePlan.ts"
import * as Write from "./Write.ts"

/** @since 0.1.0 @category models */
export interface Options {
  /**
   * How the model changes a part of a file: by quoting it (`edit`, which every model can), or by a patch, which suits
   * models that were trained on `apply_patch`. Only one of the two is offered, so that the model need not choose.
   */
  readonly changes?: "edit" | "apply_patch"
  /** What commands are kept in, as the model is told beforehand. */
  readonly sandbox?: Sandbox | undefined
  /** Whether the server may search the web for the model. */
  readonly webSearch?: boolean
  /** Whether commands can stay in the background, with the tool `process`: for hosts with `Processes.layer`. */
  readonly background?: boolean
}

/**
 * What the built-in tools need.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements =
  | Artifacts
  | CommandRunner
  | FileSearch
  | FileSystem.FileSystem
  | Files
  | Path.Path
  | SeenFiles
  | Workspace

/** @since 0.1.0 @category tools */
export const webSearch: Tool.Tool = Tool.hosted({ type: "web_search" })

/** A tool of which the model is told something else. */
const told = <R>(tool: Tool.Tool<R>, description: string): Tool.Tool<R> => ({
  ...tool,
  declaration: { ...tool.declaration, description }
})

const bash = (background: boolean, sandbox: Sandbox | undefined) => {
  const tool = background ? Bash.toolWithBackground : Bash.tool
  return sandbox === undefined ? tool : told(tool, ToolDescriptions.bashInSandbox(sandbox))
}

/**
 * @example
 * ```ts
 * import { BuiltIn, ToolExecutor, Toolkit } from "effixir"
 *
 * // The tools of a coding agent, without a shell.
 * const Executor = ToolExecutor.layer(Toolkit.omit(BuiltIn.make({ webSearch: true }), "bash"))
 * ```
 *
 * @since 0.1.0 @category toolkits
 */
export const make = (
  { background = false, changes = "edit", sandbox, webSearch: searches = false }: Options = {}
): Toolkit.Toolkit<Requirements> =>
  Toolkit.omit(
    Toolkit.make(
      Read.tool,
      Write.tool,
      Edit.tool,
      ApplyPatch.tool,
      bash(background, sandbox),
      ProcessTool.tool,
      Grep.tool,
      Find.tool,
      Ls.tool,
      UpdatePlan.tool,
      webSearch
    ),
    changes === "edit" ? ApplyPatch.tool.name : Edit.tool.name,
    ...(background ? [] : [ProcessTool.tool.name]),
    ...(searches ? [] : [webSearch.name])
  )

/** @since 0.1.0 @category toolkits */
export const toolkit: Toolkit.Toolkit<Requirements> = make()
