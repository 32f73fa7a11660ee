/**
 * What the model is told of tools that MCP servers have: how to find them, and what their results hold that is no text.
 *
 * @internal
 */

/** @since 0.1.0 @category search */
export const search = (servers: ReadonlyArray<{ readonly name: string; readonly tools: number }>): string =>
  "Find tools of the connected servers by words, and make them callable. There are more tools than are shown: " +
  `${servers.map(({ name, tools }) => `${name} (${tools})`).join(", ")}. Search before you say that something cannot ` +
  "be done."

/** @since 0.1.0 @category search */
export const found = (tools: ReadonlyArray<{ readonly name: string; readonly description: string }>): string =>
  `These can be called from now on:\n${tools.map(({ description, name }) => `- ${name}: ${description}`).join("\n")}`

/** @since 0.1.0 @category search */
export const noneFound = (servers: ReadonlyArray<string>): string =>
  `[No tool of ${servers.join(", ")} matches. Search with other words.]`

/** @since 0.1.0 @category resources */
export const listResources = (server: string): string =>
  `List what the server ${server} has to read: resources, and templates of their addresses`

/** @since 0.1.0 @category resources */
export const readResource = (server: string): string =>
  `Read a resource of the server ${server}, by the address that ${server} has given`

/** @since 0.1.0 @category results */
export const nothing = "[The tool has run and gave nothing.]"

/** @since 0.1.0 @category results */
export const binary = (what: string, type: string, size: string): string => `[${what}: ${type}, ${size}, not shown]`

/** @since 0.1.0 @category results */
export const unknownContent = (type: string): string => `[Content of the type ${type}, which cannot be shown]`

/** @since 0.1.0 @category results */
export const link = (name: string, uri: string, description: string | undefined): string =>
  `[Link to ${name}: ${uri}${description === undefined ? "" : ` (${description})`}]`

/** @since 0.1.0 @category results */
export const resource = (uri: string, text: string): string => `[${uri}]\n${text}`

/** @since 0.1.0 @category prompts */
export const promptCut = (kept: string): string => `${kept}\n[The rest of the prompt is left out: it is too long.]`

/** @since 0.1.0 @category prompts */
export const promptExample = (said: string): string => `[An answer as it could be:]\n${said}`

/** @since 0.1.0 @category failures */
export const failed = "The tool failed without saying why."

/** @since 0.1.0 @category failures */
export const timedOut = (server: string, time: string): string =>
  `The server ${server} did not answer within ${time}, and was told to stop. What it did until then is not known.`

/** @since 0.1.0 @category failures */
export const closed = (server: string): string =>
  `The connection to the server ${server} was lost before it answered. What it did until then is not known; it is ` +
  "started again with the next call."

/** @since 0.1.0 @category failures */
export const tooMuch = (server: string, size: string): string =>
  `The server ${server} sent more than ${size} at once, and was stopped. Ask it for less.`

/** @since 0.1.0 @category failures */
export const notConnected = (server: string, problem: string): string =>
  `The server ${server} cannot be reached: ${problem}`

/** @since 0.1.0 @category failures */
export const refused = (server: string, problem: string): string => `The server ${server} answered: ${problem}`

/** @since 0.1.0 @category failures */
export const visited = (problem: string): string =>
  `${problem}. The user has opened the page that it wants seen first: ask whether they are done there, then call it again.`

/** @since 0.1.0 @category failures */
export const changed = (tool: string): string =>
  `${tool} has changed since the call was approved, and was not run. Call it again if what it does now is still wanted.`

/**
 * For the agent of another program, which has effixir as a server.
 *
 * @since 0.1.0
 * @category serving
 */
export const agent =
  "Let an agent of its own do a task in this folder. It reads, searches, runs commands and changes files as " +
  "far as it may, and answers when it is done. It knows nothing of your conversation: tell it all that it needs."

/** @since 0.1.0 @category serving */
export const agentAnswered = (answer: string, session: string): string =>
  `${answer}\n\n[Session ${session}: name it to go on with this agent.]`

/** @since 0.1.0 @category serving */
export const agentFailed = (problem: string, session: string): string =>
  agentAnswered(`The agent has failed: ${problem}`, session)

/** @since 0.1.0 @category serving */
export const agentLimited = (limit: string, session: string): string =>
  agentAnswered(`The agent has stopped without an answer: it reached a limit (${limit}).`, session)
