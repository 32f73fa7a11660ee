/**
 * How long `import "effixir"` takes beside the import of those modules of effect that it needs, each in a process of its
 * own: `npm run bench:import`.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { compare } from "./program.ts"

const index = fileURLToPath(new URL("../dist/index.js", import.meta.url))

/** The modules that are loaded at once, and those of other packages that they import. */
const reached = (file: string, seen = new Set<string>(), others = new Set<string>()) => {
  if (!seen.has(file)) {
    seen.add(file)
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/^(?:(?:import|export) .*|\} )from "([^"]+)"/gm)) {
      if (path.startsWith(".")) reached(join(dirname(file), path), seen, others)
      else others.add(path)
    }
  }
  return { seen, others }
}

const { others, seen } = reached(index)

// Beside the package, so that both find the same packages.
const folder = mkdtempSync(join(tmpdir(), "effixir-import-"))
const program = (name: string, paths: ReadonlyArray<string>) => {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, paths.map((path) => `import ${JSON.stringify(path)}\n`).join(""))
  return file
}

const resolved = [...others].map((path) => import.meta.resolve(path))
const side = (name: string, paths: ReadonlyArray<string>) => ({
  name,
  command: process.execPath,
  args: [program(name, paths)],
  cwd: folder,
  env: {}
})

const title = `import "effixir": ${seen.size} modules, which import ${others.size} of other packages`
await compare(title, [side("what it needs", resolved), side("effixir", [index])], 7)
