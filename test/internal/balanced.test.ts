import { assert, describe, it } from "@effect/vitest"
import { objectsIn } from "../../src/internal/balanced.ts"

const all = (text: string, isTaken: (object: string) => boolean = () => false): ReadonlyArray<string> => {
  const found: Array<string> = []
  const objects = objectsIn(text)
  for (let next = objects.next(false); next.done !== true; next = objects.next(isTaken(next.value))) {
    found.push(next.value)
  }
  return found
}

/** The characters of the text that are looked at, and those of the objects that are found in it. */
const costOf = (text: string): number => {
  let looked = 0
  const watched = new Proxy(Object(text), {
    get: (target: object, name) => {
      if (typeof name === "string" && /^\d+$/.test(name)) looked++
      const value: unknown = Reflect.get(target, name)
      return typeof value === "function" ? value.bind(target) : value
    }
  })
  return all(watched as unknown as string).reduce((sum, object) => sum + object.length, 0) + looked
}

describe("the objects in a text", () => {
  it("come from outside in, and those inside of a taken one do not", () => {
    const text = "So: {\"a\":{\"b\":\"}{\"}} or {\"c\":[{}]}, not { this"
    const [first, second] = ["{\"a\":{\"b\":\"}{\"}}", "{\"c\":[{}]}"]
    assert.deepStrictEqual(all(text, () => true), [first, second])
    const inner = ["{\"b\":\"}{\"}", "{}"]
    assert.deepStrictEqual(all(text).filter((object) => [first, second, ...inner].includes(object)), [
      first,
      inner[0],
      second,
      inner[1]
    ])
  })

  it("are found behind as many braces as a person would write", () => {
    const braces = "if (x) { return { y: [1] }; // {\n".repeat(500)
    assert.include(all(`${braces}{"a":1}`), "{\"a\":1}")
  })

  const hostile: ReadonlyArray<readonly [name: string, text: (n: number) => string]> = [
    ["braces that nobody closes", (n) => "{".repeat(n)],
    ["braces in strings that are none", (n) => "{\"".repeat(n / 2)],
    ["braces in each other", (n) => "{".repeat(n / 2) + "}".repeat(n / 2)],
    ["objects in each other, wrong in the end", (n) => "{\"a\":".repeat(n / 10) + "1" + ",x}".repeat(n / 10)],
    ["a long object behind many braces", (n) => `${"{".repeat(n / 2)}{"a":"${"x".repeat(n / 2)}"}`]
  ]
  it.each(hostile)("are looked for with a bounded effort among %s", (_, text) => {
    for (const n of [10_000, 40_000]) assert.isBelow(costOf(text(n)), 40 * n)
  })
})
