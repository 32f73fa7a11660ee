/**
 * Every item whose shape is known, for programs that distinguish them; most programs need only those of `Item`.
 *
 * The shapes ask for what a client needs and no more, because servers differ in the rest. A `status` is a word about
 * how far the server is: `in_progress`, `completed`, `incomplete`, `failed`, …
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { guardOf } from "../internal/guardOf.ts"
import { JsonObject, NullableText } from "../internal/wire.ts"
import * as Item from "./Item.ts"

/**
 * A command for the shell of the client, by models that bring such a tool. `action` holds `command`, a list of words.
 * It is answered with a function call output.
 *
 * @since 0.1.0
 * @category schemas
 */
export const LocalShellCall = Schema.Struct({
  type: Schema.Literal("local_shell_call"),
  call_id: NullableText,
  action: JsonObject,
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type LocalShellCall = typeof LocalShellCall.Type

/**
 * Commands for a shell, by the API's shell tool.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ShellCall = Schema.Struct({
  type: Schema.Literal("shell_call"),
  call_id: Schema.String,
  action: JsonObject,
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type ShellCall = typeof ShellCall.Type

/**
 * What those commands gave: `stdout`, `stderr` and an `outcome` each.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ShellCallOutput = Schema.Struct({
  type: Schema.Literal("shell_call_output"),
  call_id: Schema.String,
  output: Schema.Array(JsonObject)
}, JsonObject)

/** @since 0.1.0 @category models */
export type ShellCallOutput = typeof ShellCallOutput.Type

/**
 * A change of one file, by the API's patch tool. `operation` holds a `type`, a `path` and a `diff`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ApplyPatchCall = Schema.Struct({
  type: Schema.Literal("apply_patch_call"),
  call_id: Schema.String,
  operation: JsonObject,
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type ApplyPatchCall = typeof ApplyPatchCall.Type

/**
 * The result of that change.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ApplyPatchCallOutput = Schema.Struct({
  type: Schema.Literal("apply_patch_call_output"),
  call_id: Schema.String,
  output: NullableText,
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type ApplyPatchCallOutput = typeof ApplyPatchCallOutput.Type

/**
 * The model searches for tools that the request does not list. `execution` is `client` or `server`; `arguments` is an
 * object.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolSearchCall = Schema.Struct({
  type: Schema.Literal("tool_search_call"),
  call_id: NullableText,
  execution: NullableText,
  arguments: Schema.Unknown,
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type ToolSearchCall = typeof ToolSearchCall.Type

/**
 * The tools that were found.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolSearchOutput = Schema.Struct({
  type: Schema.Literal("tool_search_output"),
  call_id: NullableText,
  execution: NullableText,
  tools: Schema.Array(JsonObject),
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type ToolSearchOutput = typeof ToolSearchOutput.Type

/**
 * A search that the server runs. `action` is `search`, `open_page` or `find_in_page`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const WebSearchCall = Schema.Struct({
  type: Schema.Literal("web_search_call"),
  action: Schema.optional(Schema.NullOr(JsonObject)),
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type WebSearchCall = typeof WebSearchCall.Type

/**
 * A search in files that are kept at the server.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FileSearchCall = Schema.Struct({
  type: Schema.Literal("file_search_call"),
  queries: Schema.optional(Schema.Array(Schema.String)),
  results: Schema.optional(Schema.NullOr(Schema.Array(JsonObject))),
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type FileSearchCall = typeof FileSearchCall.Type

/**
 * Code that the server runs.
 *
 * @since 0.1.0
 * @category schemas
 */
export const CodeInterpreterCall = Schema.Struct({
  type: Schema.Literal("code_interpreter_call"),
  code: NullableText,
  container_id: NullableText,
  outputs: Schema.optional(Schema.NullOr(Schema.Array(JsonObject))),
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type CodeInterpreterCall = typeof CodeInterpreterCall.Type

/**
 * An image that the server makes. `result` is base64.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ImageGenerationCall = Schema.Struct({
  type: Schema.Literal("image_generation_call"),
  result: NullableText,
  revised_prompt: NullableText,
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type ImageGenerationCall = typeof ImageGenerationCall.Type

/**
 * A click, a key or a look at a screen that the client controls.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ComputerCall = Schema.Struct({
  type: Schema.Literal("computer_call"),
  call_id: Schema.String,
  action: Schema.optional(Schema.NullOr(JsonObject)),
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type ComputerCall = typeof ComputerCall.Type

/**
 * What the screen shows after it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ComputerCallOutput = Schema.Struct({
  type: Schema.Literal("computer_call_output"),
  call_id: Schema.String,
  output: JsonObject,
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type ComputerCallOutput = typeof ComputerCallOutput.Type

/**
 * A call of a tool of an MCP server, made by the server itself.
 *
 * @since 0.1.0
 * @category schemas
 */
export const McpCall = Schema.Struct({
  type: Schema.Literal("mcp_call"),
  name: Schema.String,
  server_label: Schema.String,
  arguments: Schema.String,
  output: NullableText,
  error: Schema.optional(Schema.Unknown)
}, JsonObject)

/** @since 0.1.0 @category models */
export type McpCall = typeof McpCall.Type

/**
 * The tools of an MCP server.
 *
 * @since 0.1.0
 * @category schemas
 */
export const McpListTools = Schema.Struct({
  type: Schema.Literal("mcp_list_tools"),
  server_label: Schema.String,
  tools: Schema.Array(JsonObject),
  error: Schema.optional(Schema.Unknown)
}, JsonObject)

/** @since 0.1.0 @category models */
export type McpListTools = typeof McpListTools.Type

/**
 * The server asks whether it may make such a call.
 *
 * @since 0.1.0
 * @category schemas
 */
export const McpApprovalRequest = Schema.Struct({
  type: Schema.Literal("mcp_approval_request"),
  name: Schema.String,
  server_label: Schema.String,
  arguments: Schema.String
}, JsonObject)

/** @since 0.1.0 @category models */
export type McpApprovalRequest = typeof McpApprovalRequest.Type

/**
 * Our answer to that.
 *
 * @since 0.1.0
 * @category schemas
 */
export const McpApprovalResponse = Schema.Struct({
  type: Schema.Literal("mcp_approval_response"),
  approval_request_id: Schema.String,
  approve: Schema.Boolean
}, JsonObject)

/** @since 0.1.0 @category models */
export type McpApprovalResponse = typeof McpApprovalResponse.Type

/**
 * A conversation made short by the server. Like encrypted reasoning it is good for one account and model only.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Compaction = Schema.Struct({
  type: Schema.Literal("compaction", "compaction_summary"),
  encrypted_content: Schema.String
}, JsonObject)

/** @since 0.1.0 @category models */
export type Compaction = typeof Compaction.Type

/**
 * The same by an older name.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ContextCompaction = Schema.Struct({
  type: Schema.Literal("context_compaction"),
  encrypted_content: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type ContextCompaction = typeof ContextCompaction.Type

/**
 * Asks for a {@link Compaction}; the last item of a request, and without an id.
 *
 * @since 0.1.0
 * @category schemas
 */
export const CompactionTrigger = Schema.Struct({
  type: Schema.Literal("compaction_trigger")
}, JsonObject)

/** @since 0.1.0 @category models */
export type CompactionTrigger = typeof CompactionTrigger.Type

/**
 * Tools in the input, where models from 5.6 on expect them.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AdditionalTools = Schema.Struct({
  type: Schema.Literal("additional_tools"),
  role: NullableText,
  tools: Schema.Array(JsonObject)
}, JsonObject)

/** @since 0.1.0 @category models */
export type AdditionalTools = typeof AdditionalTools.Type

/**
 * From here on the model thinks as hard as `reasoning.effort` says; what came before stays in the cache.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ConfigurationUpdate = Schema.Struct({
  type: Schema.Literal("configuration_update"),
  reasoning: Schema.optional(Schema.NullOr(JsonObject))
}, JsonObject)

/** @since 0.1.0 @category models */
export type ConfigurationUpdate = typeof ConfigurationUpdate.Type

const schemas = [
  Item.Message,
  Item.Reasoning,
  Item.FunctionCall,
  Item.FunctionCallOutput,
  Item.CustomToolCall,
  Item.CustomToolCallOutput,
  LocalShellCall,
  ShellCall,
  ShellCallOutput,
  ApplyPatchCall,
  ApplyPatchCallOutput,
  ToolSearchCall,
  ToolSearchOutput,
  WebSearchCall,
  FileSearchCall,
  CodeInterpreterCall,
  ImageGenerationCall,
  ComputerCall,
  ComputerCallOutput,
  McpCall,
  McpListTools,
  McpApprovalRequest,
  McpApprovalResponse,
  Compaction,
  ContextCompaction,
  CompactionTrigger,
  AdditionalTools,
  ConfigurationUpdate
] as const

/**
 * An item whose shape is known, by its `type`.
 *
 * @since 0.1.0
 * @category models
 */
export type KnownItem = (typeof schemas)[number]["Type"]

/**
 * An item of a type, or of a shape, that is not known.
 *
 * @since 0.1.0
 * @category models
 */
export interface Unknown {
  readonly type: "unknown"
  readonly raw: Item.Item
}

const knownGuards = new Map([[Item.Item.ast, Item.isItem]])

const guards: ReadonlyMap<string, (u: unknown) => u is KnownItem> = new Map(
  schemas.flatMap((schema) =>
    schema.fields.type.literals.map((type) =>
      [type, guardOf(() => schema as Schema.Schema<KnownItem>, knownGuards)] as const
    )
  )
)

/**
 * The same item, for a `switch` over its `type`. It never fails: what is not known is {@link Unknown}.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromItem = (item: Item.Item): KnownItem | Unknown => {
  const is = guards.get(item.type)
  return is?.(item) === true ? item : { type: "unknown", raw: item }
}
