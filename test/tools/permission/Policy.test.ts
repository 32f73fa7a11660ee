import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Policy from "../../../src/tools/permission/Policy.ts"

const policy = (rules: ReadonlyArray<Policy.Rule>) =>
  Policy.fromText(JSON.stringify({ rules }), "/somewhere/policy.json")

const judge = (rules: ReadonlyArray<Policy.Rule>, command: string) =>
  Effect.map(policy(rules), (policy) => Policy.judge(policy, "bash", { _tag: "Command", command })._tag)

const file = (rules: ReadonlyArray<Policy.Rule>, path: string, tool = "read") =>
  Effect.map(policy(rules), (policy) => Policy.judge(policy, tool, { _tag: "Files", paths: [[path]] })._tag)

const push: Policy.Rule = { decision: "deny", command: "git push" }
const git: Policy.Rule = { decision: "allow", command: "git" }
const npm: Policy.Rule = { decision: "allow", command: "npm test" }

const commands: ReadonlyArray<readonly [rules: ReadonlyArray<Policy.Rule>, command: string, verdict: string]> = [
  [[git], "git status", "allow"],
  [[git], "git", "allow"],
  [[git], "gitk", "none"],
  [[git], "/usr/bin/git status", "none"],
  [[git], "git status && rm x", "none"],
  [[git], "git log | head", "none"],
  [[git, npm], "git pull && npm test -- a", "allow"],
  [[git], "git log > x", "none"],
  [[git], "git log $(rm x)", "none"],
  [[git], "A=1 git log", "none"],
  [[git], "git log &", "none"],
  [[npm], "npm install", "none"],
  [[git, push], "git push", "deny"],
  [[push, git], "git push origin main", "deny"],
  [[git, push], "git status && git push", "deny"],
  [[git, push], "git status; (git push)", "deny"],
  [[git, push], "git -C sub push", "deny"],
  [[git, push], "git --no-pager push", "deny"],
  [[git, push], "/usr/bin/git push", "deny"],
  [[git, push], "A=1 git push", "deny"],
  [[git, push], "sudo -n git push", "deny"],
  [[git, push], "bash -c 'git push'", "deny"],
  [[git, push], "echo x\ngit push", "deny"],
  [[git, push], "echo $(git push)", "deny"],
  [[git, push], "if true; then git push; fi", "deny"],
  [[git, push], "git commit -m 'x'", "allow"],
  [[git, { decision: "ask", command: "git push" }], "git push", "ask"],
  [[push, { decision: "ask", command: "git" }], "git push", "deny"],
  [[{ decision: "allow", tool: "bash" }], "anything > $x", "allow"],
  [[{ decision: "deny", tool: "bash" }, git], "git status", "deny"],
  [[{ decision: "deny", tool: "*" }], "ls", "deny"],
  [[{ decision: "deny", tool: "mcp_*" }], "ls", "none"],
  [[{ decision: "deny", path: "**" }], "cat x", "none"]
]

const files: ReadonlyArray<readonly [rules: ReadonlyArray<Policy.Rule>, path: string, verdict: string]> = [
  [[{ decision: "allow", path: "src/**" }], "src/a/b.ts", "allow"],
  [[{ decision: "allow", path: "./src/**" }], "src/a.ts", "allow"],
  [[{ decision: "allow", path: "src/**" }], "test/a.ts", "none"],
  [[{ decision: "allow", path: "**" }], "../a.ts", "none"],
  [[{ decision: "allow", path: "**" }], "/etc/passwd", "none"],
  [[{ decision: "allow", path: "**" }], ".github/x.yml", "allow"],
  [[{ decision: "allow", path: "src/**", tool: "write" }], "src/a.ts", "none"],
  [[{ decision: "deny", path: "src/secret/**" }, { decision: "allow", path: "src/**" }], "src/secret/a", "deny"],
  [[{ decision: "allow", tool: "read" }], "a", "allow"],
  [[git], "a", "none"]
]

