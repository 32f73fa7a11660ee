/**
 * The options of the commands, read from the commands themselves, so that no second list has to name a new option.
 */
import * as BuiltInOptions from "@effect/cli/BuiltInOptions"
import * as Command from "@effect/cli/Command"
import * as Descriptor from "@effect/cli/CommandDescriptor"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as Usage from "@effect/cli/Usage"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as Option from "effect/Option"
import { lazily } from "../internal/lazily.ts"

/** An option in all its spellings. Without values it is a switch. */
export interface Flag {
  readonly name: string
  readonly names: ReadonlyArray<string>
  readonly values: "none" | "any" | ReadonlyArray<string>
  readonly isRepeated: boolean
}

export interface Grammar {
  /** A command of a group is named with it, as `sessions list`. What it takes is read from it when it is asked for. */
  readonly commands: ReadonlyArray<{
    readonly name: string
    readonly flags: ReadonlyArray<Flag>
    readonly takesWords: boolean
    /** Whether it only holds other commands. */
    readonly isGroup: boolean
  }>
  /** The options that work with every command. */
  readonly builtIns: ReadonlyArray<Flag>
}

export const make = (commands: ReadonlyArray<Descriptor.Command<unknown>>): Grammar => ({
  commands: commands.flatMap((command) => entriesOf(command, [])),
  builtIns
})

const entriesOf = (
  command: Descriptor.Command<unknown>,
  group: ReadonlyArray<string>
): Grammar["commands"] => {
  const [own = ""] = HashSet.toValues(Descriptor.getNames(command))
  const path = [...group, own]
  const name = path.join(" ")
  // One that is no group has itself there.
  const within = HashMap.toEntries(Descriptor.getSubcommands(command)).filter(([name]) => name !== own)
  if (within.length > 0) {
    const entries = within.toSorted(([a], [b]) => a < b ? -1 : 1).flatMap(([, one]) => entriesOf(one, path))
    return [{ name, flags: [], takesWords: false, isGroup: true }, ...entries]
  }
  const parts = lazily(() => partsOf(Descriptor.getUsage(command), false))
  const flags = lazily(() => flagsOf(parts()))
  return [{
    name,
    get flags() {
      return flags()
    },
    get takesWords() {
      return parts().some((part) => part.names[0]?.startsWith("<"))
    },
    isGroup: false
  }]
}

interface Part extends Usage.Named {
  readonly isRepeated: boolean
}

const partsOf = (usage: Usage.Usage, isRepeated: boolean): ReadonlyArray<Part> => {
  switch (usage._tag) {
    case "Empty":
    case "Mixed":
      return []
    case "Named":
      return [{ ...usage, isRepeated }]
    case "Optional":
      return partsOf(usage.usage, isRepeated)
    case "Repeated":
      return partsOf(usage.usage, true)
    case "Alternation":
    case "Concat":
      return [...partsOf(usage.left, isRepeated), ...partsOf(usage.right, isRepeated)]
  }
}

const flagsOf = (parts: ReadonlyArray<Part>): ReadonlyArray<Flag> =>
  parts.flatMap(({ acceptedValues, isRepeated, names }) => {
    const name = names.find((name) => name.startsWith("--"))
    return name === undefined ? [] : [{
      name,
      names,
      values: Option.match(acceptedValues, {
        onNone: () => "none" as const,
        onSome: (text) => text.includes(" | ") ? text.split(" | ") : "any" as const
      }),
      isRepeated
    }]
  })

const bare = Command.make("effixir").descriptor

/** Without the wizard, which asks for everything that has a default. */
const builtIns: ReadonlyArray<Flag> = flagsOf(
  partsOf(Options.getUsage(BuiltInOptions.builtInOptions(bare, Usage.empty, HelpDoc.empty)), false)
).filter(({ name }) => name !== "--wizard").map((flag) =>
  flag.name === "--version" ? { ...flag, names: ["-V", ...flag.names] } : flag
)
