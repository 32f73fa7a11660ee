/**
 * Prompts that a person, or a trusted project, has written down: `NAME.md` is the command `/NAME`.
 */
import * as Effect from "effect/Effect"
import { readdir, readFile } from "node:fs/promises"
import { basename, join } from "node:path"
import * as ProjectInstructions from "../agent/ProjectInstructions.ts"
import { line } from "../internal/visible.ts"

export interface OwnPrompt {
  readonly name: string
  /** What can be written behind the name; empty if nothing. */
  readonly words: string
  readonly summary: string
  /** The prompt with these words in their places. */
  readonly fill: (words: string) => string
}

/** A longer one is left out, in bytes. */
const maxBytes = 64 * 1024

/** Those of the person, then those of a trusted project down to the folder. Of the same name the nearest counts. */
export const load = Effect.fnUntraced(function*(folder: string, prompts: string, isTrusted: boolean) {
  const folders = isTrusted ? yield* ProjectInstructions.foldersTo(folder) : []
  const places = [prompts, ...folders.map((folder) => join(folder, ".agents", "prompts"))]
  const found = yield* Effect.forEach(places, (place) => Effect.promise(() => readAll(place)))
  return [...new Map(found.flat().map((prompt) => [prompt.name, prompt])).values()]
})

const readAll = async (folder: string): Promise<ReadonlyArray<OwnPrompt>> => {
  const names = await readdir(folder).catch(() => [])
  const read = await Promise.all(
    names.filter((name) => /^[\p{L}\p{N}][\p{L}\p{N}_-]*\.md$/u.test(name)).toSorted().map(async (name) => {
      const text = await readFile(join(folder, name), "utf8").catch(() => "")
      return text.trim() === "" || text.length > maxBytes ? [] : [promptOf(basename(name, ".md"), text)]
    })
  )
  return read.flat()
}

const promptOf = (name: string, text: string): OwnPrompt => {
  const [, head = "", body = text] = /^---[ \t]*\r?\n([^]*?)\r?\n---[ \t]*(?:\r?\n|$)([^]*)$/.exec(text) ?? []
  const described = /^description:[ \t]*["']?(.*?)["']?[ \t]*$/m.exec(head)?.[1]
  const first = body.trim().split("\n", 1)[0] ?? ""
  return {
    name,
    words: takesWords(body) ? "[WORDS]" : "",
    summary: line((described ?? first).slice(0, 100)),
    fill: (words) => filled(body.trim(), words)
  }
}

const takesWords = (body: string): boolean => /\$(?:ARGUMENTS\b|[1-9])/.test(body)

/** `$1` to `$9` are the words, which may be in quotes, and `$ARGUMENTS` is all of them; without a place they come last. */
export const filled = (body: string, words: string): string => {
  if (!takesWords(body)) return words === "" ? body : `${body}\n\n${words}`
  const each = Array.from(
    words.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
    ([, double, single, bare]) => double ?? single ?? bare ?? ""
  )
  return body.replaceAll(
    /\$(ARGUMENTS\b|[1-9])/g,
    (_, which: string) => which === "ARGUMENTS" ? words : each[Number(which) - 1] ?? ""
  )
}
