/**
 * The tools that every agent with a workspace has.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Bash from "./Bash.ts"
import type { CommandRunner } from "./CommandRunner.ts"
import * as Edit from "./Edit.ts"
import type { FileSearch } from "./FileSearch.ts"
import * as Find from "./Find.ts"
import * as Grep from "./Grep.ts"
import * as Ls from "./Ls.ts"
import * as Read from "./Read.ts"
import * as Toolkit from "./Toolkit.ts"
import type { Workspace } from "./Workspace.ts"
import * as Write from "./Write.ts"

/** @since 0.1.0 @category toolkits */
export const toolkit: Toolkit.Toolkit<CommandRunner | FileSearch | FileSystem.FileSystem | Path.Path | Workspace> =
  Toolkit.make(
    Read.tool,
    Write.tool,
    Edit.tool,
    Bash.tool,
    Grep.tool,
    Find.tool,
    Ls.tool
  )
