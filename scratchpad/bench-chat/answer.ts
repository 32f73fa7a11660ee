/** An answer as models write it, with all that Markdown has, piece by piece as it is streamed. */
const parts = (n: number): string =>
  `## Part ${n}: what was found

The **parser** reads \`src/input-${n}.ts\` line by line and hands each *finished* block on, so that nothing has to be read
twice. See [the notes](https://example.com/notes/${n}) for how it came to that, and what was tried before it was decided.

1. It splits the text into lines, and keeps the last one until its end is known.
2. It looks at a block when a line shows that it may be complete:
   - a heading and a rule are complete at once,
   - a paragraph ends with a blank line.
3. What is complete is drawn and **forgotten**.

\`\`\`typescript
/** Whether the line ends what is open. */
export const isEnd = (line: string, open: Block | undefined): boolean => {
  if (open === undefined) return false
  const text = \`\${open.indent}\${line}\`
  return text.trim() === "" || ends.test(text) // ${n} of many
}
\`\`\`

| Step | Milliseconds | What it does, and why it is not done elsewhere |
|:-----|-------------:|:-----------------------------------------------|
| read | ${n}.2 | takes the lines from the stream, with their ends |
| lex | 12.${n} | knows **blocks**, and \`inline\` marks within them |
| draw | 3 | wraps words at the width of the terminal, and writes what differs from the picture before |

> A quote of somebody who has been there: *measure it*, then believe it.

`

/** About as many pieces as asked for, of four characters each as most tokens have. The last part is a whole one. */
export const tokens = (count: number): ReadonlyArray<string> => {
  let text = ""
  for (let n = 1; text.length < count * 4; n++) text += parts(n)
  return Array.from({ length: Math.ceil(text.length / 4) }, (_, index) => text.slice(index * 4, index * 4 + 4))
}
