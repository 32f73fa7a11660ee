/**
 * `effixir doctor`: what is set up here, and whether it works.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { json as visibleJson, line } from "../../internal/visible.ts"
import * as Network from "../../node/network/Network.ts"
import { layerHome } from "../../node/NodeHome.ts"
import * as Home from "../../node/settings/Home.ts"
import type { Flags } from "../commands/doctor.ts"
import * as Common from "../commands/options.ts"
import { databaseUrl } from "../databaseUrl.ts"
import * as Account from "../doctor/account.ts"
import * as Check from "../doctor/Check.ts"
import * as HomeChecks from "../doctor/home.ts"
import * as Machine from "../doctor/machine.ts"
import * as McpChecks from "../doctor/mcp.ts"
import * as ExitCode from "../ExitCode.ts"
import { whileWaiting } from "../progressLine.ts"
import { Screen } from "../Screen.ts"
import { settings } from "../settings.ts"
import { wrap } from "../wrap.ts"

export const handle = Effect.fnUntraced(function*({ auth, database, json, offline, profile }: Flags) {
  const screen = yield* Screen
  const shared = yield* sharedDatabase(database, offline)
  const checks = yield* Effect.zipWith(runAll(offline), shared, (own, shared) => [...own, ...shared]).pipe(
    Effect.scoped,
    whileWaiting("checking what is set up"),
    Common.override({ auth, profile })
  )
  const isOk = checks.every(({ status }) => status !== "fail")
  yield* screen.out(
    json
      ? `${visibleJson(JSON.stringify({ ok: isOk, checks }))}\n`
      : toText(checks, screen.isOutTerminal ? screen.width : Infinity)
  )
  if (!isOk) return yield* new ExitCode.Stop({ code: ExitCode.failure })
})

/** The code of a cluster is loaded where there is one. */
const sharedDatabase = Effect.fnUntraced(function*(given: Flags["database"], isOffline: boolean) {
  const url = yield* databaseUrl(given)
  if (Option.isNone(url)) return Effect.succeed([])
  const { checks } = yield* Effect.promise(() => import("../doctor/database.ts"))
  return checks(url.value, isOffline)
})

/** In the order of the manual, whatever order they end in. */
const runAll = Effect.fnUntraced(function*(isOffline: boolean) {
  const home = yield* Home.config
  // One after the other: those that come later set modes right, or make files.
  const own = yield* Effect.forEach(
    [Machine.node, HomeChecks.writable(home), HomeChecks.permissions(home), HomeChecks.sessions],
    Check.run
  )
  const config = yield* Check.run(HomeChecks.config(home))
  const proxy = yield* Check.run(isOffline ? offline("net.proxy") : Account.proxy)
  // Even offline, nothing can be set up with a proxy that cannot be one.
  const hasNetwork = yield* Effect.isSuccess(Config.unwrap(Network.config))
  const unusable = config.status === "fail" ? config : hasNetwork && proxy.status !== "fail" ? undefined : proxy
  const servers = yield* McpChecks.checks(isOffline)
  const [account, machine] = yield* Effect.all([
    unusable === undefined ? askAll(isOffline, proxy) : skipAll(unusable, proxy),
    Effect.forEach(
      [
        Machine.sandbox,
        Machine.ripgrep,
        Machine.git,
        ...servers,
        Machine.size,
        Machine.color
      ],
      Check.run
    )
  ], { concurrency: "unbounded" })
  return [...own, config, ...account, ...machine]
}, Effect.scoped)

const askAll = Effect.fnUntraced(
  function*(isOffline: boolean, proxy: Check.Result) {
    const { transport } = yield* settings(".")
    const asked = yield* Account.askIssuer
    const refusal = isOffline ? undefined : yield* Account.refusal(asked)
    if (refusal !== undefined) {
      const refused = yield* Check.run({ id: proxy.id, look: Effect.succeed(refusal) })
      return yield* skipAll(refused, refused)
    }
    const among = (check: Check.Check<Account.Services>) => isOffline ? offline(check.id) : check
    const before = [Account.credential, Account.expiry, ...[Account.issuer(asked), Account.api].map(among)]
    const after = [Account.websocket(transport), Account.clock(asked)].map(among)
    const [first, last] = yield* Effect.all([runTogether(before), runTogether(after)], { concurrency: "unbounded" })
    return [...first, proxy, ...last]
  },
  Effect.provide(Layer.provideMerge(layerHome, Network.layerConfig()))
)

const runTogether = (checks: ReadonlyArray<Check.Check<Account.Services>>) =>
  Effect.forEach(checks, Check.run, { concurrency: "unbounded" })

const offline = (id: string): Check.Check => ({
  id,
  look: Effect.succeed(Check.skipped("No server is asked: --offline"))
})

/** What cannot be looked at before something else is put right. */
const skipAll = ({ id: why }: Check.Result, proxy: Check.Result) =>
  Effect.forEach(Account.ids, (id) =>
    id === proxy.id
      ? Effect.succeed(proxy)
      : Check.run({ id, look: Effect.succeed(Check.skipped(`It cannot be looked at before ${why} is put right`)) }))

/** A row for each check; below it what to do, where there is something. */
const toText = (checks: ReadonlyArray<Check.Result>, width: number): string => {
  const column = Math.max(...checks.map(({ id }) => id.length)) + 8
  const indent = " ".repeat(column)
  const below = (text: string) => column + text.length > width ? wrap(text, width, indent).trimStart() : text
  const rows = checks.map(({ id, remedy, status, summary }) =>
    `${status.padEnd(6)}${id.padEnd(column - 6)}${below(line(summary))}\n` +
    (remedy === null ? "" : `${indent}${below(line(`→ ${remedy}`))}\n`)
  )
  const failed = checks.filter(({ status }) => status === "fail").length
  const warned = checks.filter(({ status }) => status === "warn").length
  const end = failed > 0
    ? `${failed} of ${checks.length} checks failed.`
    : warned > 0
    ? `All works, with ${warned} ${warned === 1 ? "remark" : "remarks"}.`
    : "All works."
  return `${rows.join("")}${end}\n`
}
