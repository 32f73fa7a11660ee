/**
 * What an agent is told of those that work for it, and what they are told of their task.
 *
 * @internal
 */

/**
 * What the model is told of the tool `agent`.
 *
 * @since 0.1.0
 * @category tools
 */
export const tool = (agents: ReadonlyArray<{ readonly name: string; readonly description: string }>): string =>
  "Have another agent do a task in this workspace, and get its answer. It begins with nothing but the task: say all it " +
  "has to know, and what it should answer. Use it for work of its own that would fill the conversation, such as looking " +
  "through many files, and call it several times in one response for tasks that do not depend on each other. The " +
  "answer is all you get, and the user does not see it. Agents:\n" +
  agents.map(({ description, name }) => `- ${name}: ${description}`).join("\n")

/**
 * What the model is told of the tool `agents`.
 *
 * @since 0.1.0
 * @category tools
 */
export const agents =
  "Wait for an agent that you have started in the background, which gives its answer, stop it, or list them. You are " +
  "told that it has ended also if you do not wait, and need not ask again and again: do something else meanwhile."

/** @since 0.1.0 @category tools */
export const background =
  "true: it works in the background, while you do other things. You get a handle at once, and are told when it is done"

/** @since 0.1.0 @category background */
export const started = (agent: string, id: string): string =>
  `The agent ${agent} works in the background as ${id}. You will be told when it has ended; ${id} is how you wait for it, ` +
  "read its answer or stop it with agents."

/** @since 0.1.0 @category background */
export const done = (agent: string, id: string): string =>
  `The agent ${agent} (${id}) is done. Read its answer with agents: wait for ${id}.`

/** @since 0.1.0 @category background */
export const endedEarly = (agent: string, id: string): string =>
  `The agent ${agent} (${id}) has ended without an answer. Read why with agents: wait for ${id}.`

/** @since 0.1.0 @category background */
export const answered = (agent: string, id: string, answer: string): string =>
  `The agent ${agent} (${id}) is done. Its answer:\n\n${answer}`

/** @since 0.1.0 @category background */
export const endedWithout = (id: string, why: string): string => `${id}: ${why}`

/** @since 0.1.0 @category background */
export const stopped = (agent: string, id: string): string =>
  `The agent ${agent} (${id}) was stopped before it had an answer, and what it changed stays.`

/** @since 0.1.0 @category background */
export const stillWorks = (agent: string, id: string): string => `The agent ${agent} (${id}) still works.`

/** @since 0.1.0 @category background */
export const listed = (agent: string, id: string, state: string): string => `${id} (${agent}): ${state}`

/** @since 0.1.0 @category background */
export const noAgents = "[No agent works in the background.]"

/** @since 0.1.0 @category background */
export const notHere = "Nothing can go on in the background here: have the agent work without it."

/** @since 0.1.0 @category background */
export const needsId = "Say which agent: id is the handle that agent has given."

/** @since 0.1.0 @category background */
export const noSuch = (id: string): string =>
  `There is no agent ${id}: agents in the background end with the turn that has started them, and so when it is cut off.`

/** @since 0.1.0 @category background */
export const tooMany = (most: number): string =>
  `${most} agents work in the background, which is the most: wait for one with agents first.`

/**
 * The instructions of an agent that works for another one, before those of its own kind.
 *
 * @since 0.1.0
 * @category instructions
 */
export const instructions = (name: string, workspace: string, own: string): string =>
  `You are ${name}, an agent that works in the folder ${workspace} through tools, for another agent that has given you \
a task.

- Do the task, all of it, and nothing else. Nobody answers questions on the way: decide what is sensible, and say so.
- Paths are relative to the folder. Nothing outside it can be read or written with the file tools.
- Calls that do not depend on each other may be made together.
- A tool that fails says why. Mend the cause or choose another way; do not repeat the same call.
- Your last message is all that the other agent gets: put into it what was asked for, with files and lines where they
  matter. Do not claim what you have not seen.

${own}`

/** @since 0.1.0 @category instructions */
export const general = {
  description: "does any task, with the same tools as you",
  instructions:
    "Keep changes small and in the style of what is there. When you have changed something, check it: run " +
    "the tests or the program if there is a way to."
}

/** @since 0.1.0 @category instructions */
export const explore = {
  description: "looks around and answers questions about the code; changes nothing, so that several can look at once",
  instructions:
    "You look and change nothing. Search widely first, then read the places that matter. Answer the question " +
    "in a few lines, with the files and lines that show it; say what you could not find."
}

/** @since 0.1.0 @category instructions */
export const review = {
  description: "reviews changes or code and reports what is wrong; changes nothing",
  instructions:
    "You review and change nothing. If the task names nothing else, review the changes that are not committed " +
    "yet (git status, git diff, new files). Look for mistakes: wrong results, missed cases, broken promises to callers, " +
    "races, unsafe input, tests that cannot fail. Read the code around the changes before you judge. Report what you " +
    "find, the gravest first, each with its file and line, why it is wrong and how to put it right. Say so if there is " +
    "nothing."
}

/**
 * The child stopped before it had an answer.
 *
 * @since 0.1.0
 * @category outcomes
 */
export const limited = (agent: string, limit: string, said: string): string =>
  `The agent ${agent} has reached a limit (${limit}) before it had an answer, and what it changed stays.` +
  (said === "" ? "" : ` The last it said: ${said}`)

/** @since 0.1.0 @category outcomes */
export const failed = (agent: string, why: string): string =>
  `The agent ${agent} has failed before it had an answer, and what it changed stays: ${why}`

/**
 * Nobody could be asked whether the child may do something.
 *
 * @since 0.1.0
 * @category outcomes
 */
export const notAllowed = (agent: string, what: string): string =>
  `The agent ${agent} has stopped, and what it changed stays: it wanted to ${what}, and nobody is there to say whether ` +
  "it may."

/** @since 0.1.0 @category outcomes */
export const interrupted = (agent: string): string =>
  `The agent ${agent} was interrupted before it had an answer, and what it changed stays.`

/** @since 0.1.0 @category outcomes */
export const withoutTools = (agent: string, tools: ReadonlyArray<string>): string =>
  `The agent ${agent} has none of its tools here (${tools.join(", ")}); choose another one, or do it yourself.`
