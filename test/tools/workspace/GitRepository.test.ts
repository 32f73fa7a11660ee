import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import * as GitRepository from "../../../src/tools/workspace/GitRepository.ts"

const hasGit = (() => {
  try {
    return execFileSync("git", ["--version"]).length > 0
  } catch {
    return false
  }
})()

/** A repository with a file that has changed since it was committed, and a program that leaves a mark when it is run. */
const repository = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const base = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "effixir-git-" }), fs.realPath)
  const top = `${base}/work`
  const program = `${base}/program.sh`
  const git = (folder: string, ...args: ReadonlyArray<string>) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=A", "-c", "user.email=a@b.c", ...args], {
      env: { PATH: process.env["PATH"], HOME: base, GIT_CONFIG_NOSYSTEM: "1" },
      stdio: "pipe",
      encoding: "utf8"
    })
  writeFileSync(program, `#!/bin/sh\ntouch ${base}/ran\ncat "$@" 2>/dev/null\n`)
  chmodSync(program, 0o755)
  mkdirSync(top)
  git(top, "init", "-q", "-b", "main")
  writeFileSync(`${top}/.gitattributes`, "*.txt diff=own filter=own\n")
  writeFileSync(`${top}/a.txt`, "one\n")
  git(top, "add", ".")
  git(top, "commit", "-qm", "One")
  writeFileSync(`${top}/a.txt`, "two\n")
  /** Whether git runs the program when it looks. */
  const runs = (folder = top) => {
    const looks = [["status"], ["diff"], ["log", "-p"], ["show"], ["blame", "a.txt"], ["ls-files"]]
    return looks.some((look) => {
      // One file that has changed, for git to compare, and one that seems to have, for it to write its index again.
      for (const name of ["a.txt", ".gitattributes"]) {
        if (existsSync(`${folder}/${name}`)) utimesSync(`${folder}/${name}`, 1e9, 1e9)
      }
      try {
        git(folder, ...look)
      } catch {
        // The program may have done anything.
      }
      return existsSync(`${base}/ran`)
    })
  }
  return { base, top, program, git, runs }
})

interface Repository extends Effect.Effect.Success<typeof repository> {}

const init = ({ git }: Repository, folder: string) => {
  mkdirSync(folder, { recursive: true })
  git(folder, "init", "-q")
  git(folder, "commit", "-qm", "Empty", "--allow-empty")
}

/** Makes the folder itself a repository, as it lies on a server. */
const unfold = ({ program, top }: Repository) => {
  for (const name of ["HEAD", "objects", "refs"]) renameSync(`${top}/.git/${name}`, `${top}/${name}`)
  rmSync(`${top}/.git`, { recursive: true })
  mkdirSync(`${top}/info`)
  writeFileSync(`${top}/info/attributes`, "*.txt diff=own\n")
  writeFileSync(`${top}/config`, `[core]\nbare = true\n[diff "own"]\ntextconv = ${program}\n`)
}

