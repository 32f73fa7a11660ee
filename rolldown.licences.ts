/** Writes down the licences of what is bundled: most of them ask that their words stay with the code. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Plugin } from "rolldown"

export const fileName = "THIRD-PARTY-LICENSES.txt"

export const licences: Plugin = {
  name: "licences",
  generateBundle(_, bundle) {
    const modules = Object.values(bundle).flatMap((file) => file.type === "chunk" ? file.moduleIds : [])
    const packages = new Map(
      modules.flatMap((id) => {
        const [, folder] = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id) ?? []
        return folder === undefined ? [] : [[folder, noticeOf(folder)] as const]
      })
    )
    this.emitFile({
      type: "asset",
      fileName,
      source: [
        "effixir holds code of these packages.\n",
        ...[...packages.values()].toSorted()
      ].join(`\n${"-".repeat(80)}\n\n`)
    })
  }
}

/** What a package says of itself: its name, version and licence, and the words of its files about that. */
const noticeOf = (folder: string): string => {
  const { author, license, name, version }: Record<string, unknown> = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8")
  )
  const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|copying|notice)(?:[.-]|$)/i.test(file))
  const by = typeof author === "string" ? author : (author as { name?: string } | undefined)?.name
  const words = files.map((file) => readFileSync(join(folder, file), "utf8").trim())
  const own = words.length > 0 ? words : [`It has no file about its licence${by === undefined ? "" : `. By ${by}`}.`]
  return [`${String(name)} ${String(version)} (${String(license)})\n`, ...own.map((text) => `${text}\n`)].join("\n")
}
