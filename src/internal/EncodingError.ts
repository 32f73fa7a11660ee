/** An answer has a content encoding that cannot be undone: it is broken, cut off, or not known. */
export class EncodingError extends Error {
  override readonly name = "EncodingError"
  constructor(encoding: string, problem: string) {
    super(`the answer has the content encoding "${encoding}", which nobody asked for: ${problem}`)
  }
}
