/**
 * The document of the API as a page to read.
 *
 * @internal
 */
import type * as OpenApi from "@effect/platform/OpenApi"
import { field, text } from "../internal/json.ts"

/** The document without the failures that the library knows and this server never tells. */
export const tidied = (document: OpenApi.OpenAPISpec): OpenApi.OpenAPISpec =>
  JSON.parse(JSON.stringify(document, (name, value: unknown) => {
    if (name === "HttpApiDecodeError" || name === "Issue") return undefined
    const members = field(value, "anyOf")
    const others = Array.isArray(members) ? members.filter((one) => !isLibrarys(one)) : []
    return Array.isArray(members) && others.length < members.length
      ? others.length === 1 ? others[0] : { ...value as object, anyOf: others }
      : value
  }))

const isLibrarys = (schema: unknown): boolean =>
  text(field(schema, "$ref")) === "#/components/schemas/HttpApiDecodeError"

export const toHtml = (document: OpenApi.OpenAPISpec): string => {
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, call]) => callHtml(method, path, call))
  )
  const schemas = Object.entries(document.components.schemas).map(([name, schema]) =>
    `<h3 id="${escaped(name)}">${escaped(name)}</h3>\n${jsonHtml(schema)}`
  )
  return `<h1>${escaped(document.info.title)}</h1>\n<p>${escaped(document.info.description ?? "")}</p>\n` +
    `<p>Every call but <code>GET /health</code> wants <code>Authorization: Bearer TOKEN</code>, with the token of the ` +
    `server's token file. An error is <code>{"error":{"kind","message","details"}}</code>.</p>\n` +
    `${calls.join("")}<h2>Schemas</h2>\n${schemas.join("")}`
}

const callHtml = (method: string, path: string, call: OpenApi.OpenAPISpecOperation): string => {
  const parameters = call.parameters.map(({ in: place, name, required }) =>
    `<tr><td><code>${escaped(name)}</code></td><td>${escaped(place)}${required ? "" : ", may be left away"}</td></tr>`
  )
  const body = Object.entries(call.requestBody?.content ?? {}).map(([, { schema }]) =>
    `<p>Body:</p>\n${jsonHtml(schema)}`
  )
  const answers = Object.entries(call.responses).map(([status, { content, description }]) => {
    const schemas = Object.entries(content ?? {}).map(([type, { schema }]) => `${escaped(type)} ${shortHtml(schema)}`)
    return `<tr><td>${escaped(status)}</td><td>${escaped(description)}</td><td>${schemas.join(", ")}</td></tr>`
  })
  return `<h2><code>${escaped(method.toUpperCase())} ${escaped(path)}</code></h2>\n` +
    `<p>${escaped(call.description ?? "")}</p>\n` +
    `${parameters.length === 0 ? "" : `<table>${parameters.join("")}</table>\n`}${body.join("\n")}\n` +
    `<table>${answers.join("")}</table>\n`
}

const shortHtml = (schema: unknown): string => {
  const name = /^#\/components\/schemas\/(.+)$/.exec(text(field(schema, "$ref")) ?? "")?.[1]
  return name === undefined ? jsonHtml(schema) : `<a href="#${escaped(name)}">${escaped(name)}</a>`
}

const jsonHtml = (value: unknown): string => `<pre>${escaped(JSON.stringify(value, undefined, 2))}</pre>`

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")
