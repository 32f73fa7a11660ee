/**
 * Why a sign-in, or a call that it needs, did not work.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * - `Denied` the person, or the workspace, refused
 * - `NotEnabled` the workspace of the person does not include this
 * - `Expired` nobody agreed in time, or the code is used up
 * - `DeviceCodeDisabled` this server has no device sign-in
 * - `PortBusy` no port for the callback of the browser is free
 * - `Identity` the identity of the person is not proven, and nothing of the answer is used
 * - `OtherAccount` the account is another one than that of the present sign-in
 * - `OtherServer` the stored sign-in is of another sign-in server than the one that is set
 * - `Region` the server does not serve the place that the request seems to come from
 * - `Certificate` the server could not show that it is the right one
 * - `Blocked` a machine between us and the server, such as a proxy, answered in its place with a web page
 * - `Transport` the server was not reached, or is in trouble; it may work later
 * - `Protocol` the server sent an unexpected answer
 *
 * @since 0.1.0
 * @category errors
 */
export class OAuthError extends Schema.TaggedError<OAuthError>("effixir/auth/OAuth/OAuthError")("OAuthError", {
  reason: Schema.Literal(
    "Denied",
    "NotEnabled",
    "Expired",
    "DeviceCodeDisabled",
    "PortBusy",
    "Identity",
    "OtherAccount",
    "OtherServer",
    "Region",
    "Certificate",
    "Proxy",
    "Blocked",
    "Transport",
    "Protocol"
  ),
  /** What the server, or the network, said. */
  detail: Schema.String,
  /** Milliseconds after which the server wants to be asked again. */
  retryAfter: Schema.optional(Schema.Number),
  cause: Schema.optional(Schema.Defect)
}) {
  /** Whether the same call may succeed later. */
  get isTransient(): boolean {
    return this.reason === "Transport" || this.reason === "Blocked"
  }

  override get message(): string {
    const said = this.detail === "" ? "" : `: ${this.detail}`
    return `${sentences[this.reason]}${said}`
  }
}

const sentences: { readonly [reason in OAuthError["reason"]]: string } = {
  Denied: "The sign-in was refused; to try again, run `effixir login`",
  NotEnabled: "Codex is not enabled for this workspace; ask its administrator to enable it",
  Expired: "The sign-in was not finished in time, or its code is used up; start again with `effixir login`",
  DeviceCodeDisabled: "This server offers no sign-in by code; use `effixir login --browser`",
  PortBusy: "The ports 1455 and 1457 are both in use, or reserved by the system; use `effixir login --device`",
  Identity: "It is not proven who has signed in, and the answer of the sign-in server is not used",
  OtherAccount: "Another account has signed in than the one that this profile is for, and its sign-in is not stored",
  OtherServer:
    "The stored sign-in is of another sign-in server than the one that EFFIXIR_ISSUER names, and is not shown " +
    "to this one; unset EFFIXIR_ISSUER, or sign in here with `effixir login --chatgpt --profile NAME`",
  Region:
    "The sign-in server does not serve this region; if your browser uses a proxy, set HTTPS_PROXY to the same one",
  Certificate: "The sign-in server could not be reached safely",
  Proxy: "The sign-in server could not be reached through the proxy",
  Blocked:
    "A web page came back in the place of an answer of the sign-in server, as from a proxy or a network block; " +
    "if your browser uses a proxy, set HTTPS_PROXY to the same one",
  Transport: "The sign-in server could not be reached, or is in trouble; check the network and any proxy " +
    "(HTTPS_PROXY), and try again",
  Protocol: "The sign-in server answered in a way that is not understood"
}