describe("Policy", () => {
  for (const [rules, command, verdict] of commands) {
    it.effect(`${verdict}: ${JSON.stringify(command)} by ${rules.map(({ decision }) => decision).join(", ")}`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* judge(rules, command), verdict)
      }))
  }
  for (const [rules, path, verdict] of files) {
    it.effect(`${verdict}: ${path} by ${rules.map((rule) => rule.path ?? rule.tool ?? rule.command).join(", ")}`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* file(rules, path), verdict)
      }))
  }

  it.effect("counts every file of a call", () =>
    Effect.gen(function*() {
      const rules = yield* policy([{ decision: "allow", path: "a/**" }, { decision: "deny", path: "c/**" }])
      const of = (...paths: ReadonlyArray<string>) =>
        Policy.judge(rules, "apply_patch", { _tag: "Files", paths: paths.map((path) => [path]) })._tag
      assert.deepStrictEqual([of("a/x", "a/y"), of("a/x", "b/x"), of("a/x", "c/x")], ["allow", "none", "deny"])
    }))

  it.effect("is not led astray by a line of a million options", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* judge([push], `git ${"-x ".repeat(5000)} pull`), "none")
    }))

  const broken: ReadonlyArray<readonly [text: string, problem: RegExp]> = [
    ["", /policy\.json cannot be used: it is empty; mend it: expected a JSON object with rules/],
    ["{", /policy\.json cannot be used: it is broken JSON, which ends too early; mend it: expected a JSON object/],
    [`{\n"rules": [\n{"decision" "deny"}]}`, /cannot be used: it is broken JSON, in line 3; mend it/],
    ["[]", /cannot be used: expected a JSON object with rules \(a list\) and, if you like, otherwise$/],
    ["{}", /: rules: it is missing; expected a list of rules$/],
    [`{"rules": {}}`, /: rules: expected a list of rules$/],
    [`{"rules": [], "otherwise": "yolo"}`, /: otherwise: expected "auto" or "ask" or "read-only"$/],
    [`{"rules": [], "els": 1}`, /: els: there is no such field; expected a JSON object with rules/],
    [`{"rules": ["deny"]}`, /: rule 1: expected an object with decision \("allow" or "ask" or "deny"\), tool, command/],
    [`{"rules": [{"tool": "x"}]}`, /: rule 1, decision: it is missing; expected "allow" or "ask" or "deny"$/],
    [
      `{"rules": [{"decision": "allow", "tool": "x"}, {"decision": "maybe"}]}`,
      /: rule 2, decision: expected "allow" or "ask" or "deny"$/
    ],
    [`{"rules": [{"decision": "allow", "tool": ""}]}`, /: rule 1, tool: expected a text that is not empty/],
    [
      `{"rules": [{"decision": "allow", "tol": "x"}]}`,
      /: rule 1, tol: there is no such field; expected an object with d/
    ],
    [`{"rules": [{"decision": "deny", "tool": "x", "examples": []}]}`, /: rule 1, examples: expected an object with m/],
    [
      `{"rules": [{"decision": "deny", "tool": "x", "examples": {"match": [4]}}]}`,
      /: rule 1, examples.match: expected a list of texts$/
    ],
    [
      `{"rules": [{"decision": "deny", "tool": "x", "examples": {"matches": []}}]}`,
      /: rule 1, examples.matches: there is no such field; expected an object with match and no_match/
    ],
    [`{"rules": [{"decision": "deny"}]}`, /: rule 1 names neither/],
    [`{"rules": [{"decision": "deny", "command": "git", "path": "x"}]}`, /: rule 1 names both/],
    [`{"rules": [{"decision": "deny", "command": "a | b"}]}`, /: rule 1 has a command that is more than plain words/],
    [`{"rules": [{"decision": "deny", "path": "/etc/**"}]}`, /: rule 1 has a path that is not relative/],
    [`{"rules": [{"decision": "deny", "path": "../x"}]}`, /: rule 1 has a path that is not relative/],
    [
      `{"rules": [{"decision": "allow", "command": "git push", "examples": {"match": ["git push && rm x"]}}]}`,
      /: rule 1 does not match its example "git push && rm x"$/
    ],
    [
      `{"rules": [{"decision": "deny", "path": "src/**", "examples": {"no_match": ["src/a"]}}]}`,
      /: rule 1 matches "src\/a", which it should not$/
    ]
  ]

  for (const [text, problem] of broken) {
    it.effect(`refuses ${text}`, () =>
      Effect.gen(function*() {
        const { message } = yield* Effect.flip(Policy.fromText(text, "policy.json"))
        assert.match(message, problem)
        assert.notInclude(message, "\n")
      }))
  }

  it.effect("takes rules whose examples hold", () =>
    Effect.gen(function*() {
      const { otherwise, rules } = yield* Policy.fromText(
        JSON.stringify({
          rules: [
            { ...push, examples: { match: ["git push", "ls && git push"], no_match: ["git pull"] } },
            { decision: "allow", path: "src/**", examples: { match: ["src/a", "./src/a"], no_match: ["test/a"] } },
            { decision: "ask", tool: "mcp_*", examples: { match: ["mcp_x"], no_match: ["bash"] } }
          ],
          otherwise: "read-only"
        }),
        "policy.json"
      )
      assert.deepStrictEqual([otherwise, rules.map(({ name }) => name)], [
        "read-only",
        ["rule 1 of policy.json", "rule 2 of policy.json", "rule 3 of policy.json"]
      ])
    }))
})
