import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import * as Script from "../../src/testing/Script.ts"
import { lines, machine, platform } from "./support.ts"

const hasGit = ["/usr/bin/git", "/usr/local/bin/git", "/opt/homebrew/bin/git"].some((path) => existsSync(path))

describe.runIf(hasGit)("git in read-only", () => {
  it.scopedLive("looks at a repository, and is kept from one that names programs", () =>
    Effect.gen(function*() {
      const looks = ["git status --short", "git diff", "git log --oneline"]
      const script = Script.fromTurns([
        ...looks.map((command) => Script.answer(Script.call("bash", { command }))),
        Script.answer(Script.say("Done."))
      ])
      for (const isPlain of [true, false]) {
        const { base, file, folder, fs, path, run } = yield* machine(script)
        const git = (...args: ReadonlyArray<string>) =>
          execFileSync("git", ["-C", folder, "-c", "user.name=A", "-c", "user.email=a@b.c", ...args], { stdio: "pipe" })
        git("init", "-q")
        yield* fs.writeFileString(file("a.txt"), "one\n")
        git("add", ".")
        git("commit", "-qm", "One")
        yield* fs.writeFileString(file("a.txt"), "two\n")
        if (!isPlain) git("config", "core.fsmonitor", `touch ${path.join(base, "ran")}; false`)

        const { code, stdout } = yield* run(["--json", "--permission", "read-only", "Look"])
        assert.strictEqual(code, 0)
        const outputs = lines(stdout).flatMap(({ item, type }) =>
          type === "item.completed" && item?.type === "tool_call" ? [String(item["output"])] : []
        )
        if (isPlain) assert.match(outputs.join("\n"), /^ M a\.txt\n[^]*-one\n\+two\n[^]* One$/)
        else for (const output of outputs) assert.match(output, /not permitted: the repository may name programs/)
        assert.strictEqual(outputs.length, 3)
        assert.isFalse(existsSync(path.join(base, "ran")))
      }
    }).pipe(Effect.provide(platform)))
})
