/**
 * Looks for what the Effect language service calls an error or a warning: `npm run check:effect`. Its own command line
 * makes the whole program anew for every fifty files, and takes three times as long; it also looks for what it would only
 * suggest, which fails no check.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import ts from "typescript"

/** As much of the language service's plugin for editors as is needed here. */
interface Plugin {
  readonly create: (info: {
    readonly languageService: {
      readonly getProgram: () => ts.Program
      readonly getSemanticDiagnostics: () => ReadonlyArray<ts.Diagnostic>
    }
    readonly project: { readonly log: (text: string) => void }
    readonly config: object
  }) => { readonly getSemanticDiagnostics: (file: string) => ReadonlyArray<ts.Diagnostic> }
}

interface Config {
  readonly name?: string
  readonly diagnosticSeverity?: Readonly<Record<string, string>>
}

const name = "@effect/language-service"
const require = createRequire(import.meta.url)
// Its "main" names a file that it does not have.
const init: (modules: { readonly typescript: typeof ts }) => Plugin = require(`${name}/index.js`)

const fail = (text: string): never => {
  process.stderr.write(`${text}\n`)
  process.exit(1)
}

const project = ts.getParsedCommandLineOfConfigFile("tsconfig.json", {}, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: ({ messageText }) => fail(ts.flattenDiagnosticMessageText(messageText, "\n"))
}) ?? fail("There is no tsconfig.json here.")

const plugins: ReadonlyArray<Config> = JSON.parse(JSON.stringify(project.options["plugins"] ?? []))
const config = plugins.find((plugin) => plugin.name === name) ?? fail(`tsconfig.json has no plugin ${name}.`)

/** Each rule with how much weight it has where nothing else is said. */
const rules: Readonly<Record<string, { readonly default: string }>> =
  JSON.parse(readFileSync(require.resolve(`${name}/schema.json`), "utf8"))
    .definitions.effectLanguageServicePluginDiagnosticSeverityDefinition.properties

const suggestions = Object.entries(rules).filter(([, rule]) => /^(?:suggestion|message)$/.test(rule.default))

const program = ts.createProgram({ rootNames: project.fileNames, options: project.options })
const service = init({ typescript: ts }).create({
  languageService: { getProgram: () => program, getSemanticDiagnostics: () => [] },
  project: { log: () => {} },
  config: {
    ...config,
    diagnosticSeverity: {
      ...Object.fromEntries(suggestions.map(([rule]) => [rule, "off"])),
      ...config.diagnosticSeverity
    }
  }
})

const found = project.fileNames.flatMap((file) => service.getSemanticDiagnostics(file))
  .filter(({ category }) => category === ts.DiagnosticCategory.Error || category === ts.DiagnosticCategory.Warning)

if (found.length > 0) {
  fail(ts.formatDiagnostics(found, {
    getCanonicalFileName: (file) => file,
    getCurrentDirectory: () => process.cwd(),
    getNewLine: () => "\n"
  }))
}
