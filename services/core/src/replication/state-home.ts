import { mkdir, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import type { LogPosition } from "#raft"
import { Mvcc } from "#store"
import {
  type AppliedState,
  type Checkpoint,
  type LogSpan,
  type ReceivedState,
  type StateHome,
  spans,
} from "./applied-state.ts"
import { decodeChange, readChangeKey } from "./change-codec.ts"
import { CorruptStateError } from "./checksum.ts"
import { expectSpace } from "./disk-space.ts"
import { CorruptLogError } from "./log-recovery.ts"
import { decodeCheckpoint, decodeLease, decodeNote } from "./state-codec.ts"
import { StateReader, type StateRecord } from "./state-stream.ts"
import { removalsPerSave, StateTable } from "./state-table.ts"
import { readLeaseKey } from "./table-source.ts"

/** The state that a member made for itself; those that came from a leader are named after their position in the log. */
const ownName = "state"
const namePattern = /^state(-\d+)?$/
/** Bytes of a received state that are put into the table at once. */
const fillSize = 1024 * 1024

/** Applied states as directories beside the log. Which of several holds is for the log to say, see `StateHome.open`. */
export class StateDirectories implements StateHome {
  readonly #directory: string
  readonly #paths = new Map<AppliedState, string>()

  constructor(directory: string) {
    this.#directory = directory
  }

  async open(log: LogSpan): Promise<AppliedState> {
    const names = (await readdir(this.#directory)).filter((name) => namePattern.test(name))
    const found: { readonly name: string; readonly applied: LogPosition | undefined }[] = []
    for (const name of names) found.push({ name, applied: await this.#appliedOf(name) })
    const fitting = found.flatMap(({ name, applied }) => (applied && spans(log, applied) ? [{ name, applied }] : []))
    const best = fitting.toSorted((a, b) => b.applied.index - a.applied.index)[0]
    if (best === undefined && !beginsAnew(log.before, found)) {
      throw this.#unfit(found.find(({ applied }) => applied !== undefined)?.applied?.index ?? 0, log)
    }
    const chosen = best?.name ?? ownName
    for (const name of names) if (name !== chosen) await this.#remove(name)
    return this.#openTable(chosen)
  }

  async receive(chunks: AsyncIterable<Uint8Array>): Promise<ReceivedState> {
    const iterator = chunks[Symbol.asyncIterator]()
    const reader = new StateReader()
    const [head, ...records] = await firstRecords(iterator, reader)
    if (head?.kind !== "checkpoint") throw new CorruptStateError("a state that was received has no beginning")
    const checkpoint = decodeCheckpoint(head.value)
    const name = `${ownName}-${checkpoint.applied.index}`
    await this.#remove(name)
    await expectSpace(this.#directory)
    const table = await this.#openTable(name)
    const filler = new Filler(table, checkpoint)
    try {
      await filler.take(records)
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        await filler.take(reader.take(next.value))
      }
      reader.finish()
      return { state: table, checkpoint, mvcc: await filler.finish() }
    } catch (error) {
      await filler.stop()
      await this.remove(table)
      throw error
    }
  }

  async remove(state: AppliedState): Promise<void> {
    const path = this.#paths.get(state)
    this.#paths.delete(state)
    await state.close()
    if (path !== undefined) await this.#remove(path)
  }

  /** Undefined: it is not a whole state, one that was being received for example. */
  async #appliedOf(name: string): Promise<LogPosition | undefined> {
    const table = await this.#openTable(name)
    const applied = table.checkpoint()?.applied
    await table.close()
    return applied
  }

  async #openTable(name: string): Promise<StateTable> {
    const path = join(this.#directory, name)
    await mkdir(path, { recursive: true, mode: 0o700 })
    const table = new StateTable(path, removalsPerSave)
    this.#paths.set(table, name)
    return table
  }

  async #remove(name: string): Promise<void> {
    await rm(join(this.#directory, name), { recursive: true, force: true })
  }

  #unfit(applied: number, { before, entries }: LogSpan): CorruptLogError {
    const last = entries.at(-1) ?? before
    return new CorruptLogError(
      `${this.#directory} is incomplete: its state goes up to entry ${applied}, its log from ${before.index + 1} ` +
        `to ${last.index}. One of the two was removed or is of another time: restore both from one backup`,
    )
  }
}

/**
 * Whether the log alone is all that there is: it begins at its beginning, and its own state was never saved. A state that
 * was being received beside that is not needed then; the log was not restarted after it.
 */
function beginsAnew(
  before: LogPosition,
  found: readonly { readonly name: string; readonly applied: LogPosition | undefined }[],
): boolean {
  const own = found.find(({ name }) => name === ownName)
  return before.index === 0 && (own === undefined ? found.length === 0 : own.applied === undefined)
}

async function firstRecords(iterator: AsyncIterator<Uint8Array>, reader: StateReader): Promise<StateRecord[]> {
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    const records = reader.take(next.value)
    if (records.length > 0) return records
  }
  return []
}

/** Puts a state into a table and into memory as it comes, so that at its end nothing is left to be read. */
class Filler {
  readonly #table: StateTable
  readonly #checkpoint: Checkpoint
  readonly #mvcc: Mvcc
  #waiting: StateRecord[] = []
  #size = 0
  /** What is being written, while the next comes. */
  #filling: Promise<void> = Promise.resolve()

  constructor(table: StateTable, checkpoint: Checkpoint) {
    this.#table = table
    this.#checkpoint = checkpoint
    this.#mvcc = new Mvcc(table, checkpoint.position)
  }

  async take(records: readonly StateRecord[]): Promise<void> {
    for (const record of records) {
      this.#restore(record)
      this.#waiting.push(record)
      this.#size += record.key.length + record.value.length
    }
    if (this.#size >= fillSize) await this.#fill()
  }

  async finish(): Promise<Mvcc> {
    await this.#fill()
    await this.#filling
    await this.#table.fillCheckpoint(this.#checkpoint)
    this.#mvcc.restored()
    return this.#mvcc
  }

  /** Decoding checks each record's own checksum before anything is built on it. */
  #restore({ kind, key, value }: StateRecord): void {
    if (kind === "lease") this.#mvcc.restoreLease(decodeLease(readLeaseKey(key), value))
    else if (kind === "change") {
      const { revision, sub } = readChangeKey(key)
      this.#mvcc.restoreChange(decodeChange(value, revision), sub)
    } else if (kind === "note") {
      const name = Buffer.from(key).toString("latin1")
      this.#mvcc.restoreNote(name, decodeNote(name, value))
    } else throw new CorruptStateError("a state that was received begins twice")
  }

  /** Resolves when what was written before is: there is never more than one such part in memory beside the one that comes. */
  async #fill(): Promise<void> {
    await this.#filling
    const records = this.#waiting
    this.#waiting = []
    this.#size = 0
    this.#filling = this.#table.fill(records)
    this.#filling.catch(() => {}) // told by whoever waits for it next
  }

  /** Nothing is being written any more. */
  async stop(): Promise<void> {
    await this.#filling.catch(() => {})
  }
}
