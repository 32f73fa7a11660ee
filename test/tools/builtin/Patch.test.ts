import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import * as Patch from "../../../src/tools/builtin/Patch.ts"

const patch = (...lines: ReadonlyArray<string>) => ["*** Begin Patch", ...lines, "*** End Patch", ""].join("\n")

const parsed = (...lines: ReadonlyArray<string>) => Either.getOrThrowWith(Patch.parse(patch(...lines)), String)

const refused = (text: string) => Either.getOrThrowWith(Either.flip(Patch.parse(text)), () => new Error("it was read"))

const hunksOf = (...lines: ReadonlyArray<string>): ReadonlyArray<Patch.Hunk> => {
  const [change] = parsed("*** Update File: a", ...lines)
  return change?._tag === "Update" ? change.hunks : assert.fail("no update")
}

const applied = (text: string, ...lines: ReadonlyArray<string>) =>
  Either.getOrThrowWith(Patch.apply(text, hunksOf(...lines)), (problem) => new Error(problem)).text

const misfit = (text: string, ...lines: ReadonlyArray<string>) =>
  Either.getOrThrowWith(Either.flip(Patch.apply(text, hunksOf(...lines))), () => new Error("it fits"))

describe("Patch", () => {
  it("reads every kind of change", () => {
    assert.deepStrictEqual(
      parsed(
        "*** Add File: new file.txt",
        "+one",
        "+",
        "+ two",
        "*** Delete File: old.txt",
        "*** Update File: a.ts",
        "*** Move to: b.ts",
        "@@ class A",
        "@@ f() {",
        " x",
        "-y",
        "+z",
        "*** End of File"
      ),
      [
        { _tag: "Add", path: "new file.txt", lines: ["one", "", " two"] },
        { _tag: "Delete", path: "old.txt" },
        {
          _tag: "Update",
          path: "a.ts",
          moveTo: "b.ts",
          hunks: [{
            anchors: ["class A", "f() {"],
            lines: [{ sign: " ", text: "x" }, { sign: "-", text: "y" }, { sign: "+", text: "z" }],
            isAtEnd: true
          }]
        }
      ]
    )
  })

  it("says what is wrong with what is no patch", () => {
    assert.match(refused(""), /first line is not "\*\*\* Begin Patch"/)
    assert.match(refused("*** Begin Patch"), /last line is not/)
    assert.match(refused("*** Begin Patch\n*** End Patch"), /no files/)
    assert.match(refused(patch("hello")), /^line 2 \(hello\) begins no file/)
    assert.match(refused(patch("*** Add File: ")), /^line 2 names no file/)
    assert.match(refused(patch("*** Update File: a")), /^the update of a has no lines/)
    assert.match(refused(patch("*** Update File: a", " x", "oops")), /^line 4 \(oops\) begins with none of/)
    assert.match(refused(patch("*** Add File: a", "no plus")), /^line 3 \(no plus\) begins no file/)
  })

  it("changes lines where the lines around them are", () => {
    assert.strictEqual(applied("a\nb\nc\n", " a", "-b", "+B", "+b2", " c"), "a\nB\nb2\nc\n")
    assert.strictEqual(applied("a\nb\na\nc\n", "@@", " a", "+x", "@@", " c", "+y"), "a\nx\nb\na\nc\ny\n")
    assert.strictEqual(applied("a\n", "-a"), "")
    assert.strictEqual(applied("", "+a", "+b"), "a\nb\n")
  })

  it("keeps the end of the file as it is", () => {
    assert.strictEqual(applied("a\nb", "-b", "+c"), "a\nc")
    assert.strictEqual(applied("a\nb\n\n", "-b", "+c"), "a\nc\n\n")
  })

  it("goes to the line that an anchor names, and below", () => {
    const text = "class A\n  f\n    x\nclass B\n  f\n    x\n"
    assert.strictEqual(applied(text, "@@ class B", "@@   f", "-    x", "+    y"), text.replace(/x\n$/, "y\n"))
    assert.strictEqual(applied(text, "@@ class B", "+  new"), text.replace("B\n", "B\n  new\n"))
    assert.strictEqual(applied(text, "@@ -1,2 +3,4 @@ class B", "-    x", "+    y"), text.replace(/x\n$/, "y\n"))
    assert.match(misfit(text, "@@ class C", " x"), /the line after @@ is not there\. Line 1 is the nearest:\nclass A/)
  })

  it("goes to the end of the file where it is told to", () => {
    assert.strictEqual(applied("a\nb\na\n", "-a", "+z", "*** End of File"), "a\nb\nz\n")
    assert.strictEqual(applied("a\nb\n", "+z"), "a\nb\nz\n")
  })

  it("is generous with white space, and keeps that of lines it does not change", () => {
    assert.strictEqual(applied("  a  \n  b\t\n", "   a", "-  b", "+  c"), "  a  \n  c\n")
    assert.strictEqual(applied("\ta\n\tb\n", " a", "-b", "+\tc"), "\ta\n\tc\n")
    assert.strictEqual(applied("  a\na\n", "-a", "+b"), "  a\nb\n")
    assert.strictEqual(applied("a\n", "-a", "+b", ""), "b\n")
  })

  it("ends new lines as their neighbours, and leaves all other ends alone", () => {
    const text = "a\r\nb\nc\r\nd"
    assert.strictEqual(applied(text, " a", "-b", "+B", "+b2", " c"), "a\r\nB\nb2\nc\r\nd")
    assert.strictEqual(applied(text, "-a", "-b", "+x", " c"), "x\nc\r\nd")
    assert.strictEqual(applied(text, "-a", "+x", "+y", " b"), "x\r\ny\r\nb\nc\r\nd")
    assert.strictEqual(applied(text, "+z", " a"), "z\r\na\r\nb\nc\r\nd")
    assert.strictEqual(applied(text, " d", "+e"), "a\r\nb\nc\r\nd\r\ne")
    assert.strictEqual(applied("a\r\n", "-a"), "")
  })

  it("takes look-alike characters for the same where only one place has them, and tells of it", () => {
    const apply = (text: string, ...lines: ReadonlyArray<string>) =>
      Either.getOrThrowWith(Patch.apply(text, hunksOf(...lines)), (problem) => new Error(problem))
    assert.deepStrictEqual(apply("a\n“b” – c\nd\n", " a", " \"b\" - c", "-d", "+e"), {
      text: "a\n“b” – c\ne\n",
      alike: [1]
    })
    assert.deepStrictEqual(apply("a\n“b”\n", "@@", "-a", "+x", "@@ \"b\"", "+c"), { text: "x\n“b”\nc\n", alike: [2] })
    assert.deepStrictEqual(apply("“b”\n\"b\"\n", "-\"b\"", "+c").alike, [])
    assert.match(misfit("“b”\n”b“\n", "-\"b\"", "+c"), /the lines to change are not there/)
  })

  it("is found in a fence, in a here-document, and in both", () => {
    const bare = patch("*** Delete File: a").trim()
    const read = (text: string) => Either.getOrThrowWith(Patch.parse(text), (problem) => new Error(problem))
    const wrapped = [
      `\`\`\`\n${bare}\n\`\`\``,
      `\`\`\`diff\n${bare}\n\`\`\`\n`,
      `<<'EOF'\n${bare}\nEOF`,
      `apply_patch <<"PATCH"\n${bare}\nPATCH\n`,
      `\`\`\`bash\napply_patch << EOF\n${bare}\nEOF\n\`\`\``,
      `${bare}\n\`\`\``,
      `${bare}\nEOF`
    ]
    for (const text of wrapped) assert.deepStrictEqual(read(text), [{ _tag: "Delete", path: "a" }], text)
    const inside = patch("*** Add File: a.md", "+```", "+*** Begin Patch", "+*** End Patch", "+```")
    assert.deepStrictEqual(read(inside), [
      { _tag: "Add", path: "a.md", lines: ["```", "*** Begin Patch", "*** End Patch", "```"] }
    ])
    assert.match(refused(`I change it:\n${bare}`), /first line is not/)
    assert.match(refused(`${bare}\nrm -r x`), /last line is not/)
  })

  it("says which hunk does not fit, and what is nearest", () => {
    assert.strictEqual(
      misfit("one line\nanother line\n", " one line", "+x", "@@", "-another lime", "+y"),
      "hunk 2 of 2 does not fit: the lines to change are not there. Line 2 is the nearest:\nanother line"
    )
    assert.match(misfit("a\nb\n", "-b", "@@", "-a"), /^hunk 2 of 2 does not fit: the lines to change come before/)
  })

  it("takes bounded time for text that repeats itself", () => {
    const text = "a\n".repeat(300_000)
    const started = performance.now()
    misfit(text, ...Array.from({ length: 20_000 }, () => " a"), "-b")
    assert.isBelow(performance.now() - started, 10_000)
  })

  it("turns any text into any other one", () => {
    const lines = fc.array(fc.constantFrom("a", "b", "  c", "", "*** End of File", "@@"), { maxLength: 8 })
    fc.assert(fc.property(lines, lines, (before, after) => {
      const [from, to] = [before, after].map((lines) => lines.map((line) => `${line}\n`).join(""))
      const change = [...before.map((line) => `-${line}`), ...after.map((line) => `+${line}`)]
      if (change.length > 0) assert.strictEqual(applied(from ?? "", ...change), to)
    }))
  })
})
