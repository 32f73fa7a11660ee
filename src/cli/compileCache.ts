/**
 * Compiled code, kept in the cache of the home folder from one start to the next: a third of a short turn would go into
 * compiling the program. Node 20 keeps none; newer ones keep what they compile when they load a file, and that leaves
 * out the functions that are first called later, which are most.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import module from "node:module"
import { homedir } from "node:os"
import { basename, dirname, join } from "node:path"
import { cachedDataVersionTag } from "node:v8"
import { Script } from "node:vm"
import { crc32 } from "node:zlib"

/** The part of Node's loader that compiles a file. A Node without it loads the program all the same. */
interface Loader {
  _compile: (this: { exports: unknown }, source: string, path: string, ...more: ReadonlyArray<unknown>) => unknown
}

/**
 * Keeps the code of the files beside this one. What a use of the program compiled is added when it first ended well:
 * functions are compiled when they are first called, and each use calls others.
 */
export const keep = (use: string): void => {
  if (process.env["NODE_DISABLE_COMPILE_CACHE"] !== undefined) return
  const home = process.env["EFFIXIR_HOME"] || join(homedir(), ".effixir")
  const loader: Loader = module.prototype as unknown as Loader
  const compile = loader._compile
  loader._compile = function(source, path, ...more) {
    if (dirname(path) !== import.meta.dirname) return compile.call(this, source, path, ...more)
    const file = join(home, "cache", `${basename(path)}.compiled`)
    const kind = `${crc32(source)} ${process.arch} ${cachedDataVersionTag()}`
    const kept = read(file, kind)
    const script = new Script(module.wrap(source), { filename: path, cachedData: kept?.data })
    const uses = script.cachedDataRejected === false ? kept?.uses ?? [] : []
    if (!uses.includes(use)) {
      process.once("exit", (code) => {
        // Nobody gets a home folder by asking for help.
        if (code === 0 && existsSync(home)) write(file, kind, { uses: [...uses, use], data: script.createCachedData() })
      })
    }
    return script.runInThisContext().call(
      this.exports,
      this.exports,
      module.createRequire(path),
      this,
      path,
      dirname(path)
    )
  }
}

interface Kept {
  readonly uses: ReadonlyArray<string>
  readonly data: Buffer
}

/** The first line says of which code, for which V8, and what sum the rest has: V8 takes what it is given at its word. */
const read = (file: string, kind: string): Kept | undefined => {
  try {
    const content = readFileSync(file)
    const end = content.indexOf("\n")
    const [head = "", sum, ...uses] = content.toString("latin1", 0, end).split(", ")
    const data = content.subarray(end + 1)
    return head === kind && sum === String(crc32(data)) ? { uses, data } : undefined
  } catch {
    return undefined
  }
}

/**
 * What cannot be kept is compiled again. Two that write at once may spoil each other's file, which its sum shows; names
 * of their own would be left over by those that are killed.
 */
const write = (file: string, kind: string, { data, uses }: Kept): void => {
  const temporary = `${file}.tmp`
  try {
    if (!existsSync(dirname(file))) mkdirSync(dirname(file), { mode: 0o700 })
    writeFileSync(temporary, `${[kind, crc32(data), ...uses].join(", ")}\n`, { mode: 0o600 })
    writeFileSync(temporary, data, { flag: "a" })
    renameSync(temporary, file)
  } catch {
    try {
      rmSync(temporary, { force: true })
    } catch {
      return
    }
  }
}
