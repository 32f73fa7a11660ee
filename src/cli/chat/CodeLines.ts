/**
 * Lines of code, each of which is drawn when it is complete: plain here, in colours by `Highlighter.ts`.
 */
import { type Row, span } from "./StyledText.ts"

export interface Highlighter {
  /** The lines of a piece of code, one after the other. */
  readonly lines: (language: string | undefined) => Lines
}

export interface Lines {
  /** The next line, for good. */
  readonly next: (line: string) => Row
  /** The next line as far as it is known. */
  readonly peek: (line: string) => Row
}

export const plain = (style: string): Lines => ({
  next: (line) => [span(line, style)],
  peek: (line) => [span(line, style)]
})
