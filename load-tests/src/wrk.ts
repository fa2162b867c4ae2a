import { execFile } from "node:child_process"

/** What one run of wrk measured. Latencies in milliseconds. */
export interface WrkResult {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50: number
  readonly p99: number
  /** Answers other than 2xx and 3xx, and connections that failed. */
  readonly errors: number
}

export interface WrkOptions {
  readonly url: string
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
  /** A Lua file that makes the requests. */
  readonly script?: string
  readonly connections: number
  readonly seconds: number
}

/** Runs wrk with one thread: closed-loop load that costs little CPU itself. */
export async function wrk({ url, host, headers, script, connections, seconds }: WrkOptions): Promise<WrkResult> {
  const all = { ...(host && { Host: host }), ...headers }
  const header = Object.entries(all).flatMap(([name, value]) => ["-H", `${name}: ${value}`])
  const scripted = script ? ["-s", script] : []
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", ...header, ...scripted, url]
  const output = await new Promise<string>((resolve, reject) => {
    execFile("wrk", args, (error, stdout) => (error ? reject(error) : resolve(stdout)))
  })
  return parseWrk(output)
}

/** Pure: wrk's report as figures. */
export function parseWrk(output: string): WrkResult {
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0)
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)
  const socketErrors = (sockets?.slice(1) ?? []).reduce((sum, each) => sum + Number(each), 0)
  return {
    requests: number(/(\d+) requests in/),
    requestsPerSecond: number(/Requests\/sec:\s+([\d.]+)/),
    p50: milliseconds(/\n\s+50%\s+(\S+)/.exec(output)?.[1]),
    p99: milliseconds(/\n\s+99%\s+(\S+)/.exec(output)?.[1]),
    errors: number(/Non-2xx or 3xx responses: (\d+)/) + socketErrors,
  }
}

const units: Record<string, number> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 }

function milliseconds(text = "0ms"): number {
  const [, amount, unit = "ms"] = /^([\d.]+)(\w+)$/.exec(text) ?? []
  return Math.round(Number(amount ?? 0) * (units[unit] ?? 1) * 1_000) / 1_000
}
