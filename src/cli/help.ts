/**
 * Lays out what `--help` prints: one screen, built from the help that `@effect/cli` has for a command.
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as Descriptor from "@effect/cli/CommandDescriptor"
import * as HelpDoc from "@effect/cli/HelpDoc"
import type * as Span from "@effect/cli/HelpDoc/Span"
import * as HashSet from "effect/HashSet"
import { stripVTControlCharacters } from "node:util"
import { version } from "../internal/version.ts"
import { wrap } from "./wrap.ts"

/** One line of a list: what is typed, and what it does. */
interface Entry {
  readonly name: string
  readonly text: string
}

/** A command's name, and the help that `@effect/cli` would print for it. */
export interface Described {
  readonly name: string
  readonly doc: HelpDoc.HelpDoc
  /** What a group holds. */
  readonly commands?: ReadonlyArray<Described>
}

export const describe = <Name extends string, R, E, A>(
  name: string,
  command: Command.Command<Name, R, E, A>
): Described => ({
  name,
  doc: Command.getHelp(command, CliConfig.make({ showBuiltIns: false }))
})

/** The commands of a group. */
export const within = (
  group: string,
  commands: ReadonlyArray<Pick<Command.Command<string, unknown, unknown, unknown>, "descriptor">>
): ReadonlyArray<Described> =>
  commands.map(({ descriptor }) => ({
    name: `${group} ${HashSet.toValues(Descriptor.getNames(descriptor))[0] ?? ""}`,
    doc: Descriptor.getHelp(descriptor, CliConfig.make({ showBuiltIns: false }))
  }))

/** A group of commands, and after it each of them. */
export const describeGroup = <Name extends string, R, E, A>(
  name: string,
  command: Command.Command<Name, R, E, A>,
  commands: ReadonlyArray<Described>
): ReadonlyArray<Described> => [{ ...describe(name, command), commands }, ...commands]

/** What a command does, in one sentence. */
export const briefOf = ({ doc }: Described): string => firstSentence(descriptionOf(doc))

const entriesOf = (commands: ReadonlyArray<Described>): ReadonlyArray<Entry> =>
  commands.map((command) => ({ name: command.name, text: briefOf(command) }))

export const ofProgram = (commands: ReadonlyArray<Described>, width: number): string => {
  const entries = entriesOf(commands.filter(({ name }) => !name.includes(" ")))
  return page([
    `effixir ${version}: agents that work in a folder of yours`,
    "Usage\n  effixir \"prompt\"             short for effixir run \"prompt\"\n  effixir COMMAND --help       what a command takes",
    section("Commands", entries, width),
    section("Options", [
      { name: "--version", text: "Print the version" },
      { name: "--log-level LEVEL", text: "Tell more or less: debug, info, warning, error, none" }
    ], width)
  ])
}

export const ofCommand = (described: Described, width: number): string => {
  const { args, description, options, usage } = contentOf(described)
  return page([
    wrap(description, width, ""),
    `Usage\n  ${usage}`,
    section("Commands", entriesOf(described.commands ?? []), width),
    section("Arguments", args.filter(({ text }) => text !== ""), width),
    section("Options", options, width)
  ])
}

/** The content of a command's help, before layout. */
export const contentOf = ({ commands, doc, name }: Described) => {
  const parts = flatten(doc)
  if (commands !== undefined) {
    return { description: descriptionOf(doc), usage: `effixir ${name} COMMAND`, args: [], options: [] }
  }
  const args = entriesUnder(parts, "ARGUMENTS")
  const options = entriesUnder(parts, "OPTIONS")
  const usage = ["effixir", name, ...(options.length > 0 ? ["[options]"] : []), ...args.map((arg) => arg.name)]
  return { description: descriptionOf(doc), usage: usage.join(" "), args, options }
}

/** A list shows only the first sentence; the command's own help shows the rest. */
export const firstSentence = (text: string): string => text.replace(/\. .*$/s, "")

const page = (sections: ReadonlyArray<string>): string => sections.filter((text) => text !== "").join("\n\n")

const section = (title: string, entries: ReadonlyArray<Entry>, width: number): string => {
  if (entries.length === 0) return ""
  const column = Math.min(30, Math.max(...entries.map(({ name }) => name.length)) + 4)
  const lines = entries.map(({ name, text }) => {
    const body = wrap(text, width, " ".repeat(column)).trimStart()
    const isLong = name.length + 4 > column
    return `  ${isLong ? `${name}\n${" ".repeat(column)}` : name.padEnd(column - 2)}${body}`.trimEnd()
  })
  return `${title}\n${lines.join("\n")}`
}

const flatten = (doc: HelpDoc.HelpDoc): ReadonlyArray<HelpDoc.HelpDoc> =>
  HelpDoc.isSequence(doc) ? [...flatten(doc.left), ...flatten(doc.right)] : [doc]

const descriptionOf = (doc: HelpDoc.HelpDoc): string => {
  const [, first] = flatten(doc)
  return first !== undefined && HelpDoc.isParagraph(first) ? textOf(first.value) : ""
}

/** The lists below a heading, up to the next one. */
const entriesUnder = (parts: ReadonlyArray<HelpDoc.HelpDoc>, heading: string): ReadonlyArray<Entry> => {
  const start = parts.findIndex((part) => HelpDoc.isHeader(part) && textOf(part.value) === heading)
  if (start < 0) return []
  const rest = parts.slice(start + 1)
  const end = rest.findIndex(HelpDoc.isHeader)
  return (end < 0 ? rest : rest.slice(0, end)).flatMap((part) =>
    HelpDoc.isDescriptionList(part)
      ? part.definitions.map(([name, doc]) => ({ name: nameOf(textOf(name)), text: sentences(doc) }))
      : []
  )
}

/** `(-m, --model text)` is written `-m, --model TEXT`, as everywhere else. */
const nameOf = (text: string): string =>
  text.replace(/^\((.*)\)(\.\.\.)?$/, "$1$2").trim()
    .replace(/^(-[^<]*?--[\w-]+|--[\w-]+) (.+)$/, (_, flag: string, value: string) =>
      `${flag} ${value.includes("|") ? value.replaceAll(" | ", "|") : value.toUpperCase()}`)

/** Leaves out the sentences that `@effect/cli` adds to every text option and every switch. */
const sentences = (doc: HelpDoc.HelpDoc): string =>
  flatten(doc).flatMap((part) => HelpDoc.isParagraph(part) ? [textOf(part.value)] : [])
    .filter((text) =>
      !/^(?:A true or false value|A user-defined piece of text|This setting is optional|This option may|This argument|One of the following)/
        .test(text)
    )
    .join(". ")

const textOf = (span: Span.Span): string => stripVTControlCharacters(HelpDoc.toAnsiText(HelpDoc.p(span))).trim()
