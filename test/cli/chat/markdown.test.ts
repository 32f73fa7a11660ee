import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Highlighter from "../../../src/cli/chat/Highlighter.ts"
import * as Markdown from "../../../src/cli/chat/Markdown.ts"
import { cells } from "../../../src/cli/verbatim.ts"

const highlighter = Highlighter.make("")

const plain = (markdown: string, width = 60) => Markdown.render(markdown, { width, colors: false })

// oxlint-disable-next-line no-control-regex -- our own sequences
const bare = (row: string) => row.replaceAll(/\u001b\[[\d;]*m/g, "")

/** Pieces that meet each other in ways that nobody would write on purpose. */
const fragments = [
  "# ",
  "## Heading\n",
  "\n",
  "\n\n",
  " ",
  "  ",
  "    ",
  "word ",
  "some more words, ",
  "**bold** ",
  "**",
  "*",
  "_em_ ",
  "_",
  "`code` ",
  "`",
  "```ts\nconst a = `x`\n```\n",
  "```\n",
  "~~~\n",
  "~~gone~~",
  "- ",
  "- item\n",
  "  - nested\n",
  "- [ ] open\n",
  "- [x] done\n",
  "1. ",
  "7. seven\n",
  "> ",
  "> quote\n",
  "| a | b |\n",
  "|---|--:|\n",
  "| 1 | two words and some more of them |\n",
  "|",
  "[link](https://example.com/a) ",
  "[",
  "](",
  ")",
  "![alt](x.png)",
  "<br>",
  "<div>\n",
  "</div>\n",
  "<",
  "---\n",
  "===\n",
  "[ref]: https://example.com\n",
  "[ref] ",
  "https://example.com/path?x=1 ",
  "me@example.com ",
  "&amp; ",
  "&#27;[31m",
  "\\*",
  "\\",
  "漢字とかな、",
  "한국어 ",
  "👩‍👩‍👧 ",
  "⚠️ ",
  "e\u0301",
  "\t",
  "x".repeat(70),
  "\r\n",
  "\r"
]

const texts = fc.array(
  fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...fragments) }, fc.string({ unit: "binary" })),
  {
    maxLength: 40
  }
).map((parts) => parts.join(""))

/** A text in pieces, which may end anywhere, between the halves of a character too. */
const pieces = fc.tuple(texts, fc.array(fc.nat(400), { maxLength: 12 })).map(([text, cuts]) => {
  const ends = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].toSorted((a, b) => a - b)
  return [...ends, text.length].map((end, index) => text.slice(index === 0 ? 0 : ends[index - 1], end))
})

const shown = (parts: ReadonlyArray<string>, options: { readonly width: number; readonly colors: boolean }) => {
  const stream = Markdown.make({ ...options, width: () => options.width, highlighter: () => highlighter })
  const rows: Array<string> = []
  for (const part of parts) {
    stream.push(part)
    stream.open()
    rows.push(...stream.finished())
    stream.open()
  }
  return [...rows, ...stream.end()]
}

const options = fc.record({ width: fc.integer({ min: 20, max: 120 }), colors: fc.boolean() })

const word = fc.constantFrom(
  "one",
  "two",
  "a",
  "longer",
  "x1",
  "漢字",
  "2*3",
  "snake_case",
  "a < b",
  "(so)",
  "don't",
  "end."
)

const words = fc.array(word, { minLength: 1, maxLength: 4 }).map((all) => all.join(" "))

const inline = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: words },
    words.map((text) => `**${text}**`),
    fc.constantFrom("one", "two three").map((text) => `*${text}*`),
    words.map((text) => `\`${text}\``),
    fc.constantFrom("one", "two three").map((text) => `~~${text}~~`),
    fc.constantFrom("one", "two").map((text) => `[${text}](https://example.com/${text})`),
    fc.constant("**bold with `code` and *more* in it**"),
    fc.constant("https://example.com/a_b_c"),
    fc.constantFrom("&amp;", "&nbsp;", "&#39;", "AT&T", "R&D;", "one & two"),
    fc.constantFrom("<br>", "<br/>", "a<br>b", "<kbd>k</kbd>", "x <y", "<https://example.com>", "a <!-- note -->")
  ),
  { minLength: 1, maxLength: 8 }
).map((parts) => parts.join(" "))

const listOf = (text: fc.Arbitrary<string>) =>
  fc.tuple(fc.constantFrom("- ", "1. ", "- [ ] ", "- [x] "), fc.array(text, { minLength: 1, maxLength: 4 })).map(
    ([mark, items]) => items.map((item) => `${mark}${item}`).join("\n")
  )

