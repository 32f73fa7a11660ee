/**
 * A session as programs get it.
 */
import type { Summary } from "../../session/Summary.ts"
import { usageJson } from "./usage.ts"

export const toJson = (summary: Summary) => ({
  id: summary.id,
  title: summary.title,
  workspace: summary.workspace,
  model: summary.model,
  status: summary.status,
  created_at: new Date(summary.createdAt).toISOString(),
  updated_at: new Date(summary.updatedAt).toISOString(),
  turns: summary.turns,
  usage: usageJson(summary.usage),
  parent: summary.forkOf === null ? null : parentJson(summary.forkOf)
})

/** Where a fork comes from. */
export const parentJson = ({ seq, sessionId }: { readonly sessionId: string; readonly seq: number }) => ({
  session_id: sessionId,
  seq
})
