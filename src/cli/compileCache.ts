/**
 * Keeps compiled code in the cache of the home folder between starts: compiling the program would take a third of a
 * short turn. Node 20 has no such cache; newer versions cache only what they compile while loading a file, and so miss
 * most functions, which are compiled at their first call.
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
 * Keeps the compiled code of the files beside this one. The first successful run of each `use` adds the functions that
 * it has compiled: V8 compiles a function at its first call, and each use calls different ones.
 */
export const keep = (use: string): void => {
  if (process.env["NODE_DISABLE_COMPILE_CACHE"] !== undefined) return
  const home = process.env["EFFIXIR_HOME"] || join(homedir(), ".effixir")
  const loader: Loader = module.prototype as unknown as Loader
  const compile = loader._compile
  const atExit: Array<() => void> = []
  process.once("exit", (code) => {
    // A run such as `--help` must not create the home folder.
    if (code === 0 && existsSync(home)) { for (const keepOne of atExit) keepOne() }
  })
  loader._compile = function(source, path, ...more) {
    if (dirname(path) !== import.meta.dirname) return compile.call(this, source, path, ...more)
    const file = join(home, "cache", `${basename(path)}.compiled`)
    const kind = `${crc32(source)} ${process.arch} ${cachedDataVersionTag()}`
    const known = read(file, kind)
    const script = new Script(module.wrap(source), { filename: path, cachedData: known?.data })
    const uses = script.cachedDataRejected === false ? known?.uses ?? [] : []
    if (!uses.includes(use)) {
      atExit.push(() => write(file, kind, { uses: [...uses, use], data: script.createCachedData() }))
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

/**
 * The first line names the code and the V8 version, and holds a checksum of the rest, because V8 does not verify the
 * data.
 */
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
 * If the write fails, the next start compiles again. Two processes that write at once may spoil the file, which the
 * checksum reveals; with a file name for each process, killed ones would leave theirs behind.
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
