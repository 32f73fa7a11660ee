/**
 * Puts what the library needs of most packages into it. Each is loaded through its module in `src/vendor/`, which is
 * bundled in its place: so nobody who installs it installs all of those packages.
 */
import { readdirSync } from "node:fs"
import { defineConfig, type Plugin } from "rolldown"
import { page } from "./rolldown.page.ts"

/** The largest, and what is used of them, are taken from the program, which has them in files of their own. */
const inProgram = new Map([["undici", ["Agent", "Client", "fetch", "ProxyAgent"]], ["highlight", ["default"]]])

const fromProgram: Plugin = {
  name: "from-program",
  resolveId: (id) => id.startsWith("../bin/") ? { id, external: true } : undefined,
  load: (id) => {
    const [, name = ""] = /vendor\/(\w+)\.ts$/.exec(id) ?? []
    const all = inProgram.get(name)
    return all === undefined
      ? undefined
      : [
        `import program from "../bin/${name}.js"`,
        ...all.map((one) => one === "default" ? "export default program.default" : `export const ${one} = program.${one}`)
      ].join("\n")
  }
}

export default defineConfig(
  readdirSync(new URL("src/vendor/", import.meta.url)).map((file) => ({
    input: `src/vendor/${file}`,
    platform: "node" as const,
    plugins: [fromProgram, page],
    // Its main file hides what it requires from bundlers.
    resolve: { alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js" } },
    output: { file: `dist/vendor/${file.replace(/\.ts$/, ".js")}`, format: "esm" as const, minify: true }
  }))
)
