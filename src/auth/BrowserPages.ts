/**
 * The pages that the browser shows after a sign-in.
 *
 * @internal
 */
import type { Page } from "./CallbackServer.ts"

/** Plain pages: nothing is loaded from anywhere, and the code is taken out of the address bar. */
const page = (status: number, title: string, text: string): Page => ({
  status,
  html: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>${escape(title)}</title>
<style>
  body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto 0; padding: 0 1rem }
  h1 { font-size: 1.8rem; line-height: 1.2 }
  code { white-space: nowrap; font-size: 0.95em }
  @media (prefers-color-scheme: dark) { body { background: #111; color: #eee } }
</style>
<h1>${escape(title)}</h1>
<p>${withCommands(text)}</p>
<script>history.replaceState(null, "", location.pathname)</script>
</html>
`
})

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")

/** A command, between backticks, is set apart and kept on one line. */
const withCommands = (text: string): string => escape(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>")

export const success: Page = page(200, "You are signed in", "effixir goes on in the terminal. You may close this tab.")
export const withoutPlan: Page = page(
  200,
  "You are signed in, without your plan",
  "You did not allow the use of your ChatGPT plan. The terminal says what you can do. You may close this tab."
)
export const mismatch: Page = page(
  400,
  "State mismatch",
  "This answer belongs to another sign-in. Start again in the terminal."
)
export const underWay: Page = page(
  200,
  "The sign-in is under way",
  "effixir goes on in the terminal. You may close this tab."
)
export const stopped: Page = page(
  200,
  "The sign-in was stopped",
  "Start again in the terminal. You may close this tab."
)
export const failed = (message: string): Page =>
  page(
    400,
    "The sign-in did not work",
    `${message.replace(/\.$/, "")}. You may close this tab; the terminal says the same.`
  )
