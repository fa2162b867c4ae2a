import { assert, must } from "@wick/sdk/assert"
import { decodeConfiguration } from "./configuration.ts"
import type { Configuration, Entry, LogPosition } from "./message.ts"

/** What an entry takes beside its data, in bytes: with many empty ones it is all that there is. */
const entryOverhead = 16

export function sizeOf(entries: readonly Entry[]): number {
  return entries.reduce((size, { data }) => size + data.length + entryOverhead, 0)
}

interface Configured {
  readonly index: number
  readonly configuration: Configuration
}

/**
 * The log in memory: from just after `start` (what is older is in the applied state) to the last entry.
 *
 *     start = (4, term 2)   entries = 5 6 7 8      persisted = 7: entry 8 is still on its way to the disk
 */
export class RaftLog {
  #start: LogPosition
  #entries: Entry[]
  #persisted: number
  /** The one that held at the start, and those that came since, in order. */
  #configurations: [Configured, ...Configured[]]

  constructor(start: LogPosition, configuration: Configuration, entries: readonly Entry[]) {
    this.#start = start
    this.#configurations = [{ index: start.index, configuration }]
    this.#entries = []
    this.#persisted = start.index
    this.append(entries)
    this.#persisted = this.last.index
  }

  get start(): LogPosition {
    return this.#start
  }

  get last(): LogPosition {
    return this.#entries[this.#entries.length - 1] ?? this.#start
  }

  /** Durable here up to this index. */
  get persisted(): number {
    return this.#persisted
  }

  /** A member uses the latest configuration in its log, whether it is committed or not (§4.1). */
  get configuration(): Configuration {
    return this.#latest.configuration
  }

  /** Where that one lies: no later than the start when none has come since. */
  get configurationIndex(): number {
    return this.#latest.index
  }

  /** The configuration that holds when everything up to `index`, which is in the log, is applied. */
  configurationAt(index: number): Configuration {
    const found = this.#configurations.findLast((each) => each.index <= index)
    return must(found, "the configuration at the start is known").configuration
  }

  get #latest(): Configured {
    return must(this.#configurations.at(-1), "the configuration at the start is known")
  }

  /** Undefined before the start and beyond the end. */
  termAt(index: number): number | undefined {
    if (index === this.#start.index) return this.#start.term
    return this.#entries[index - this.#start.index - 1]?.term
  }

  has(position: LogPosition): boolean {
    return this.termAt(position.index) === position.term
  }

  /** Whether a log that ends at `other` is at least as up to date as this one (paper §5.4.1). */
  isNotAheadOf(other: LogPosition): boolean {
    const { index, term } = this.last
    return other.term > term || (other.term === term && other.index >= index)
  }

  /** Entries after `after` up to `until`, at least one, no more than `sizeMax` bytes by `sizeOf`. */
  slice(after: number, until: number, sizeMax = Number.POSITIVE_INFINITY): Entry[] {
    const first = after - this.#start.index
    assert(first >= 0, "entries before the start are not asked for")
    const end = Math.min(until - this.#start.index, this.#entries.length)
    if (sizeMax === Number.POSITIVE_INFINITY) return this.#entries.slice(first, end)
    let size = 0
    let stop = first
    while (stop < end) {
      size += must(this.#entries[stop], "index is within the log").data.length + entryOverhead
      if (size > sizeMax && stop > first) break
      stop++
    }
    return this.#entries.slice(first, stop)
  }

  /** Adds entries just after the last. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      assert(entry.index === this.last.index + 1, "the log has no gap")
      assert(entry.term >= this.last.term, "terms in the log do not fall")
      this.#entries.push(entry)
      if (entry.kind === "configuration") {
        this.#configurations.push({ index: entry.index, configuration: decodeConfiguration(entry) })
      }
    }
  }

  /** Drops entries from `index` on: they conflict with the leader's (paper §5.3). */
  truncate(index: number): void {
    assert(index > this.#start.index, "what is applied is not truncated")
    this.#entries.length = index - this.#start.index - 1
    this.#persisted = Math.min(this.#persisted, index - 1)
    const [first, ...others] = this.#configurations
    this.#configurations = [first, ...others.filter((each) => each.index < index)]
  }

  /** The disk has this entry and all before it; false when another has taken its place meanwhile. */
  markPersisted(at: LogPosition): boolean {
    if (!this.has(at)) return false
    this.#persisted = Math.max(this.#persisted, at.index)
    return true
  }

  /** Forgets entries up to `index`, which must be applied: who still needs them gets a snapshot (§5.1). */
  compact(index: number): void {
    if (index <= this.#start.index) return
    const term = must(this.termAt(index), "what is compacted is in the log")
    const configuration = this.configurationAt(index)
    const later = this.#configurations.filter((each) => each.index > index)
    this.#configurations = [{ index, configuration }, ...later]
    this.#entries = this.#entries.slice(index - this.#start.index)
    this.#start = { index, term }
  }

  /** The state up to `at` came as a snapshot: the log begins anew after it. */
  restart(at: LogPosition, configuration: Configuration): void {
    this.#configurations = [{ index: at.index, configuration }]
    this.#start = at
    this.#entries = []
    this.#persisted = at.index
  }

  /**
   * The last position at or before `index` whose term is at most `term`: the first one that a log which ends with
   * `term` there could share. Lets a leader skip a whole term of conflicts in one message (paper §5.3, at its end).
   */
  lastWithTermUpTo(index: number, term: number): LogPosition {
    for (let at = Math.min(index, this.last.index); at > this.#start.index; at--) {
      const found = must(this.termAt(at), "index is within the log")
      if (found <= term) return { index: at, term: found }
    }
    return this.#start
  }
}
