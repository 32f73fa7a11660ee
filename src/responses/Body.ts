/**
 * A request as the body of `POST /responses`: one host has a field for the system prompt, another wants it in the input.
 *
 * @internal
 */
import type { Wire } from "../auth/Host.ts"
import type { ModelProfile } from "./account/ModelProfile.ts"
import * as Input from "./Input.ts"
import { developerMessage, type Item } from "./Item.ts"
import { type Request, type ToolDeclaration, withoutUpdates } from "./Request.ts"

/**
 * The part before the conversation never changes during it, so that the server finds it in its cache.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (request: Request, profile: ModelProfile, wire: Wire): Body => {
  const hasUpdates = wire.hasEffortUpdates && profile.effortUpdates
  const fitting = hasUpdates ? request : withoutUpdates(request)
  const { input: _, instructions, tools, ...fields } = fitting
  const isInInput = (tool: ToolDeclaration) => wire.hasAdditionalTools && profile.additionalTools && isOurs(tool)
  const inside = tools.filter(isInInput)
  const beside = tools.filter((tool) => !isInInput(tool))
  const body: Body = {
    ...fields,
    ...(wire.hasInstructions ? { instructions } : {}),
    input: [
      ...(inside.length === 0 ? [] : [{ type: "additional_tools", role: "developer", tools: inside }]),
      ...(wire.hasInstructions || instructions === "" ? [] : [developerMessage(instructions)]),
      ...Input.fit(fitting, profile, wire)
    ],
    ...(inside.length > 0 && beside.length === 0 ? {} : { tools: beside })
  }
  return wire.refusedFields.size === 0
    ? body
    : { ...withoutFields(body, wire.refusedFields), input: body.input }
}

/**
 * The JSON body; a later request of the conversation continues its input.
 *
 * @since 0.1.0
 * @category models
 */
export interface Body {
  readonly input: ReadonlyArray<Item>
  readonly [field: string]: unknown
}

/** Every host takes the tools that the server runs itself beside the input. */
const isOurs = ({ type }: ToolDeclaration): boolean => type === "function" || type === "custom"

const withoutFields = (body: Body, fields: ReadonlySet<string>) =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !fields.has(name)))
