/**
 * Puts what the library needs of most packages into it. Each is loaded through its module in `src/vendor/`, which is
 * bundled in its place: so nobody who installs it installs all of those packages.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { defineConfig, type Plugin } from "rolldown"
import { minifySync } from "rolldown/utils"
import { page } from "./rolldown.page.ts"

/** The largest, and what is used of them, are taken from the program, which has them in files of their own. */
const inProgram = new Map([
  ["undici", ["Agent", "Client", "fetch", "ProxyAgent"]],
  ["highlight", ["default"]],
  ["page", ["script"]],
  ["yaml", ["parse"]]
])

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

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The package of file locks has a build for each system; all that Node could load are a third of its size. */
const copyLocks = () => {
  const from = pathOf("node_modules/fs-native-extensions")
  const to = pathOf("dist/vendor/fs-native-extensions")
  mkdirSync(to, { recursive: true })
  copyFileSync(join(from, "LICENSE"), join(to, "LICENSE"))
  mkdirSync(pathOf("dist/vendor/open"), { recursive: true })
  for (const file of ["xdg-open", "license"]) copyFileSync(pathOf(`node_modules/open/${file}`), pathOf(`dist/vendor/open/${file}`))
  // effixir runs on Linux and macOS; what is for others would be 416 KB of an installation.
  for (const system of readdirSync(join(from, "prebuilds")).filter((name) => /^(?:linux|darwin)-/.test(name))) {
    const build = join(from, "prebuilds", system, "fs-native-extensions.node")
    if (existsSync(build)) copyFileSync(build, join(to, `${system}.node`))
  }
}

/** What is said in the code stays in the declarations, where editors look for it. */
const removeComments = () => {
  const dist = pathOf("dist")
  for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".js") || /^(?:bin|vendor)[/\\]/.test(file)) continue
    const path = join(dist, file)
    const plain = { compress: false, mangle: false, codegen: { removeWhitespace: false, legalComments: "none" } } as const
    writeFileSync(path, minifySync(path, readFileSync(path, "utf8"), plain).code)
  }
}

const finish: Plugin = {
  name: "finish",
  buildStart: () => {
    copyLocks()
    removeComments()
  }
}

/** Opens the browser; the program it would start on Linux where there is no other lies beside it. */
const opener = defineConfig({
  input: "open",
  platform: "node",
  plugins: [finish],
  output: { file: "dist/vendor/open/open.js", format: "esm", minify: true }
})

export default defineConfig([
  opener,
  ...
  readdirSync(new URL("src/vendor/", import.meta.url)).map((file) => ({
    input: `src/vendor/${file}`,
    platform: "node" as const,
    plugins: [fromProgram, page],
    // Its main file hides what it requires from bundlers.
    resolve: { alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js" } },
    output: { file: `dist/vendor/${file.replace(/\.ts$/, ".js")}`, format: "esm" as const, minify: true }
  }))
])
