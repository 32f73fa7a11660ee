/**
 * Bundles the script of the page of `effixir serve`, which then is a text of the program: so it is served wherever that
 * runs, without a file to be found.
 */
import { fileURLToPath } from "node:url"
import { type Plugin, rolldown } from "rolldown"

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const bundle = async (): Promise<string> => {
  const page = await rolldown({ input: pathOf("src/page/main.ts"), platform: "browser" })
  const { output: [{ code }] } = await page.generate({ format: "esm", minify: true })
  await page.close()
  return code
}

export const page: Plugin = {
  name: "page",
  load: async (id) =>
    id === pathOf("src/vendor/page.ts") ? `export const script = ${JSON.stringify(await bundle())}` : undefined
}
