/**
 * Where a new session begins: a folder, a model, and what is to be done.
 */
import * as Composer from "./composer.ts"
import { h } from "./dom.ts"
import type { Server } from "./server.ts"
import type { View } from "./sessionView.ts"

export interface Options {
  readonly server: Server
  /** Folders that sessions have worked in, the last one first. */
  readonly folders: ReadonlyArray<string>
  readonly onBegun: (session: string) => void
}

export const make = ({ folders, onBegun, server }: Options): View => {
  const text = { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false" }
  const folder = h("input", { ...text, list: "folders", placeholder: "the folder of the server" })
  const model = h("input", { ...text, placeholder: "the usual one" })
  /** A turn that is refused leaves its session, which the next attempt goes on with. */
  let begun: { readonly choice: string; readonly session: string } | undefined
  const composer = Composer.make({
    placeholder: "What is to be done?",
    stop: undefined,
    send: async (input, key) => {
      const chosen = { ...given("workspace", folder), ...given("model", model) }
      const choice = JSON.stringify(chosen)
      if (begun?.choice !== choice) begun = { choice, session: await server.begin(chosen) }
      await server.turn(begun.session, { input, key })
      onBegun(begun.session)
    }
  })
  return {
    element: h(
      "main",
      { class: "session new" },
      h(
        "header",
        {},
        h("a", { href: "#/", class: "back", "aria-label": "All sessions" }, "‹"),
        h("h1", {}, "New session")
      ),
      h(
        "div",
        { class: "scroller" },
        h("label", {}, "Folder", folder),
        h("datalist", { id: "folders" }, ...folders.map((value) => h("option", { value }))),
        h("label", {}, "Model", model)
      ),
      composer.element
    ),
    composer,
    close: () => undefined
  }
}

const given = (name: "workspace" | "model", { value }: HTMLInputElement): { workspace?: string; model?: string } =>
  value.trim() === "" ? {} : { [name]: value.trim() }
