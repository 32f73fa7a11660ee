/**
 * Offers the ways to sign in to a person at a terminal.
 */
import * as Effect from "effect/Effect"
import * as NodeBrowser from "../../node/auth/NodeBrowser.ts"
import * as Menu from "../menu.ts"
import type { Way } from "./Way.ts"

/** The default is the official sign-in, where the browser can reach this machine by itself. */
export const choose = Effect.flatMap(
  NodeBrowser.canOpenBrowser,
  (hasBrowser) => Menu.choose("How do you want to sign in?", options, hasBrowser ? 0 : 1)
)

const options: ReadonlyArray<Menu.Choice<Way>> = [
  {
    value: "chatgpt",
    title: "Continue with ChatGPT",
    remark: "The official way to use a Plus or Pro plan. It needs a browser, here or on another machine."
  },
  {
    value: "codex",
    title: "OpenAI Codex sign-in",
    remark: "As the Codex client signs in, for every plan that has Codex. A code is enough; it works without a browser."
  },
  {
    value: "api-key",
    title: "API key",
    remark: "Of an account at platform.openai.com, which pays for each request."
  }
]
