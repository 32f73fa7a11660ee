/**
 * The tools that every agent with a workspace has.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Bash from "./Bash.ts"
import type { CommandRunner } from "./CommandRunner.ts"
import * as Edit from "./Edit.ts"
import type { Files } from "./Files.ts"
import * as Read from "./Read.ts"
import type { SeenFiles } from "./SeenFiles.ts"
import * as Toolkit from "./Toolkit.ts"
import type { Workspace } from "./Workspace.ts"
import * as Write from "./Write.ts"

/** @since 0.1.0 @category toolkits */
export const toolkit: Toolkit.Toolkit<CommandRunner | FileSystem.FileSystem | Files | SeenFiles | Workspace> = Toolkit
  .make(
    Read.tool,
    Write.tool,
    Edit.tool,
    Bash.tool
  )
