/**
 * Structured logs: a constant message and fields, one JSON object per line on stderr (or one readable line on a
 * terminal). Secrets are never passed as fields.
 */
export type LogLevel = "debug" | "info" | "warn" | "error"
export type LogFields = Readonly<Record<string, unknown>>

export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A log whose every line carries `fields` too; of the level that is told at each line, while one is. */
  with(fields: LogFields, level?: () => LogLevel | undefined): Log
}

const rank: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 }

export interface LogOptions {
  level: LogLevel
  write: (line: string) => void
  now: () => number
  /** "json" for machines, "text" for a terminal. */
  format: "json" | "text"
}

const unsaid = (): undefined => undefined

export function createLog(options: LogOptions, bound: LogFields = {}, told: () => LogLevel | undefined = unsaid): Log {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (rank[level] < rank[told() ?? options.level]) return
    options.write(format(options, level, message, { ...bound, ...fields }))
  }
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields, level) => createLog(options, { ...bound, ...fields }, level ?? told),
  }
}

/** Drops every line: for tests and for libraries that were given no log. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLog,
}

function format(options: LogOptions, level: LogLevel, message: string, fields: LogFields): string {
  const time = new Date(options.now()).toISOString()
  if (options.format === "json") {
    return `${JSON.stringify({ time, level, message, ...fields }, readable)}\n`
  }
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${JSON.stringify(value, readable)}`)
  return `${time.slice(11, 23)} ${level.padEnd(5)} ${message} ${pairs.join(" ")}\n`
}

/** Errors have no enumerable fields: without this an error would be logged as `{}`. */
function readable(_key: string, value: unknown): unknown {
  if (value instanceof Error) return value.stack ?? value.message
  if (typeof value === "bigint") return String(value)
  return value
}
