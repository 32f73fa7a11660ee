import { assert, describe, expect, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { basename } from "node:path"
import * as Waits from "../../src/cluster/Waits.ts"
import * as ArgumentProblems from "../../src/prompts/ArgumentProblems.ts"
import type * as ChatPrompts from "../../src/prompts/ChatPrompts.ts"
import type * as Children from "../../src/prompts/Children.ts"
import type * as Compaction from "../../src/prompts/Compaction.ts"
import type * as Conversation from "../../src/prompts/Conversation.ts"
import type * as CutOutput from "../../src/prompts/CutOutput.ts"
import type * as EditFailures from "../../src/prompts/EditFailures.ts"
import type * as EditorPrompts from "../../src/prompts/EditorPrompts.ts"
import type * as FileFailures from "../../src/prompts/FileFailures.ts"
import type * as HookTexts from "../../src/prompts/HookTexts.ts"
import type * as ImportedSession from "../../src/prompts/ImportedSession.ts"
import type * as Instructions from "../../src/prompts/Instructions.ts"
import type * as McpTools from "../../src/prompts/McpTools.ts"
import type * as Preamble from "../../src/prompts/Preamble.ts"
import * as Refusals from "../../src/prompts/Refusals.ts"
import * as ToolDescriptions from "../../src/prompts/ToolDescriptions.ts"
import type * as ToolFailures from "../../src/prompts/ToolFailures.ts"
import type * as ToolOutputs from "../../src/prompts/ToolOutputs.ts"
import type { CustomTool, ToolDeclaration } from "../../src/responses/Request.ts"
import * as BoundedOutput from "../../src/tools/command/BoundedOutput.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { everything } from "../tools/support.ts"

/** What a text is made with, once for each form that it has. A constant is made with nothing. */
type Made<Texts> = {
  readonly [Name in keyof Texts]: Texts[Name] extends (...args: infer Args) => unknown ? ReadonlyArray<Args> : []
}

const file = "src/a.ts"
const nearest = { line: 12, lines: ["const a = 1", "const b = 2"], differsInWhiteSpaceOnly: false }

const occasions: {
  readonly Instructions: Made<typeof Instructions>
  readonly Preamble: Made<typeof Preamble>
  readonly ToolOutputs: Made<typeof ToolOutputs>
  readonly McpTools: Made<typeof McpTools>
  readonly CutOutput: Made<typeof CutOutput>
  readonly ArgumentProblems: Made<typeof ArgumentProblems>
  readonly ToolFailures: Made<typeof ToolFailures>
  readonly FileFailures: Made<typeof FileFailures>
  readonly EditFailures: Made<typeof EditFailures>
  readonly Refusals: Made<typeof Refusals>
  readonly Conversation: Made<typeof Conversation>
  readonly ChatPrompts: Made<typeof ChatPrompts>
  readonly EditorPrompts: Made<typeof EditorPrompts>
  readonly ImportedSession: Made<typeof ImportedSession>
  readonly Compaction: Made<typeof Compaction>
  readonly Children: Made<typeof Children>
  readonly HookTexts: Made<typeof HookTexts>
} = {
  Instructions: {
    coding: [["/project"]]
  },
  Preamble: {
    surroundings: [undefined, {}, { branch: "main", changed: 0 }, { branch: "", changed: 1 }, {
      branch: "main",
      changed: 3
    }]
      .map((git) => [{
        date: "2026-11-29",
        weekday: 0,
        time: "09:41",
        timeZone: "Europe/Lisbon",
        platform: "linux 6.8.0 (x64)",
        shell: "bash",
        git
      }]),
    projectInstructions: [[[
      { path: "/project/AGENTS.md", text: "Write tests.", isCut: false },
      { path: "/project/web/AGENTS.md", text: "Use no framework.", isCut: true }
    ]]],
    skills: [[["- deploy: How to deploy (/skills/deploy/SKILL.md)"], 0], [["…"], 1], [["…"], 3]],
    skillListed: [[{ name: "deploy", description: "How to deploy", path: "/skills/deploy/SKILL.md" }]],
    skill: [[{
      name: "deploy",
      path: "/skills/deploy/SKILL.md",
      folder: "/skills/deploy",
      text: "Run deploy.sh.",
      isCut: true
    }]]
  },
  ToolOutputs: {
    processStarted: [["p1"]],
    processRuns: [],
    processExited: [[1]],
    processKilled: [["SIGTERM"]],
    processReport: [
      [{ id: "p1", state: "runs", total: 1234, isSilent: true }],
      [{ id: "p1", state: "has ended with exit code 0", total: 1234, isSilent: false }]
    ],
    processOutputCut: [[2000]],
    written: [["p1"]],
    noProcesses: [],
    processListed: [[{ id: "p1", command: "npm run dev", state: "runs", total: 1234 }]],
    fileEmpty: [],
    image: [["logo.png", "image/png", "12 KB"]],
    wrote: [[120, file]],
    replaced: [[1, file], [2, file]],
    edited: [[file]],
    replacedAlike: [["a.txt", 12]],
    matchedAlike: [["a.txt", 2]],
    patched: [[[`A ${file}`, "M b.ts -> c.ts", "D d.ts"]]],
    noLineMatches: [],
    noPathMatches: [],
    folderEmpty: [],
    link: [["current"]],
    exitCode: [[1]],
    noOutput: [],
    killed: [["SIGKILL"]],
    timedOut: [["2m"]],
    ranAgain: [[["/home/ada/.npm"], false], [["/home/ada/.npm", "/opt/a.txt"], true]],
    notRunAgain: [[["/home/ada/.npm"], undefined], [["/home/ada/.npm"], "put it into ./npm"]],
    sandboxed: [[{ network: true, writable: ["/work", "/tmp"] }], [{ network: false, writable: [] }]],
    waitsForInput: [[{ pid: 1234, command: "vi notes" }]],
    stillRunning: [[[{ pid: 4711, command: "node server.js" }, { pid: 4712, command: "sleep 100" }]]],
    planShown: [],
    timeHasCome: [],
    noAnswer: [],
    said: [["Yes"]]
  },
  McpTools: {
    search: [[[{ name: "github", tools: 26 }, { name: "notion", tools: 24 }]]],
    found: [[[{ name: "mcp__github__get_issue", description: "Read an issue" }]]],
    noneFound: [[["github", "notion"]]],
    listResources: [["notes"]],
    readResource: [["notes"]],
    nothing: [],
    binary: [["audio", "audio/wav", "12 KB"]],
    unknownContent: [["video"]],
    link: [["a.txt", "file:///a.txt", undefined], ["a.txt", "file:///a.txt", "The first"]],
    resource: [["file:///a.txt", "text"]],
    promptCut: [["What a server says"]],
    promptExample: [["It is sunny."]],
    failed: [],
    timedOut: [["github", "120 s"]],
    closed: [["github"]],
    tooMuch: [["github", "16 MB"]],
    notConnected: [["github", "the program npx is not there"]],
    refused: [["github", "no such issue"]],
    visited: [["It wants a sign-in"]],
    changed: [["mcp__github__get_issue"]],
    agent: [],
    agentAnswered: [["Done.", "01a22c36-eb2f-774a-9de8-c2ab331a259b"]],
    agentFailed: [["the model is not there", "01a22c36-eb2f-774a-9de8-c2ab331a259b"]],
    agentLimited: [["steps", "01a22c36-eb2f-774a-9de8-c2ab331a259b"]]
  },
  CutOutput: {
    first: [[["a", "b"]], [Array.from({ length: 12 }, (_, n) => `${n}`)]],
    outputCut: [[{ bytes: 51_200 }], [{ lines: 2000, of: 3000 }]],
    partsLeftOut: [[2]],
    lineCut: [["the beginning of a long line"]],
    commandOutputCut: [
      [{
        shownLines: 2000,
        lines: 3000,
        location: "/home/sessions/1/artifacts/call_1.txt",
        isWhole: true,
        maxBytes: 64 * 1024 * 1024,
        removed: []
      }],
      [{
        shownLines: 2000,
        lines: 3000,
        location: "/home/sessions/1/artifacts/call_1.txt",
        isWhole: false,
        maxBytes: 64 * 1024 * 1024,
        removed: ["/home/sessions/1/artifacts/call_0.txt"]
      }],
      [{
        shownLines: 2000,
        lines: 3000,
        location: undefined,
        isWhole: false,
        maxBytes: 64 * 1024 * 1024,
        removed: []
      }]
    ],
    linesShown: [[{ line: 1, last: 100, count: 300, next: 101 }], [{
      line: 201,
      last: 250,
      count: 250,
      next: undefined
    }]],
    longLine: [[{ line: 1, count: 3, bytes: 51_200, next: 2 }], [{
      line: 3,
      count: 3,
      bytes: 51_200,
      next: undefined
    }]],
    moreMatches: [[1, false], [100, true]],
    morePaths: [[500]],
    moreNames: [[500, 900, 2000], [2000, 3000, undefined]],
    namesNotShown: [[1], [2]],
    searchStopped: [["30s"]],
    secretsLeftOut: [[1], [2]],
    deniedLeftOut: [[1], [2]],
    unreadableFiles: [[1], [2]],
    unreadableFolders: [[1], [2]]
  },
  ArgumentProblems: {
    invalid: [[
      "read",
      ArgumentProblems.list([
        ArgumentProblems.missingOf(["path"], "a string"),
        ArgumentProblems.mustBe(["limit"], "a whole number of at least 1", 0)
      ])
    ]],
    list: [[["…", "…"]], [Array.from({ length: 10 }, () => "…")]],
    notPlainText: [],
    missing: [["path"]],
    missingOf: [[["edits", 1, "path"], "a string"]],
    mustBe: [
      [[], ArgumentProblems.anObject, []],
      [[], ArgumentProblems.anObject, [1]],
      [["limit"], "a whole number", "ten"],
      [["limit"], "a whole number", ""],
      [["limit"], "a whole number", 1.5],
      [["limit"], "a whole number", {}],
      [["limit"], "a whole number", null],
      [["path"], "a string", true]
    ],
    noSuchArgument: [
      [["file"], ["path", "limit"]],
      [["edits", 0, "file"], ["path"]],
      [["file"], []]
    ],
    cannotBeChecked: [[["path"]]],
    saidOf: [[["date"], "must lie in the future"]],
    anObject: [],
    inWords: [
      { type: "string" },
      { type: "string", minLength: 1 },
      { type: "string", minLength: 2, maxLength: 5 },
      { type: "string", pattern: "^a+$" },
      { type: "integer", minimum: 1 },
      { type: "number", minimum: 1, maximum: 10 },
      { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 },
      { type: "number", maximum: 10 },
      { type: "boolean" },
      { type: "null" },
      { type: "array" },
      { type: "array", minItems: 2, maxItems: 2 },
      { type: "array", maxItems: 2 },
      { type: "object", required: ["path", "limit"] },
      { enum: ["a"] },
      { enum: ["a", "b"] },
      { anyOf: [{ type: "string" }, { $ref: "#/$defs/Step" }] }
    ].map((json) => [json, { Step: { type: "object" } }])
  },
  ToolFailures: {
    noProcesses: [],
    noSuchProcess: [["p1"]],
    ttyNeedsBackground: [],
    noTerminal: [],
    tooManyProcesses: [[8]],
    processTakesNoInput: [["p1"]],
    processNeedsId: [],
    noSuchTool: [["cat", ["read", "bash"]], ["cat", []]],
    argumentsNotJson: [["read", "Unexpected end of JSON input"], ["read", undefined]],
    argumentsTooDeep: [["read", 512]],
    resultTooDeep: [[512]],
    resultNotJson: [["it holds a BigInt"]],
    resultNotShown: [["it is nested more than 512 levels deep"]],
    stopped: [],
    threw: [["crash", "a bug"]],
    runByServer: [["web_search"]],
    commandEmpty: [],
    patchAndMore: [],
    commandNotStarted: [["spawn /bin/sh ENOENT"]],
    patternEmpty: [],
    patternHasLineBreak: [],
    noRegularExpression: [["Unterminated group"], [undefined]],
    patternTakesTooLong: [["(a+)+$"]],
    patternUnusable: [["{a", "Unbalanced braces"]],
    ignoreRule: [],
    globEmpty: [],
    globTooLong: [],
    severalInProgress: [],
    nobodyToAnswer: []
  },
  FileFailures: {
    outsideWorkspace: [
      [{ path: "../other", root: "/project", isOfHome: false }],
      [{ path: "~/other", root: "/project", isOfHome: true }]
    ],
    onlyInside: [["../other is outside the workspace /project"]],
    workspaceGone: [["/project"]],
    unusablePath: [["src/a.ts/"]],
    refusedBySystem: [
      [file, "NotFound", undefined],
      [file, "PermissionDenied", undefined],
      [file, "AlreadyExists", undefined],
      [file, "Unknown", "ELOOP: too many symbolic links encountered, open '/project/src/a.ts'"],
      [file, "Busy", undefined]
    ],
    replacedMeanwhile: [],
    notFound: [[file]],
    linkToNowhere: [["CLAUDE.md", "AGENTS.md"]],
    mayNotRead: [[file]],
    noFolder: [[file]],
    neitherFileNorFolder: [[file]],
    isFolder: [[file]],
    cannotReadFolder: [[file]],
    notRegularFile: [[file]],
    tooLarge: [[file, "12 MB"]],
    imageCutOff: [[{ path: "logo.png", type: "image/png", size: "12 KB" }]],
    imageTooLarge: [[{ path: "logo.png", type: "image/png", size: "12 MB", maxSize: "5 MB" }]],
    binary: [["a.zip", "ZIP archive", "12 KB"], ["a.bin", undefined, "12 KB"]],
    notUtf8: [["a.txt", "text in UTF-16", "12 KB"], ["a.txt", undefined, "12 KB"]],
    noSuchLine: [[file, 10, 12]]
  },
  EditFailures: {
    changedSinceRead: [[file]],
    changedSinceAgreed: [],
    notWritten: [[`${file}: permission denied`]],
    oldStringEmpty: [],
    oldStringIsNew: [],
    oldStringNotThere: [
      [file, undefined],
      [file, nearest],
      [file, { line: 1, lines: Array.from({ length: 14 }, () => "a"), differsInWhiteSpaceOnly: true }]
    ],
    oldStringNotUnique: [[file, 3]],
    patchTooLarge: [],
    patchUnreadable: [["it has no files"]],
    patchDoesNotFit: [[file, "hunk 1 of 2 does not fit: …"]],
    alreadyThere: [[file]],
    leadsThroughDeleted: [["link/a.txt", "link"]],
    notThereAnyMore: [[file]],
    firstLineIsNot: [["*** Begin Patch"]],
    lastLineIsNot: [["*** End Patch"]],
    beginsNoFile: [[3, "*** Change File: a.ts"]],
    namesNoFile: [[3]],
    updateWithoutLines: [[file]],
    patchWithoutFiles: [],
    unknownSign: [[3, "const a = 1"]],
    hunkDoesNotFit: [[1, 2, "the lines to change are not there. …"]],
    anchorNotThere: [[undefined]],
    linesNotThere: [[nearest]],
    linesComeBefore: [[nearest]]
  },
  Refusals: {
    notPermitted: [
      [{ rule: "mode read-only", reason: Refusals.changesFiles }],
      [{ rule: "mode ask", reason: Refusals.userSaidNo }],
      [{ rule: "mode ask", reason: Refusals.userSaidNo, words: "use the other branch" }],
      [{
        rule: "mode ask",
        reason: Refusals.controlCharacter("\\x1b"),
        advice: Refusals.withoutControlCharacters
      }],
      [{ rule: "rule 1 of policy.json" }]
    ],
    nobodyToAsk: [],
    tooManyCalls: [[64]],
    repeatedCall: [[{ name: "read", times: 3 }]],
    userSaidNo: [],
    sandboxRefused: [[["/home/ada/.npm"]], [["/home/ada/.npm", "/opt/a.txt"]]],
    again: [["run npm ci", ["/home/ada/.npm"]]],
    deniedByRule: [],
    pathDeniedByRule: [],
    noToolMayRun: [],
    secretFile: [[".env"]],
    partOfSkill: [["/skills/deploy/SKILL.md"]],
    steersLaterRuns: [[".git/config"]],
    protectedFile: [[".git/config"]],
    changesFiles: [],
    unknownTool: [["deploy"]],
    controlCharacter: [["\\x1b"]],
    withoutControlCharacters: [],
    namesSecret: [],
    notPlain: [],
    globMayTurnIntoOption: [],
    notKnownToOnlyLook: [],
    unexplainedProgram: [["make", false], ["git log", true]],
    programOfWorkspace: [["rg"]],
    repositoryNamesPrograms: [],
    cannotForesee: [],
    wouldShow: [
      [{ path: "../other/a.ts", why: "outside", more: 0, leaveOut: Refusals.leaveOutOther }],
      [{ path: ".env", why: "secret", more: 1, leaveOut: Refusals.leaveOutOfGit([".env", ".env.local"]) }],
      [{ path: "notes.txt", why: "denied", more: 0, leaveOut: Refusals.leaveOutOfSearch(["notes.txt"]) }],
      [{ path: "notes.txt", why: "denied", more: 7, leaveOut: undefined }]
    ],
    leaveOutOther: [],
    leaveOutOfGit: [[[".env"]], [[".env", ".env.local"]]],
    leaveOutOfSearch: [[[".env"]], [[".env", ".env.local"]]]
  },
  Conversation: {
    piped: [["diff --git a/a.ts b/a.ts\n", false], ["a </stdin> in it", true]],
    pipedToFile: [["line 1\n", false, {
      bytes: 1234567,
      location: "/home/me/.effixir/sessions/ID/artifacts/stdin.txt"
    }]],
    stillRunning: [[[{ id: "p1", command: "npm run dev" }, { id: "p2", command: "npm run watch" }]]],
    unknownOutcome: [],
    notRun: [],
    outputWithoutCall: [["3 files"]],
    unusableAnswer: [["age: Expected number, actual \"ten\"", "{\"type\":\"object\"}"]],
    imageFollows: [],
    imagesOfOutputs: [],
    imageNotSeen: [],
    imageNotTaken: [],
    imageRefused: [],
    cannotBeShown: [["input_file"], [undefined]]
  },
  ImportedSession: {
    imageGone: [],
    callFailed: [],
    summary: [["We have read the README."]],
    branchLeft: [["The tests were tried without the cache; they were slower."]],
    commandRun: [
      [{ command: "git status", output: "nothing to commit", exitCode: 0, isStopped: false }],
      [{ command: "npm test", output: "", exitCode: 1, isStopped: false }],
      [{ command: "npm start", output: "listening", exitCode: 0, isStopped: true }]
    ]
  },
  ChatPrompts: {
    init: [],
    review: [[""], ["the branch topic"]],
    undone: [[["src/a.ts", "src/b.ts"]]],
    commandRun: [["git status", "nothing to commit\n", ""], ["npm test", "", "exit 1"]],
    runInstead: [["npm test -- --run"]]
  },
  EditorPrompts: {
    link: [["notes.md", "file:///project/notes.md"]],
    resource: [["file:///project/notes.md", "# Notes"]],
    unreadable: [["file:///project/song.mp3", "audio/mpeg"]]
  },
  Compaction: {
    summarize: [],
    summary: [["## Task\n\nCount the files."]],
    outputLeftOut: [[16_000]],
    leftOut: [[80_000]],
    pictureLeftOut: []
  },
  Children: {
    tool: [[[{ name: "explore", description: "looks around" }, { name: "review", description: "reviews" }]]],
    agents: [],
    background: [],
    started: [["explore", "a1"]],
    done: [["explore", "a1"]],
    endedEarly: [["explore", "a1"]],
    answered: [["explore", "a1", "It is in src/a.ts."]],
    endedWithout: [["a1", "The agent explore has failed"]],
    stopped: [["explore", "a1"]],
    stillWorks: [["explore", "a1"]],
    listed: [["explore", "a1", "works"]],
    noAgents: [],
    notHere: [],
    needsId: [],
    noSuch: [["a7"]],
    tooMany: [[8]],
    instructions: [["explore", "/project", "Look, and change nothing."]],
    general: [],
    explore: [],
    review: [],
    limited: [["explore", "tokens", ""], ["explore", "time", "I have read the README."]],
    failed: [["explore", "The server refused the request: no"]],
    notAllowed: [["general", "run npm test"]],
    interrupted: [["explore"]],
    withoutTools: [["helper", ["mcp__files__*"]]]
  },
  HookTexts: {
    besideOutput: [["PostToolUse", "format it"]],
    message: [["Stop", "run the tests"]],
    refused: [],
    asks: []
  }
}

const room = new URL("../../src/prompts/", import.meta.url)

/** What the module says of itself. */
const about = (module: string): string => {
  const source = readFileSync(new URL(`${module}.ts`, room), "utf8")
  const [, header = ""] = /^\/\*\*\n((?: \*.*\n)+?) \*\n \* @/.exec(source) ?? []
  return header.replaceAll(/^ \* ?/gm, "").trim()
}

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, "    ")

