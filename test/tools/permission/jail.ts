import { execFileSync, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { programs } from "../../../src/tools/permission/SafePrograms.ts"

/** What is in files that nobody may see. */
export const hidden = /SECRET|DENIED|OUTSIDE/

/** Names that look like options, and programs that leave a mark. */
const canaries = ["evil", "x", "pr", "less", "gpg", "sh-evil"]

const files: Readonly<Record<string, string>> = {
  "a.txt": "one\ntwo\nthree\n",
  "b.txt": "one\nTWO\nthree\n",
  "src/b.ts": "export const one = 1\n",
  "src/deep/c.md": "one more\n",
  "sub/a.txt": "one below\n",
  "-x": "one of an odd name\n",
  "--output=x": "one of an odd name\n",
  "a=b": "one with a sign\n",
  ".env": "SECRET=one\n",
  "server.pem": "SECRET one\n",
  "sub/prod.key": "SECRET one\n",
  "closed/d.txt": "DENIED one\n",
  ".hidden/e.txt": "one hidden\n",
  ".gitignore": "*.log\n",
  "run.log": "one logged\n"
}

const links: Readonly<Record<string, string>> = {
  out: "../outside",
  "out.txt": "../outside/o.txt",
  "sub/up": "../../outside",
  "a=": "../outside",
  "key.txt": ".env",
  "in": "src",
  "shut": "closed"
}

export interface Jail {
  readonly base: string
  readonly root: string
  readonly environment: Readonly<Record<string, string>>
  /** What is there, to the time of each file's last change. */
  readonly state: () => ReadonlyArray<string>
  /** Runs lines one after the other; what each has written, and what it should not have done. */
  readonly run: (
    lines: ReadonlyArray<string>
  ) => Promise<ReadonlyArray<{ readonly output: string; readonly faults: ReadonlyArray<string> }>>
  readonly remove: () => void
}

/**
 * A folder with secrets, links that lead out, and a repository with a history of all that; beside it what is not to be
 * looked at, and programs that leave a mark.
 */
export const make = (): Jail => {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "effixir-jail-")))
  const root = join(base, "work")
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(base, path)), { recursive: true })
    writeFileSync(join(base, path), text)
  }
  for (const [path, text] of Object.entries(files)) put(`work/${path}`, text)
  put("outside/o.txt", "OUTSIDE one\n")
  put("outside/root/o.txt", "OUTSIDE one\n")
  put("home/.gitconfig", "[user]\nname = A\nemail = a@b.c\n[init]\ndefaultBranch = main\n")
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(root, path))
  for (const name of canaries) {
    put(`bin/${name}`, `#!/bin/sh\necho ran >> ${base}/ran\n`)
    chmodSync(join(base, "bin", name), 0o755)
  }
  const environment = {
    PATH: `/usr/local/bin:/usr/bin:/bin:${base}/bin`,
    HOME: join(base, "home"),
    LANG: "C.UTF-8",
    TERM: "dumb",
    PAGER: "cat",
    GIT_PAGER: "cat",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_CONFIG_NOSYSTEM: "1"
  }
  const git = (...args: ReadonlyArray<string>) =>
    execFileSync("git", ["-C", root, ...args], { env: environment, stdio: "pipe", encoding: "utf8" })
  git("init", "-q")
  git("add", "a.txt", "src")
  git("commit", "-qm", "Begin")
  git("add", "-A")
  git("commit", "-qm", "Add all")
  git("tag", "v1")
  git("checkout", "-qb", "side")
  put("work/.env", "SECRET=two\n")
  put("work/src/b.ts", "export const two = 2\n")
  git("commit", "-qam", "Change a secret")
  git("checkout", "-q", "main")
  put("work/a.txt", "one\n2\nthree\n")
  git("commit", "-qam", "Change no secret")
  git("merge", "-q", "-m", "Merge", "side")
  git("tag", "merged")
  // A file with a tag, and a tag that is called like a file.
  for (const name of ["blob", "b.txt"]) git("tag", name, git("rev-parse", "HEAD:server.pem").trim())
  put("work/closed/d.txt", "DENIED two\n")
  put("work/sub/a.txt", "two below\n")
  // A time that every look has in common, and that is not now.
  for (const path of all(root)) if (!lstatSync(path).isSymbolicLink()) utimesSync(path, 1e9, 1e9)

  const state = () => {
    const seen = [...all(base)].filter((path) => !indexes.test(path)).map((path) => {
      const stat = lstatSync(path)
      const content = stat.isSymbolicLink() ? readlinkSync(path) : stat.isFile() ? readFileSync(path) : ""
      return `${path} ${stat.mode} ${stat.mtimeMs} ${createHash("sha256").update(content).digest("hex")}`
    })
    return seen.toSorted()
  }

  return {
    base,
    root,
    environment,
    state,
    run: (lines) => run({ base, root, environment }, lines),
    remove: () => rmSync(base, { recursive: true })
  }
}

