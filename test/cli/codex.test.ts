import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile, execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { createServer as createProxy } from "node:http"
import { type AddressInfo, connect, type Server, type Socket } from "node:net"
import { createServer as createTlsServer } from "node:tls"
import { promisify } from "node:util"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "./support.ts"

/** The official binary (`npm install @openai/codex`), named by who wants to see this. */
const codex = process.env["CODEX_BINARY"] ?? ""

/** A certificate for the hosts that it speaks to, and the CA behind it. */
const makeCertificate = (folder: string) => {
  const openssl = (command: string) => execFileSync("openssl", command.split(" "), { cwd: folder, stdio: "ignore" })
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
  writeFileSync(`${folder}/names`, "subjectAltName=DNS:chatgpt.com,DNS:auth.openai.com,DNS:api.openai.com")
  openssl(`req -x509 ${key} -keyout ca.key -out ca.pem -subj /CN=ca -days 2`)
  openssl(`req ${key} -keyout server.key -out server.csr -subj /CN=chatgpt.com`)
  openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names")
  return {
    ca: `${folder}/ca.pem`,
    cert: readFileSync(`${folder}/server.pem`),
    key: readFileSync(`${folder}/server.key`)
  }
}

const listen = (server: Server) =>
  Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
    }),
    () => Effect.sync(() => server.close())
  )

const join = (one: Socket, other: Socket) => {
  one.pipe(other).pipe(one)
  for (const end of [one, other]) end.on("error", () => {})
}

/** A proxy behind which every host is the simulator. */
const proxyTo = Effect.fnUntraced(function*(url: string, tls: { readonly cert: Buffer; readonly key: Buffer }) {
  const simulator = Number(new URL(url).port)
  const host = createTlsServer(tls, (socket) => join(socket, connect(simulator, "127.0.0.1")))
  const port = yield* listen(host)
  const proxy = createProxy().on("connect", (_request, socket: Socket) => {
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n")
    join(socket, connect(port, "127.0.0.1"))
  })
  return `http://127.0.0.1:${yield* listen(proxy)}`
})

describe.runIf(codex !== "")("the official codex", () => {
  it.scopedLive("signs in against the simulator, and its sign-in can be taken over", () =>
    Effect.gen(function*() {
      const { base, fs, path, run, simulator } = yield* machine(() => Script.answer(Script.say("Hello!")), {
        signedIn: false,
        autoApprove: true,
        pollInterval: "1 second"
      })
      const home = path.join(base, ".codex")
      yield* fs.makeDirectory(home)
      const args = ["login", "--device-auth", "--experimental_issuer", simulator.issuer]
      const env = { PATH: process.env["PATH"], HOME: base, CODEX_HOME: home }
      const { stderr, stdout } = yield* Effect.promise(() => promisify(execFile)(codex, args, { env }))
      assert.include(stdout + stderr, "Successfully logged in")
      assert.deepStrictEqual(
        new Set((yield* simulator.requests).map(({ path }) => path)),
        new Set(["/api/accounts/deviceauth/usercode", "/api/accounts/deviceauth/token", "/oauth/token"])
      )

      assert.strictEqual((yield* run(["login", "--from-codex", "--yes"])).code, 0)
      assert.strictEqual((yield* run(["Say hello"])).stdout, "Hello!\n")
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "runs a turn with a tool against the simulator, in the place of the real hosts",
    () =>
      Effect.gen(function*() {
        const { base, fs, path, simulator } = yield* machine(
          Script.fromTurns([
            Script.answer(Script.call("exec_command", { cmd: "echo from the shell" })),
            Script.answer(Script.say("Hello from the simulator!"))
          ]),
          { signedIn: false, autoApprove: true, pollInterval: "1 second" }
        )
        const home = path.join(base, ".codex")
        yield* fs.makeDirectory(home)
        const own = { PATH: process.env["PATH"], HOME: base, CODEX_HOME: home }
        const login = ["login", "--device-auth", "--experimental_issuer", simulator.issuer]
        yield* Effect.promise(() => promisify(execFile)(codex, login, { env: own }))
        const tls = makeCertificate(base)
        const env = { ...own, HTTPS_PROXY: yield* proxyTo(simulator.url, tls), CODEX_CA_CERTIFICATE: tls.ca }
        const exec = ["exec", "--skip-git-repo-check", "-C", base, "Say hello"]
        const run = promisify(execFile)(codex, exec, { env, timeout: 60_000 })
        run.child.stdin?.end()
        const { stdout } = yield* Effect.promise(() => run)
        assert.include(stdout, "Hello from the simulator!")
        const paths = (yield* simulator.requests).map(({ path }) => path)
        assert.include(paths, "/backend-api/wham/accounts/check")
        assert.include(paths, "/backend-api/codex/responses")
      }).pipe(Effect.provide(platform))
  )
})
