/**
 * An approval question as a person sees it: exactly what would be done, in rows that its own text cannot imitate.
 */
import { parse } from "../../internal/json.ts"
import { exactly, line } from "../../internal/visible.ts"
import type { Question } from "../../tools/permission/Approver.ts"
import type { Scope, ScopeKind } from "../../tools/permission/Grants.ts"
import type { Size } from "../Screen.ts"
import { bar, bold, cells, type Options, quoted, roomIn, rowsOf } from "../verbatim.ts"
import { changeRows, headingOf, more } from "./diff.ts"

/** Of a change no more rows than this are shown at first. */
const maxDiffRows = 30

/** How many rows of a diff are shown at least, however small the terminal. */
const minDiffRows = 5

/** What is shown before the answer; `isPart` if only a part of a change is shown. */
export interface Shown {
  readonly rows: ReadonlyArray<string>
  readonly isPart: boolean
}

export const questionRows = (question: Question, options: Options): Shown => {
  const { child, reason, scopes, subject, tool } = question
  const who = child === undefined ? "" : `the agent ${line(child.agent)} wants `
  const heading = (what: string) => bold(`? ${who}${line(tool)}: ${what}`, options)
  const allowing = scopes.length === 1 && scopes.some(({ allows }) => allows.length > 0)
    ? alwaysRows(scopes, options)
    : []
  const why = reason === undefined ? [] : reasonRows(reason, options)
  switch (subject._tag) {
    case "Command": {
      const { command, stays = false, workdir, writable } = subject
      const place = workdir === undefined ? [] : ["  in the folder", ...quoted(exactly(workdir), options)]
      return {
        rows: [
          heading(
            writable !== undefined
              ? "run this command again, from its start"
              : stays
              ? "run this command, which stays in the background"
              : "run this command"
          ),
          ...quoted(exactly(command), options),
          ...place,
          ...writable === undefined ? [] : ["  and let it write here as well, and in what lies in it"],
          ...(writable ?? []).flatMap((path) => quoted(line(path), options)),
          ...why,
          ...allowing
        ],
        isPart: false
      }
    }
    case "Call": {
      const args = quoted(exactly(pretty(subject.arguments)), options)
      return { rows: [heading("call it with"), ...args, ...why, ...allowing], isPart: false }
    }
    case "Changes": {
      const { changes } = subject
      const head = [heading(changes.length === 1 ? "change a file" : `change ${changes.length} files`)]
      const headings = changes.length === 1 ? [] : changes.flatMap((change) => quoted(headingOf(change), options))
      const all = changeRows(changes, options)
      const around = head.length + headings.length + why.length + allowing.length + promptRows
      const room = Math.max(minDiffRows, Math.min(maxDiffRows, options.size.rows - around))
      const isPart = all.length > room
      const rows = isPart ? [...all.slice(0, room - 1), `${more(all.length - room + 1)} · v shows all`] : all
      return { rows: [...head, ...headings, ...rows, ...why, ...allowing], isPart }
    }
  }
}

/** How many rows the list of keys and the input row may take. */
const promptRows = 3

/** Why the question is asked. The reason may quote names from the model or from files. */
const reasonRows = (reason: string, { size }: Options): ReadonlyArray<string> =>
  rowsOf(`asked because ${line(reason)}`, roomIn(size)).map(({ isContinued, text }) =>
    (isContinued ? bar.next : "  ") + text
  )

/** What each "always" would allow, behind its key where there are several. */
export const alwaysRows = (scopes: ReadonlyArray<Scope>, options: Options): ReadonlyArray<string> => [
  "  always would allow, for this session",
  ...scopes.flatMap(({ allows, kind }) => {
    if (scopes.length === 1) return allows.flatMap((what) => quoted(line(what), options))
    const size = { ...options.size, columns: options.size.columns - 2 }
    return allows.flatMap((what) => quoted(line(what), { ...options, size }))
      .map((row, index) => (index === 0 ? `${scopeKeys[kind]} ` : "  ") + row)
  })
]

export const scopeKeys: { readonly [kind in ScopeKind]: string } = { command: "c", files: "f", folder: "d", tool: "t" }

const nameOf = ({ allows, kind }: Pick<Scope, "allows" | "kind">): string =>
  kind === "files" && allows.length === 1 ? "this file" : scopeNames[kind]

const scopeNames: { readonly [kind in ScopeKind]: string } = {
  command: "this command",
  files: "these files",
  folder: "this folder",
  tool: "this tool"
}

/** Which keys there are: `isPaged` where not all rows are on the screen, `isPart` where not all are among them. */
export const prompt = (
  { scopes }: Pick<Question, "scopes">,
  { canEdit = false, isPaged = false, isPart }: {
    readonly isPart: boolean
    readonly canEdit?: boolean
    readonly isPaged?: boolean
  }
): string => {
  const [scope] = scopes
  const always = scopes.length === 1 && scope?.allows.length === 0 ? "a always this very command" : "a always"
  const keys = [
    "y yes",
    ...scope === undefined ? [] : [always],
    ...canEdit ? ["e edit"] : [],
    "n no",
    ...isPart ? ["v view all"] : [],
    ...isPaged ? ["b back"] : []
  ]
  return `  ${keys.join(" · ")}  `
}

export const scopePrompt = (scopes: ReadonlyArray<Scope>): string =>
  `  always: ${
    scopes.map(({ allows, kind }) => `${scopeKeys[kind]} ${nameOf({ allows, kind })}`).join(" · ")
  } · Esc back  `

/** How many rows of the terminal a text takes. */
export const heightOf = (text: string, { columns }: Size): number => Math.max(1, Math.ceil(cells(text) / columns))

/** If a field is repeated, the last one counts, here as for the tool. */
const pretty = (json: string): string => {
  const value = parse(json)
  return typeof value === "object" && value !== null ? JSON.stringify(value, null, 2) : json
}
