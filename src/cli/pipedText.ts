/**
 * The text in bytes that were piped in, whatever a shell has made of it.
 */
import * as Effect from "effect/Effect"
import * as FileKind from "../tools/workspace/FileKind.ts"
import { BadInput } from "./ExitCode.ts"

/**
 * UTF-16, which PowerShell writes, is told by its mark or by its zeros. What is no text is refused. `isCut` if more would
 * have come, so that the last character may not be whole.
 */
export const decode = (bytes: Uint8Array, isCut = false): Effect.Effect<string, BadInput> =>
  Effect.suspend(() => {
    const encoding = encodingOf(bytes)
    if (encoding === undefined) return refusal(bytes)
    try {
      return Effect.succeed(new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: isCut }))
    } catch {
      return encoding === "utf-8"
        ? new BadInput({ message: `${notText}. Convert it first, as with \`iconv -f latin1 -t utf-8\`` })
        : refusal(bytes)
    }
  })

const notText = "What came from stdin is not valid UTF-8, and was not sent"

const refusal = (bytes: Uint8Array) => {
  const kind = FileKind.fromBytes(bytes)
  return new BadInput({
    message: kind?.image !== undefined
      ? `What came from stdin is a ${kind.name}, and was not sent: give it as a file, with -i FILE`
      : `What came from stdin is no text${kind === undefined ? "" : ` but a ${kind.name}`}, and was not sent`
  })
}

const encodingOf = (bytes: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" | undefined => {
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes
  if (first === 0xff && second === 0xfe) return third === 0 && fourth === 0 && bytes.length > 3 ? undefined : "utf-16le"
  if (first === 0xfe && second === 0xff) return "utf-16be"
  if (!bytes.includes(0)) return "utf-8"
  const head = bytes.subarray(0, 1024)
  const zeros = [0, 0]
  for (const [at, byte] of head.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1
  const [even = 0, odd = 0] = zeros
  // Of text in Latin letters, every other byte is one.
  if (odd > head.length * 0.3 && even === 0) return "utf-16le"
  return even > head.length * 0.3 && odd === 0 ? "utf-16be" : undefined
}