function* all(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    yield path
    if (lstatSync(path).isDirectory()) yield* all(path)
  }
}

/** `git diff` notes anew when it has last looked at a file, whatever it is told. */
const indexes = /\/\.git(\/index(\.lock)?)?$/

const tracer = ["/usr/bin/strace", "/usr/local/bin/strace"].find((path) => existsSync(path))

/** Whether it is seen what a line opens and starts, and not only what it leaves behind. */
export const isTraced = tracer !== undefined

const calls =
  "execve,open,openat,openat2,creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir,link,linkat,symlink," +
  "symlinkat,truncate,ftruncate,chmod,fchmod,fchmodat,chown,fchown,fchownat,utimensat,connect,bind,kill,setxattr"

const separator = "\u0001"

const run = async (
  { base, environment, root }: Pick<Jail, "base" | "environment" | "root">,
  lines: ReadonlyArray<string>
) => {
  // A file that is not there is asked for before each line, so that the trace tells one from the other.
  const script =
    `for line in "$@"; do : 2>/dev/null </line/next; printf '${separator}'; /bin/bash -c "$line" </dev/null 2>&1; done`
  const trace = join(dirname(base), `${basename(base)}.trace`)
  const words = ["/bin/bash", "-c", script, "jail", ...lines]
  const [program = "", ...args] = tracer === undefined
    ? words
    : [tracer, "-f", "-y", "-qq", "--seccomp-bpf", "-s", "4096", "-e", `trace=${calls}`, "-o", trace, ...words]
  const output = await new Promise<string>((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env: environment, stdio: ["ignore", "pipe", "pipe"] })
    const chunks: Array<Buffer> = []
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk))
    child.stderr.resume()
    child.once("error", reject)
    child.once("close", () => resolve(Buffer.concat(chunks).toString("utf8")))
  })
  const outputs = output.split(separator).slice(1)
  const traces = tracer === undefined ? [] : readFileSync(trace, "utf8").split("\"/line/next\"").slice(1)
  if (tracer !== undefined) rmSync(trace)
  return lines.map((_, index) => ({
    output: outputs[index] ?? "",
    faults: whole((traces[index] ?? "").split("\n")).flatMap((call) => faultIn(call, base, root))
  }))
}

/** Calls of several processes at a time are told in two parts. */
const whole = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const begun = new Map<string, string>()
  return lines.flatMap((line) => {
    const [pid = ""] = line.split(" ", 1)
    const [, start] = /^(.*) <unfinished \.\.\.>$/.exec(line) ?? []
    if (start !== undefined) {
      begun.set(pid, start)
      return []
    }
    const [, end] = /^\d+ +<\.\.\. \w+ resumed>(.*)$/.exec(line) ?? []
    return end === undefined ? [line] : [`${begun.get(pid) ?? ""}${end}`]
  })
}

/** What a line may start: what it names, the shell that runs it, and the one that a script is written for. */
const startable = new Set([...programs.keys()].map((name) => name.split(" ")[0]).concat("bash", "sh", "dash"))

/** Where the system keeps what every program reads, and devices that keep nothing. */
const system = /^\/(usr|lib|lib64|etc|proc|sys|opt|root\/\.pyenv)(\/|$)|^\/dev\/(null|tty|urandom)$|^\/(tmp)?$|^pipe:/

/** What a call does that no command may do that only looks. */
const faultIn = (line: string, base: string, root: string): ReadonlyArray<string> => {
  const [, call = "", args = "", result = ""] = /^\d+ +(\w+)\((.*)\) += (.*)$/s.exec(line) ?? []
  if (call === "" || result.startsWith("-1") || result.startsWith("?")) return []
  if (call === "execve") {
    const [, program = ""] = /^"([^"]*)"/.exec(args) ?? []
    return startable.has(basename(program)) && !program.startsWith(base) ? [] : [line]
  }
  if (/^"[^"]*\.git\/index\.lock"|^[^"]*"[^"]*\.git\/index\.lock"/.test(args)) return []
  if (!call.startsWith("open")) return call === "kill" || call === "connect" ? [] : [line]
  // This tells where something is, and opens nothing.
  if (args.includes("O_PATH")) return []
  const [, path = ""] = /^\d+<(.*)>$/s.exec(result) ?? []
  if (/O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(args)) return /^\/dev\/(null|tty)$/.test(path) ? [] : [line]
  const isOpen = path.startsWith(`${root}/`) || path === root || path.startsWith(`${base}/home`) || path === base ||
    system.test(path)
  return isOpen ? [] : [line]
}
