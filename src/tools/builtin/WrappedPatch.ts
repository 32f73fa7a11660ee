/**
 * Patches in what models wrap them in: a fence of Markdown, a here-document, or the command that other agents have for
 * them.
 *
 * @internal
 */
import { resolve } from "../../internal/paths.ts"

/** @since 0.1.0 @category format */
export const begin = "*** Begin Patch"

/** @since 0.1.0 @category format */
export const end = "*** End Patch"

/**
 * The lines of a patch without what stands around it; the same lines if that is more than a wrapping.
 *
 * @since 0.1.0
 * @category decoding
 */
export const unwrap = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const first = lines.slice(0, maxWrapping + 1).findIndex((line) => line.trim() === begin)
  const last = lines.findLastIndex((line) => line.trim() === end)
  if (first === -1 || last < first) return lines
  const [before, after] = [lines.slice(0, first), lines.slice(last + 1)]
  return before.every(opens) && after.length <= maxWrapping && after.every(closes)
    ? lines.slice(first, last + 1)
    : lines
}

/** How many lines may stand around a patch, at each end. */
const maxWrapping = 4

const opens = (line: string): boolean =>
  /^\s*(?:(?:`{3,}|~{3,})[\w-]*|\$?\s*(?:apply_?patch)?\s*(?:<<-?\s*(['"\\]?)\w+['"]?)?|<<-?\s*['"]?\w+['"]?)\s*$/.test(
    line
  )

const closes = (line: string): boolean => /^\s*(?:`{3,}|~{3,}|[A-Z_]*)\s*$/.test(line)

/**
 * The patch that a shell command applies and does nothing else, with its paths as seen from the folder of the workspace
 * that the command runs in. Of a command that does more, or does something else, nothing.
 *
 * @since 0.1.0
 * @category decoding
 */
export const ofCommand = (command: string, workdir = "."): string | undefined => {
  if (!mentions(command)) return undefined
  const { body, folder = "." } = hereDocument.exec(command)?.groups ?? piped.exec(command)?.groups ?? quoted(command)
  if (body === undefined || !body.trimStart().startsWith(begin)) return undefined
  const place = [workdir, unquoted(folder)].filter((part) => part !== ".").reduce(join, ".")
  return place === "."
    ? body
    : body.replaceAll(header, (_, kind: string, path: string) => `${kind}${join(place, path)}`)
}

/**
 * Whether a command has a patch for a program that there is not. What it only quotes, as in the message of a commit, is not
 * called.
 *
 * @since 0.1.0
 * @category decoding
 */
export const mentions = (command: string): boolean => command.includes(begin) && called.test(withoutTexts(command))

const called = /(?:^|[\n;&|(])\s*apply_?patch\b/

const withoutTexts = (command: string): string =>
  command.replaceAll(documents, "$<rest>\n").replaceAll(/'[^']*'|"(?:[^"\\]|\\[^])*"/g, "")

const documents = /<<-?\s*(?<quote>['"]?)(?<word>\w+)\k<quote>(?<rest>[^\n]*)\n(?:(?!\s*\k<word>\s*(?:\n|$))[^\n]*\n)*/g

/** A command with a here-document, perhaps in another folder, up to the line that ends it; nothing comes after that. */
const withDocument = (program: string, rest = ""): RegExp =>
  new RegExp(
    [
      String.raw`^\s*(?:cd\s+(?<folder>'[^'\n]*'|"[^"\n]*"|[^\s;&|'"]+)\s*&&\s*)?`,
      String.raw`${program}\s*<<-?\s*(?<quote>['"]?)(?<word>\w+)\k<quote>${rest}[ \t]*\r?\n`,
      String.raw`(?<body>(?:(?!\k<word>[ \t]*\r?(?:\n|$))[^\n]*\n)*)\k<word>\s*$`
    ].join("")
  )

/** `apply_patch <<EOF`. */
const hereDocument = withDocument("apply_?patch")

/** `cat <<EOF | apply_patch`. */
const piped = withDocument("cat", String.raw`\s*\|\s*apply_?patch`)

/** `apply_patch '…'` and `apply_patch "…"`. */
const quoted = (command: string): { readonly body?: string; readonly folder?: string } => {
  const single = /^\s*apply_?patch\s+'((?:[^']|'\\'')*)'\s*$/.exec(command)?.[1]
  if (single !== undefined) return { body: single.replaceAll("'\\''", "'") }
  const double = /^\s*apply_?patch\s+"((?:[^"\\]|\\[^])*)"\s*$/.exec(command)?.[1]
  return double === undefined ? {} : { body: double.replaceAll(/\\(["\\$`])/g, "$1") }
}

const unquoted = (word: string): string => word.replace(/^(['"])(.*)\1$/, "$2")

const header = /^(\*\*\* (?:(?:Add|Delete|Update) File|Move to): *)(\S.*)$/gm

const join = (folder: string, path: string): string =>
  path.startsWith("/") || path.startsWith("~") ? path : folder.startsWith("/")
    ? resolve(folder, path)
    : `${folder.replace(/\/+$/, "")}/${path}`
