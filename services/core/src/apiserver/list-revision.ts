import { StatusError } from "@wick/sdk/api/meta/status-error"
import { invalidOption, unsupportedOption } from "./invalid-error.ts"

const field = "resourceVersionMatch"
const matches = ["Exact", "NotOlderThan"]

/**
 * The one revision that a list must be of; undefined when the present will do, which is never older than what a client
 * has seen, unless it saw it elsewhere: then it is told to come again.
 */
export function exactRevision(query: URLSearchParams, present: number): number | undefined {
  const version = query.get("resourceVersion") ?? ""
  const match = query.get("resourceVersionMatch") ?? ""
  if (match !== "" && version === "")
    throw forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided")
  if (match !== "" && !matches.includes(match)) throw unsupportedOption("ListOptions", field, match, [...matches, ""])
  if (version === "") return undefined
  if (!/^\d{1,15}$/.test(version)) throw new StatusError("BadRequest", `invalid resource version "${version}"`)
  const revision = Number(version)
  if (match === "Exact" && revision === 0)
    throw forbidden('resourceVersionMatch "Exact" is forbidden for resourceVersion "0"')
  if (revision > present) throw tooLarge(revision, present)
  return match === "Exact" ? revision : undefined
}

/** A watch that begins with what is there says so with both options, or with neither. */
export function checkWatchOptions(query: URLSearchParams): void {
  const initial = query.get("sendInitialEvents")
  const match = query.get("resourceVersionMatch") ?? ""
  if (initial === null && match !== "")
    throw forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
  if (initial !== null && match !== "NotOlderThan")
    throw forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
}

export function forbidden(detail: string): StatusError {
  return invalidOption("ListOptions", { type: "Forbidden", field, detail })
}

function tooLarge(revision: number, present: number): StatusError {
  return new StatusError("Timeout", `Too large resource version: ${revision}, current: ${present}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  })
}
