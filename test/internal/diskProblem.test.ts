import { BadArgument, SystemError } from "@effect/platform/Error"
import { assert, describe, it } from "@effect/vitest"
import { diskProblem } from "../../src/internal/diskProblem.ts"

const of = (reason: SystemError["reason"], code?: string) =>
  diskProblem(
    new SystemError({
      reason,
      module: "FileSystem",
      method: "open",
      pathOrDescriptor: "/secret/path",
      description: code === undefined ? undefined : `${code}: raw text, open '/secret/path'`,
      cause: code === undefined ? undefined : Object.assign(new Error("raw text"), { code })
    })
  )

describe("diskProblem", () => {
  it("says what is wrong and what helps", () => {
    const cases = [
      [of("Unknown", "ENOSPC"), "no space left on the disk", "make some"],
      [of("Unknown", "EFBIG"), "larger than files may be", "ulimit"],
      [of("Unknown", "EROFS"), "can only be read", "EFFIXIR_HOME"],
      [of("PermissionDenied", "EACCES"), "may not", "rights"],
      [of("PermissionDenied"), "may not", "rights"],
      [of("BadResource", "EISDIR"), "is a folder", "move"],
      [of("BadResource", "ENOTDIR"), "is a file", "EFFIXIR_HOME"],
      [of("AlreadyExists"), "is a file", "move"],
      [of("Busy"), "another program", "wait"],
      [of("NotFound"), "not there", ""]
    ] as const
    for (const [said, what, todo] of cases) {
      assert.include(said, what)
      assert.include(said, todo)
    }
  })

  it("knows the code of an error that carries it in its text alone", () => {
    const error = { reason: "Unknown", module: "FileSystem", method: "write" } as const
    assert.include(diskProblem(new SystemError({ ...error, description: "ENOSPC: no space left" })), "no space left")
  })

  it("never shows the raw text of an error", () => {
    const codes = [undefined, "ENOSPC", "EACCES", "EISDIR", "EODD"]
    for (const reason of ["Unknown", "PermissionDenied", "BadResource", "TimedOut"] as const) {
      for (const code of codes) assert.notMatch(of(reason, code), /raw text|\/secret|FileSystem|Unknown/)
    }
    const argument = new BadArgument({ module: "FileSystem", method: "open", description: "raw text" })
    assert.strictEqual(diskProblem(argument), "the system refuses it")
    assert.include(of("Unknown", "EODD"), "(EODD)")
  })
})