/** Of these, git is seen to run the program. */
const running: Readonly<Record<string, (repository: Repository) => void>> = {
  "core.fsmonitor": ({ git, program, top }) => git(top, "config", "core.fsmonitor", program),
  "diff.external": ({ git, program, top }) => git(top, "config", "diff.external", program),
  "a filter": ({ git, program, top }) => git(top, "config", "filter.own.clean", program),
  "a textconv": ({ git, program, top }) => git(top, "config", "diff.own.textconv", program),
  "a driver": ({ git, program, top }) => git(top, "config", "diff.own.command", program),
  "an included file": ({ base, git, program, top }) => {
    writeFileSync(`${base}/included`, `[core]\nfsmonitor = ${program}\n`)
    git(top, "config", "include.path", `${base}/included`)
  },
  "a section and its setting on one line": ({ program, top }) =>
    writeFileSync(`${top}/.git/config`, `[core] fsmonitor = ${program}\n`),
  "a line that goes on": ({ program, top }) =>
    writeFileSync(`${top}/.git/config`, `[user]\nname = A\\\n\n[core]\nfsmonitor = ${program}\n`),
  "the settings of a worktree": ({ git, program, top }) => {
    git(top, "config", "extensions.worktreeConfig", "true")
    git(top, "config", "--worktree", "core.fsmonitor", program)
  },
  "a hook": ({ program, top }) => {
    mkdirSync(`${top}/.git/hooks`, { recursive: true })
    writeFileSync(`${top}/.git/hooks/post-index-change`, `#!/bin/sh\n${program}\n`, { mode: 0o755 })
  },
  "a hook elsewhere": ({ git, program, top }) => {
    mkdirSync(`${top}/.husky/_`, { recursive: true })
    writeFileSync(`${top}/.husky/_/post-index-change`, `#!/bin/sh\n${program}\n`, { mode: 0o755 })
    git(top, "config", "core.hooksPath", ".husky/_")
  },
  "a repository within it": (repository) => {
    const { git, program, top } = repository
    init(repository, `${top}/sub`)
    git(top, "add", "sub")
    git(`${top}/sub`, "config", "core.fsmonitor", program)
  },
  "a repository within it, in an index of another version": (repository) => {
    const { git, top } = repository
    running["a repository within it"]?.(repository)
    git(top, "update-index", "--index-version", "4")
  },
  "a repository within it, in an index of two parts": (repository) => {
    const { git, top } = repository
    running["a repository within it"]?.(repository)
    git(top, "update-index", "--split-index")
  },
  "the rest of it elsewhere in the folder": ({ program, top }) => {
    cpSync(`${top}/.git`, `${top}/rest`, { recursive: true })
    writeFileSync(`${top}/rest/config`, `[core]\nfsmonitor = ${program}\n`)
    writeFileSync(`${top}/.git/commondir`, "../rest\n")
  },
  "a .git that is not whole": (repository) => {
    unfold(repository)
    mkdirSync(`${repository.top}/.git`)
  },
  "a folder that is all repository": (repository) => unfold(repository)
}

/** Puts a repository of one's own in the place of one that has taken a part of another, `theirs`. */
const borrowing: Readonly<Record<string, (own: string, theirs: string) => void>> = {
  "a link": (own, theirs) => {
    rmSync(own, { recursive: true })
    symlinkSync(theirs, own)
  },
  "a pointer": (own, theirs) => {
    rmSync(own, { recursive: true })
    writeFileSync(own, `gitdir: ${theirs}\n`)
  },
  "a pointer to a worktree of its own": (own, theirs) => {
    rmSync(own, { recursive: true })
    writeFileSync(own, `gitdir: ${theirs}/worktrees/tree\n`)
  },
  "all its objects": (own, theirs) => {
    rmSync(`${own}/objects`, { recursive: true })
    symlinkSync(`${theirs}/objects`, `${own}/objects`)
  },
  "one object after the other": (own, theirs) => {
    for (const name of readdirSync(`${theirs}/objects`)) {
      rmSync(`${own}/objects/${name}`, { recursive: true, force: true })
      symlinkSync(`${theirs}/objects/${name}`, `${own}/objects/${name}`)
    }
  },
  "its objects by their place": (own, theirs) => {
    mkdirSync(`${own}/objects/info`, { recursive: true })
    writeFileSync(`${own}/objects/info/alternates`, `${theirs}/objects\n`)
  },
  "its branches": (own, theirs) => {
    rmSync(`${own}/refs`, { recursive: true })
    symlinkSync(`${theirs}/refs`, `${own}/refs`)
  },
  "its index": (own, theirs) => {
    rmSync(`${own}/index`)
    symlinkSync(`${theirs}/index`, `${own}/index`)
  }
}

