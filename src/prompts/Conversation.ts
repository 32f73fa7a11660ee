/**
 * What is put into a conversation where something is missing, does not fit, or can be said only in another way.
 *
 * @internal
 */

/**
 * The output of a call whose end nobody saw.
 *
 * @since 0.1.0
 * @category outputs
 */
export const unknownOutcome = "[The call was interrupted before it ended. What it did until then is not known.]"

/**
 * The output of a call that was never begun.
 *
 * @since 0.1.0
 * @category outputs
 */
export const notRun = "[The call was not run: the turn ended before its time came.]"

/**
 * The output of a call that the conversation no longer has.
 *
 * @since 0.1.0
 * @category outputs
 */
export const outputWithoutCall = (output: unknown): string =>
  `The output of an earlier call: ${typeof output === "string" ? output : JSON.stringify(output)}`

/**
 * What the model is asked when its answer does not fit the schema. Not every server shows it the schema of the request.
 *
 * @since 0.1.0
 * @category repairs
 */
export const unusableAnswer = (problem: string, schema: string): string =>
  `That answer cannot be used: ${problem}. Answer again with nothing but JSON that fits this JSON Schema: ${schema}`

/**
 * The output of a call that gave an image, where outputs may only be text.
 *
 * @since 0.1.0
 * @category images
 */
export const imageFollows = "An image; it follows."

/**
 * Stands before those images, in a message of the user.
 *
 * @since 0.1.0
 * @category images
 */
export const imagesOfOutputs = "The images of these outputs:"

/**
 * In the place of an image, for a model that cannot see.
 *
 * @since 0.1.0
 * @category images
 */
export const imageNotSeen = "[An image was here; this model cannot see images.]"

/**
 * In the place of an image that a tool gave, for a server that has refused it.
 *
 * @since 0.1.0
 * @category images
 */
export const imageNotTaken = "[An image was here; this server does not take images from tools.]"

/**
 * In the place of any image, once the server has refused one and it is not known which.
 *
 * @since 0.1.0
 * @category images
 */
export const imageRefused = "[An image was here; the server refused it.]"

/**
 * A part of a message that the server cannot be sent is named, so that the model does not answer as if there had been
 * nothing.
 *
 * @since 0.1.0
 * @category images
 */
export const cannotBeShown = (type: string | undefined): string => `[${type ?? "A part"} cannot be shown here.]`

/**
 * What was piped in beside a request. `isCut` if it had not ended when the request was made.
 *
 * @since 0.1.0
 * @category inputs
 */
export const piped = (text: string, isCut: boolean): string => {
  const tag = tagFor(text)
  return `This was piped in beside the request${isCut ? "; its end did not come in time" : ""}:\n<${tag}>\n${text}${
    text.endsWith("\n") ? "" : "\n"
  }</${tag}>`
}

/**
 * The same where it is too long to be sent: its beginning, and where all of it is.
 *
 * @since 0.1.0
 * @category inputs
 */
export const pipedToFile = (start: string, isCut: boolean, { bytes, location }: {
  readonly bytes: number
  readonly location: string
}): string =>
  `${piped(start, isCut)}\nThat is only its beginning. All of it (${bytes.toLocaleString("en-US")} bytes) is in ` +
  `${location}: commands can read and search it`

/**
 * Said with a prompt of the user: what still runs that the model has started.
 *
 * @since 0.1.0
 * @category inputs
 */
export const stillRunning = (processes: ReadonlyArray<{ readonly id: string; readonly command: string }>): string =>
  `Still running in the background: ${processes.map(({ command, id }) => `${id} (${command})`).join(", ")}.`

/** A tag that the text does not end by itself. */
const tagFor = (text: string): string => {
  let tag = "stdin"
  for (let n = 2; text.includes(`</${tag}>`); n++) tag = `stdin-${n}`
  return tag
}
