/**
 * Pure: lines of a container's log as CRI writes them:
 *
 *     2026-01-31T12:00:00.123456789Z stdout F the text
 *
 * `P` instead of `F` marks a part of a line that was too long for one.
 */
export interface LogLine {
  /** As written: RFC 3339 with nanoseconds. */
  readonly time: string
  readonly stream: "stdout" | "stderr"
  readonly partial: boolean
  readonly text: Buffer
}

const space = 0x20

/** `undefined` for what is no such line: the file may end in the middle of one. */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const first = line.indexOf(space)
  const second = line.indexOf(space, first + 1)
  const third = line.indexOf(space, second + 1)
  if (first === -1 || second === -1) return undefined
  const stream = line.toString("latin1", first + 1, second)
  if (stream !== "stdout" && stream !== "stderr") return undefined
  const tag = line.toString("latin1", second + 1, third === -1 ? line.length : third)
  const text = third === -1 ? Buffer.alloc(0) : line.subarray(third + 1)
  return { time: line.toString("latin1", 0, first), stream, partial: tag.startsWith("P"), text }
}

export interface LogQuery {
  readonly follow: boolean
  readonly timestamps: boolean
  readonly tailLines: number | undefined
  readonly sinceMs: number | undefined
  readonly limitBytes: number | undefined
  readonly stream: "All" | "Stdout" | "Stderr"
}

/** What is sent of a line, or nothing. */
export function shownLine(line: LogLine, query: LogQuery): Buffer | undefined {
  if (query.sinceMs !== undefined && Date.parse(line.time) < query.sinceMs) return undefined
  if (query.stream !== "All" && query.stream.toLowerCase() !== line.stream) return undefined
  const head = query.timestamps ? Buffer.from(`${line.time} `) : Buffer.alloc(0)
  const end = line.partial ? Buffer.alloc(0) : Buffer.from("\n")
  return Buffer.concat([head, line.text, end])
}