/** Of these it is not. */
const harmless: Readonly<Record<string, (repository: Repository) => void>> = {
  "that is new": ({ git, top }) => {
    rmSync(`${top}/.git`, { recursive: true })
    git(top, "init", "-q")
  },
  "with a history": () => {},
  "that was cloned": ({ base, git, top }) => {
    renameSync(top, `${base}/origin`)
    git(base, "clone", "-q", `${base}/origin`, top)
    git(top, "config", "branch.main.description", "The [main] one")
    git(top, "config", "user.name", "A # b")
  },
  "with hooks that others run": ({ git, top }) => {
    mkdirSync(`${top}/.husky/_`, { recursive: true })
    writeFileSync(`${top}/.husky/_/pre-commit`, "exit 1\n", { mode: 0o755 })
    git(top, "config", "core.hooksPath", ".husky/_")
  },
  "whose index is of another version": ({ git, top }) => {
    writeFileSync(`${top}/a.md`, "one\n")
    git(top, "add", "-N", "a.md")
    git(top, "update-index", "--index-version", "4")
  },
  "whose HEAD names no branch": ({ git, top }) => git(top, "checkout", "-q", "--detach")
}

describe.runIf(hasGit)("GitRepository", () => {
  for (const [name, prepare] of Object.entries(running)) {
    it.scopedLive(`is not plain with ${name}, by which git runs a program`, () =>
      Effect.gen(function*() {
        const all = yield* repository
        prepare(all)
        assert.isFalse(yield* GitRepository.isPlain(all.top))
        assert.isTrue(all.runs())
      }).pipe(Effect.provide(NodeContext.layer)))
  }

  for (const [name, prepare] of Object.entries(harmless)) {
    it.scopedLive(`lets git look at a repository ${name}`, () =>
      Effect.gen(function*() {
        const all = yield* repository
        prepare(all)
        mkdirSync(`${all.top}/folder`)
        assert.isTrue(yield* GitRepository.isPlain(all.top))
        assert.isTrue(yield* GitRepository.isPlain(`${all.top}/folder`))
        assert.isFalse(all.runs())
      }).pipe(Effect.provide(NodeContext.layer)))
  }

  it.scopedLive("looks at the repository that a worktree belongs to", () =>
    Effect.gen(function*() {
      const all = yield* repository
      const tree = `${all.base}/tree`
      all.git(all.top, "worktree", "add", "-q", tree)
      assert.isTrue(yield* GitRepository.isPlain(tree))
      all.git(all.top, "config", "core.fsmonitor", all.program)
      assert.isFalse(yield* GitRepository.isPlain(tree))
      assert.isTrue(all.runs(tree))
    }).pipe(Effect.provide(NodeContext.layer)))

  for (const [name, borrow] of Object.entries(borrowing)) {
    it.scopedLive(`is not plain where it shows another repository by ${name}`, () =>
      Effect.gen(function*() {
        const { base, git, top } = yield* repository
        cpSync(top, `${base}/theirs`, { recursive: true })
        git(`${base}/theirs`, "worktree", "add", "-q", `${base}/theirs/tree`)
        assert.isTrue(yield* GitRepository.isPlain(top))
        assert.isTrue(yield* GitRepository.isPlain(`${base}/theirs/tree`))
        borrow(`${top}/.git`, `${base}/theirs/.git`)
        git(top, "log", "-p")
        assert.isFalse(yield* GitRepository.isPlain(top))
      }).pipe(Effect.provide(NodeContext.layer)))
  }

  for (
    const key of [
      "core.sshCommand",
      "core.pager",
      "core.worktree",
      "gpg.program",
      "log.showSignature",
      "remote.origin.promisor",
      "merge.own.driver",
      "some.thing"
    ]
  ) {
    it.scopedLive(`does not trust a repository that sets ${key}`, () =>
      Effect.gen(function*() {
        const { git, top } = yield* repository
        git(top, "config", key, "true")
        assert.isFalse(yield* GitRepository.isPlain(top))
      }).pipe(Effect.provide(NodeContext.layer)))
  }

  it.scopedLive("takes what cannot be read for the worst, and no repository for none", () =>
    Effect.gen(function*() {
      const { base, top } = yield* repository
      assert.isTrue(yield* GitRepository.isPlain(base))
      writeFileSync(`${top}/.git/index`, "DIRC\0\0\0\u0002\0\0\u0001\0")
      assert.isFalse(yield* GitRepository.isPlain(top))
      rmSync(`${top}/.git`, { recursive: true })
      writeFileSync(`${top}/.git`, "no pointer")
      assert.isFalse(yield* GitRepository.isPlain(top))
    }).pipe(Effect.provide(NodeContext.layer)))
})
