import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { queryFlag } from "@wick/sdk/api/meta/query-flag"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { invalidError } from "./invalid-error.ts"

const field = "resourceVersionMatch"

/** Refuses options of a list that contradict one another, with all that is wrong with them. */
export function checkListOptions(query: URLSearchParams): void {
  numberOf(query, "timeoutSeconds")
  const match = query.get(field) ?? ""
  const version = query.get("resourceVersion") ?? ""
  const mistakes: FieldError[] = []
  if (match !== "") {
    if (version === "") mistakes.push(forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"))
    if (query.get("continue")) mistakes.push(forbidden("resourceVersionMatch is forbidden when continue is provided"))
    if (match !== "Exact" && match !== "NotOlderThan") mistakes.push(unsupported(match, "Exact", "NotOlderThan", ""))
    if (match === "Exact" && version === "0")
      mistakes.push(forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
  }
  if (queryFlag(query, "sendInitialEvents") !== undefined)
    mistakes.push(forbidden("sendInitialEvents is forbidden for list", "sendInitialEvents"))
  refuse(mistakes)
}

/** A watch that begins with what is there says so with both options, or with neither. */
export function checkWatchOptions(query: URLSearchParams): void {
  numberOf(query, "timeoutSeconds")
  const initial = queryFlag(query, "sendInitialEvents")
  const match = query.get(field) ?? ""
  const mistakes: FieldError[] = []
  if (initial !== undefined && match !== "NotOlderThan")
    mistakes.push(forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
  if (match !== "") {
    if (initial === undefined)
      mistakes.push(forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
    if (match !== "NotOlderThan") mistakes.push(unsupported(match, "NotOlderThan"))
    if (query.get("continue")) mistakes.push(forbidden("resourceVersionMatch is forbidden when continue is provided"))
  }
  refuse(mistakes)
}

function refuse(mistakes: readonly FieldError[]): void {
  if (mistakes.length > 0) throw invalidError({ kind: "ListOptions", group: "meta.k8s.io" }, "", mistakes)
}

function forbidden(detail: string, at = field): FieldError {
  return { type: "Forbidden", field: at, detail }
}

function unsupported(value: string, ...supported: string[]): FieldError {
  const detail = `supported values: ${supported.map((each) => JSON.stringify(each)).join(", ")}`
  return { type: "NotSupported", field, value, detail }
}

/**
 * The one revision that a list must be of; undefined when the present will do, which is never older than what a client
 * has seen, unless it saw it elsewhere: then it is told to come again.
 */
export function exactRevision(query: URLSearchParams, present: number): number | undefined {
  const revision = notOlderThan(query, present)
  return revision !== undefined && query.get(field) === "Exact" ? revision : undefined
}

/** The revision that an answer may not be older than; undefined where none was named. */
export function notOlderThan(query: URLSearchParams, present: number): number | undefined {
  const version = query.get("resourceVersion") ?? ""
  if (version === "") return undefined
  if (!/^\d{1,15}$/.test(version)) {
    const why = `strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`
    const text = `resourceVersion: Invalid value: ${JSON.stringify(version)}: ${why}`
    throw new StatusError("BadRequest", `invalid resource version: ${text}`)
  }
  const revision = Number(version)
  if (revision > present) throw new FutureVersionError(revision, present)
  return revision
}

/** A client has seen a revision that is still to come: of another server, or of a store that was put back since. */
export class FutureVersionError extends StatusError {
  constructor(revision: number, present: number) {
    super("Timeout", `Timeout: Too large resource version: ${revision}, current: ${present}`, {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    })
  }
}

/** An option that is a whole number, 0 where it is not given. */
export function numberOf(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? ""
  if (/^(-?\d{1,15})?$/.test(text)) return Number(text)
  const why = /^-?\d+$/.test(text) ? "value out of range" : "invalid syntax"
  throw new StatusError("BadRequest", `strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`)
}
