import * as fc from "fast-check"

const pieces = fc.constantFrom(
  ..."\t|\n|\r|\\|\\\\|\\x1b|\\u202e|\\u{1f600}|x1b|u202e|u{e0041}|⟨|⟩|⇥|⏎|│ |┊ |? bash: |⟨9 spaces⟩|9 spaces".split(
    "|"
  ),
  ..."\u001B[2J|\u001B]0;|\u0007|\0|\u009B|\u202E|\u2066|\u200B|\u200D|\uFEFF|\u00AD|\u00A0|\u3000|\u2028|\u2800".split(
    "|"
  ),
  ..."\u{E0041}|\uFE0F|\ud800|\udc00|\u0301|e\u0301|日本|👨‍👩|é|ls|;|touch x|'|\"|$(ls)| ".split("|")
)

/** Texts that try to be shown as something that they are not. */
export const sly: fc.Arbitrary<string> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: pieces },
    { weight: 1, arbitrary: fc.tuple(pieces, fc.integer({ min: 2, max: 40 })).map(([piece, n]) => piece.repeat(n)) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(300), fc.nat(6)).map(([n, m]) => `${" ".repeat(n)}\n`.repeat(m)) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 6 }) }
  ),
  { maxLength: 30 }
).map((pieces) => pieces.join(""))

/** The text that a question has shown: counts unfolded, and numbers made characters again. */
export const readBack = (shown: string): string =>
  shown
    .replaceAll(/^⟨(\d+) blank lines⟩$/gm, (_, count: string) => "\n".repeat(Number(count) - 1))
    .replaceAll(
      /^⟨(\d+) lines of (\d+ (?:space|tab)s?)⟩$/gm,
      (_, count: string, blanks: string) => Array.from({ length: Number(count) }, () => `⟨${blanks}⟩`).join("\n")
    )
    .replaceAll(
      /⟨(?<count>\d+) (?:(?<blank>space|tab)s?|× \\(?<many>[^⟩]+))⟩|(?<slashes>\\+)(?<one>x[\da-f]{2}|u[\da-f]{4}|u\{[\da-f]+\})|⇥/g,
      (token, ...rest) => {
        const { blank, count, many, one = "", slashes = "" }: Groups = rest.at(-1)
        if (token === "⇥") return "\t"
        if (blank !== undefined) return (blank === "tab" ? "\t" : " ").repeat(Number(count))
        if (many !== undefined) return character(many).repeat(Number(count))
        const half = "\\".repeat(Math.floor(slashes.length / 2))
        return half + (slashes.length % 2 === 0 ? one : character(one))
      }
    )

type Groups = { readonly [name in "blank" | "count" | "many" | "one" | "slashes"]?: string }

const character = (number: string): string =>
  String.fromCodePoint(Number.parseInt(number.replaceAll(/[xu{}]/g, ""), 16))