const textsOf = (text: unknown, made: ReadonlyArray<ReadonlyArray<unknown>>): ReadonlyArray<string> =>
  typeof text === "object" ?
    Object.values({ ...text }).map(String) :
    typeof text === "function"
    ? made.map((args) => String(text(...args)))
    : [String(text)]

const section = async (module: string, made: { readonly [name: string]: ReadonlyArray<ReadonlyArray<unknown>> }) => {
  const texts: { readonly [name: string]: unknown } = await import(new URL(`${module}.ts`, room).href)
  assert.sameMembers(Object.keys(made), Object.keys(texts), `all texts of ${module} are shown`)
  const shown = Object.entries(made).map(([name, made]) =>
    `${name}\n\n${textsOf(texts[name], made).map(indented).join("\n\n")}`
  )
  return `======== ${module}\n\n${[about(module), ...shown].join("\n\n")}`
}

const declarations = Array.from(
  Toolkit.merge(everything, Waits.toolkit).tools.values(),
  ({ declaration }) => declaration
)

const isCustom = (declaration: ToolDeclaration): declaration is CustomTool => declaration.type === "custom"

/** As the model gets it. The grammar is a text of its own. */
const tool = (declaration: ToolDeclaration): string => {
  if (declaration.type !== "function" && declaration.type !== "custom") return declaration.type
  const { description, name } = declaration
  const form = isCustom(declaration)
    ? declaration.format.definition
    : JSON.stringify(declaration["parameters"], null, 2)
  return `${name}\n\n${indented(String(description))}\n\n${indented(form.trimEnd())}`
}

