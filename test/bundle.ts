import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { type OutputChunk, rolldown } from "rolldown"

const folder = fileURLToPath(new URL("../", import.meta.url))

const entry = `${folder}src/__entry.ts`

/** A program, written as a module of `src/`, as a bundler makes it for a browser. */
export interface Bundle {
  /** What is loaded at once; the rest comes when it is used. */
  readonly code: string
  readonly files: ReadonlyArray<OutputChunk>
  /** What is imported and not in the bundle. */
  readonly missing: ReadonlyArray<string>
}

export const bundle = async (program: string, isMinified = true): Promise<Bundle> => {
  const build = await rolldown({
    input: "entry",
    platform: "browser",
    logLevel: "silent",
    plugins: [{
      name: "entry",
      resolveId: (id) => id === "entry" ? entry : undefined,
      load: (id) => id === entry ? program : undefined
    }]
  })
  const { output } = await build.generate({ format: "esm", minify: isMinified })
  await build.close()
  const files = output.filter((file) => file.type === "chunk")
  const names = new Set(files.map(({ fileName }) => fileName))
  const [first] = files
  const atOnce = first === undefined ? [] : closure(first, files)
  return {
    code: atOnce.map(({ code }) => code).join("\n"),
    files,
    missing: [
      ...new Set(files.flatMap(({ dynamicImports, imports }) => [...imports, ...dynamicImports]))
    ].filter((name) => !names.has(name))
  }
}

const closure = (first: OutputChunk, files: ReadonlyArray<OutputChunk>): ReadonlyArray<OutputChunk> => {
  const found = new Set([first])
  for (const { imports } of found) {
    for (const file of files) if (imports.includes(file.fileName)) found.add(file)
  }
  return [...found]
}

/** In bytes, as it is and compressed. */
export const sizeOf = ({ code }: Bundle) => ({
  plain: Buffer.byteLength(code),
  gzip: gzipSync(code, { level: 9 }).length
})
