/** Makes one file of the worker, which starts several times faster than its many modules. */
import { mkdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"

/** Native modules are found from there. */
const folder = new URL("../../node_modules/.cache/torture/", import.meta.url)

export const bundle = async (): Promise<string> => {
  mkdirSync(folder, { recursive: true })
  const made = await rolldown({
    input: fileURLToPath(new URL("worker.ts", import.meta.url)),
    platform: "node",
    external: /^(?:libsql|pg-native|@libsql\/(?:linux|darwin|win32).*)$/,
    onLog: () => {}
  })
  const file = fileURLToPath(new URL(`worker-${process.pid}.mjs`, folder))
  await made.write({ file, format: "esm", codeSplitting: false })
  await made.close()
  return file
}
