import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { NoSpaceError } from "#store"
import type { Checkpoint, StateTable } from "./state-table.ts"
import type { WriteAheadLog } from "./write-ahead-log.ts"

/** Bytes applied after which the state is saved at once: a restart has no more than about this to apply again. */
const unsavedSizeSoft = 4 * 1024 * 1024
/** Bytes that wait in memory while the state cannot be saved, beyond which writes are refused. */
const unsavedSizeMax = 64 * 1024 * 1024
/** Longest time that a write waits to be saved, and the time until a failed attempt is repeated. */
const saveDelayMs = 5_000
/** Time until the next part of what compaction has dropped is removed: others get their turn between. */
const overdueDelayMs = 50

/**
 * Decides when the applied state is saved, after which the log up to there can go. Nothing waits for it: the log is
 * what makes writes durable. With nothing to save there is no timer.
 */
export class Saver {
  readonly #table: StateTable
  readonly #log: WriteAheadLog
  readonly #clock: Clock
  readonly #report: Log
  readonly #checkpoint: () => Checkpoint
  readonly #onFailure: (error: Error) => void
  #saving: Promise<void> | undefined
  #timer: Timer | undefined
  #refusal: NoSpaceError | undefined

  constructor(parts: {
    readonly table: StateTable
    readonly log: WriteAheadLog
    readonly clock: Clock
    readonly report: Log
    /** What the state is at this moment. */
    readonly checkpoint: () => Checkpoint
    readonly onFailure: (error: Error) => void
  }) {
    this.#table = parts.table
    this.#log = parts.log
    this.#clock = parts.clock
    this.#report = parts.report
    this.#checkpoint = parts.checkpoint
    this.#onFailure = parts.onFailure
  }

  /** Something was applied. */
  changed(): void {
    if (this.#saving !== undefined || this.#table.isSaved) return
    if (this.#table.unsavedSize >= unsavedSizeSoft && this.#refusal === undefined) this.#save()
    else this.#timer ??= this.#clock.timer(this.#table.hasOverdue ? overdueDelayMs : saveDelayMs, () => this.#save())
  }

  /** Why no more can be taken in for now. */
  get refusal(): NoSpaceError | undefined {
    return this.#table.unsavedSize > unsavedSizeMax ? this.#refusal : undefined
  }

  /** Saves what is left, if it can: what cannot be saved is still in the log. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    await this.#saving
    if (!this.#table.isSaved) this.#save()
    await this.#saving
    this.#timer?.cancel()
  }

  #save(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#saving = this.#saveOnce().then(
      () => this.#saved(),
      (error: unknown) => this.#failed(error as Error),
    )
  }

  async #saveOnce(): Promise<void> {
    const checkpoint = this.#checkpoint()
    await this.#table.save(checkpoint)
    await this.#log.release(checkpoint.applied.index)
  }

  #saved(): void {
    this.#saving = undefined
    if (this.#refusal !== undefined) this.#report.info("state saved again")
    this.#refusal = undefined
    this.changed()
  }

  #failed(error: Error): void {
    this.#saving = undefined
    if (!(error instanceof NoSpaceError)) {
      this.#onFailure(error)
      return
    }
    this.#report.error("state not saved; it is tried again", { error: error.message, retryMs: saveDelayMs })
    this.#refusal = error
    this.#timer = this.#clock.timer(saveDelayMs, () => this.#save())
  }
}