const block = fc.oneof(
  inline,
  fc.tuple(fc.constantFrom("#", "##", "####"), words).map(([marks, text]) => `${marks} ${text}`),
  listOf(inline),
  fc.tuple(listOf(inline), listOf(inline)).map(([outer, nested]) => `${outer}\n${nested.replaceAll(/^/gm, "   ")}`),
  inline.map((text) => `> ${text}\n> and on`),
  fc.constantFrom("ts", "", "python").map((language) => `\`\`\`${language}\nconst a = 1 // one\n\n  two()\n\`\`\``),
  fc.array(fc.tuple(words, words), { minLength: 1, maxLength: 3 }).map((lines) =>
    ["| First | Second |", "|---|:-:|", ...lines.map(([a, b]) => `| ${a} | **${b}** |`)].join("\n")
  ),
  fc.constantFrom("---", "<div>\none<br>two <b>three</b>\n</div>", "<details>\n<summary>one</summary>"),
  fc.constantFrom("<br>", "<b>", "</b>").chain((tag) => inline.map((text) => `${tag}\n${text}`))
)

/** As a model writes it: whatever it begins it ends. */
const documents = fc.array(block, { minLength: 1, maxLength: 5 }).map((blocks) => blocks.join("\n\n"))

describe("Markdown", () => {
  it("gives the same rows however a text is cut into pieces", () => {
    fc.assert(
      fc.property(pieces, options, (parts, options) => {
        assert.deepStrictEqual(
          shown(parts, options),
          Markdown.render(parts.join(""), { ...options, highlighter: () => highlighter })
        )
      }),
      { numRuns: 300 }
    )
  })

  it("gives no row that is wider than the terminal, nor one that controls it", () => {
    fc.assert(
      fc.property(pieces, options, (parts, options) => {
        const stream = Markdown.make({ ...options, width: () => options.width, highlighter: () => highlighter })
        const all: Array<string> = []
        for (const part of parts) {
          stream.push(part)
          all.push(...stream.finished(), ...stream.open())
        }
        for (const row of [...all, ...stream.end()]) {
          const text = bare(row)
          assert.isAtMost(cells(text), options.width)
          assert.notMatch(text, /(?!\u200d|\u200c)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
          if (!options.colors) assert.strictEqual(text, row)
        }
      }),
      { numRuns: 300 }
    )
  })

  it("shows no mark before its meaning is known, and nothing that it takes back", () => {
    fc.assert(
      fc.property(documents, fc.integer({ min: 1, max: 5 }), fc.boolean(), (document, size, colors) => {
        const options = { width: 300, colors }
        const stream = Markdown.make({ ...options, width: () => options.width, highlighter: () => highlighter })
        const printed: Array<string> = []
        let before = ""
        for (let at = 0; at < document.length; at += size) {
          stream.push(document.slice(at, at + size))
          printed.push(...stream.finished())
          const shown = [...printed, ...stream.open()].map(bare).join("\n")
          assert.notMatch(shown, /\*\*|~~|`|\]\(|\||^\s*(?:#|- |\[[ x]\])|<br>|&amp/m, document.slice(0, at + size))
          // Columns become wider as their cells come, and the rest of a row stands where it stands.
          const letters = shown.replaceAll(/[^\p{L}\p{N}]/gu, "")
          assert.isTrue(letters.startsWith(before), `${before} -> ${letters}`)
          before = letters
        }
        const all = [...printed, ...stream.end()].map(bare).join("").replaceAll(/[^\p{L}\p{N}]/gu, "")
        assert.isTrue(all.startsWith(before), `${before} -> ${all}`)
      }),
      { numRuns: 100 }
    )
  })

  it("takes a tag of running text on a line of its own for no HTML of more than that", () => {
    assert.deepStrictEqual(plain("- <br>\n   - <br> *one*"), ["• ◦ ", "    one"])
    assert.deepStrictEqual(plain("one\n<br>\n**two**"), ["one", "", "two"])
  })

  it("takes the signs of a calculation for no marks", () => {
    assert.deepStrictEqual(plain("2*3 is **2*3**, a*b*c, 2**3 and 2**4"), ["2*3 is 2*3, a*b*c, 2**3 and 2**4"])
    assert.deepStrictEqual(plain("**R**ead, 漢*字*漢"), ["Read, 漢字漢"])
  })

  it("wraps", () => assert.deepStrictEqual(plain("one two three", 10), ["one two", "three"]))
})
