/**
 * The machine itself. Programs find it in `NodeAgent`; here it brings nothing else along.
 *
 * @internal
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as Layer from "effect/Layer"
import * as Layers from "../internal/layers.ts"

/**
 * The file system and paths of this machine.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPlatform: Layer.Layer<FileSystem.FileSystem | Path.Path> = Layers.merge(NodePath.layer)(
  NodeFileSystem.layer
)
