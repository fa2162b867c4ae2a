import { wholeResponse } from "./whole-body.ts"

const headers = { "content-type": "text/plain;charset=UTF-8" }

/** One thing that has to be true of a server that works. */
export interface HealthCheck {
  readonly name: string
  readonly isWell: () => boolean
}

/**
 * Answers `/healthz`, `/livez` and `/readyz`, whole or for one check (`/readyz/ping`), and with `?verbose` for each.
 * Undefined when the path names no check.
 */
export function healthAnswer(url: URL, checks: readonly HealthCheck[]): Response | undefined {
  const [endpoint = "", name] = url.pathname.slice(1).split("/")
  const excluded = url.searchParams.getAll("exclude")
  const chosen = checks.filter((check) => (name ? check.name === name : !excluded.includes(check.name)))
  if (name && chosen.length === 0) return undefined
  const results = chosen.map((check) => ({ name: check.name, well: check.isWell() }))
  const well = results.every((result) => result.well)
  if (well && !url.searchParams.has("verbose")) return wholeResponse("ok", { headers })
  const lines = results.map((result) => (result.well ? `[+]${result.name} ok` : `[-]${result.name} failed`))
  const text = [...lines, `${endpoint} check ${well ? "passed" : "failed"}`, ""].join("\n")
  return wholeResponse(text, { status: well ? 200 : 500, headers })
}
