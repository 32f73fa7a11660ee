import { assert, describe, it } from "@effect/vitest"
import * as Repeats from "../../src/agent/Repeats.ts"
import * as Refusals from "../../src/prompts/Refusals.ts"

const call = (name: string, args: string) => ({ type: "function_call", name, arguments: args })
const patch = (input: string) => ({ type: "custom_tool_call", name: "apply_patch", input })

const verdicts = (calls: ReadonlyArray<Repeats.Call>) => {
  let repeats = Repeats.none
  return calls.map((call) => {
    repeats = Repeats.add(repeats, call)
    return Repeats.verdict(repeats)
  })
}

describe("Repeats", () => {
  it("refuses the third call running that is the same, and stops at the fifth", () => {
    assert.deepStrictEqual(verdicts(Array(6).fill(call("ls", "{}"))), [
      "run",
      "run",
      "refuse",
      "refuse",
      "stop",
      "stop"
    ])
    assert.deepStrictEqual(verdicts(Array(3).fill(patch("+a"))), ["run", "run", "refuse"])
  })

  it("begins anew with another name, other arguments, or another input", () => {
    const calls = [
      call("ls", "{}"),
      call("ls", "{}"),
      call("ls", "{\"a\":1}"),
      call("ls", "{}"),
      call("ls", "{}"),
      call("find", "{}"),
      call("ls", "{}"),
      patch("+a"),
      patch("+a"),
      patch("+b")
    ]
    assert.deepStrictEqual(verdicts(calls), calls.map(() => "run"))
  })

  it("tells the model which call it repeats, and what to do", () => {
    const third = [1, 2, 3].reduce((repeats) => Repeats.add(repeats, call("ls", "{}")), Repeats.none)
    const advice = Refusals.repeatedCall(third)
    for (const part of ["not run", "ls", "number 3", "choose another way"]) assert.include(advice, part)
  })
})
