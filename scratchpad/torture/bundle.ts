/** Makes one file of a program that is started often, which starts several times faster than its many modules. */
import { mkdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"

/** Native modules are found from there. */
const folder = new URL("../../node_modules/.cache/torture/", import.meta.url)

const worker = new URL("worker.ts", import.meta.url)

let made = 0

export const bundle = async (program: URL = worker): Promise<string> => {
  mkdirSync(folder, { recursive: true })
  const built = await rolldown({
    input: fileURLToPath(program),
    platform: "node",
    external: /^(?:libsql|pg-native|@libsql\/(?:linux|darwin|win32).*)$/,
    onLog: () => {}
  })
  const file = fileURLToPath(new URL(`program-${process.pid}-${made++}.mjs`, folder))
  await built.write({ file, format: "esm", codeSplitting: false })
  await built.close()
  return file
}