// `npx vitest run -u test/prompts` writes it.
const sandboxes = [
  { mode: "workspace-write", network: true, writable: ["/home/ada/.cache"] },
  { mode: "read-only", network: false, writable: [] }
] as const

describe("What the model is told", () => {
  it("is in told.txt, by occasion", async () => {
    const sections = await Promise.all(Object.entries(occasions).map(([module, made]) => section(module, made)))
    const all = [
      "What effixir tells the model, by occasion: each text by its name, with examples of what it is made with.",
      ...sections,
      `======== The built-in tools, as the model gets them\n\n${declarations.map(tool).join("\n\n")}`,
      `======== bash, where commands run in a sandbox\n\n${sandboxes.map(ToolDescriptions.bashInSandbox).join("\n\n")}`
    ]
    await expect(`${all.join("\n\n\n")}\n`).toMatchFileSnapshot("told.txt")
  })

  it("is there as a whole", () => {
    const modules = readdirSync(room).map((name) => basename(name, ".ts")).filter((name) => name !== "index")
    assert.sameMembers(modules, [...Object.keys(occasions), "ToolDescriptions"])
    const described = declarations.flatMap((declaration) =>
      "description" in declaration ? [declaration.description] : []
    )
    const { bashInSandbox: _, patchGrammar, read, ...others } = ToolDescriptions
    assert.sameMembers(described, [read(BoundedOutput), ...Object.values(others)])
    assert.deepStrictEqual(declarations.filter(isCustom).map(({ format }) => format.definition), [patchGrammar])
  })
})
