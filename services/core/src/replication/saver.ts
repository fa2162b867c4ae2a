import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { NoSpaceError } from "#store"
import type { AppliedState, Checkpoint } from "./applied-state.ts"
import type { Limits } from "./limits.ts"
import type { WriteAheadLog } from "./write-ahead-log.ts"

/** Bytes that wait in memory while the state cannot be saved, beyond which writes are refused. */
const unsavedSizeMax = 64 * 1024 * 1024
/** Time until the next part of what compaction has dropped is removed: others get their turn between. */
const overdueDelayMs = 50

/**
 * Decides when the applied state is saved, after which the log up to there can go. Nothing waits for it: the log is
 * what makes writes durable. With nothing to save there is no timer.
 */
export class Saver {
  readonly #table: AppliedState
  readonly #log: WriteAheadLog
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #report: Log
  readonly #checkpoint: () => Checkpoint
  readonly #onFailure: (error: Error) => void
  #saving: Promise<void> | undefined
  #timer: Timer | undefined
  #refusal: NoSpaceError | undefined
  #savedIndex: number
  #isGivenUp = false

  constructor(parts: {
    readonly table: AppliedState
    readonly log: WriteAheadLog
    readonly clock: Clock
    readonly limits: Limits
    readonly report: Log
    /** Position in the log of what is saved already. */
    readonly savedIndex: number
    /** What the state is at this moment. */
    readonly checkpoint: () => Checkpoint
    readonly onFailure: (error: Error) => void
  }) {
    this.#table = parts.table
    this.#log = parts.log
    this.#savedIndex = parts.savedIndex
    this.#clock = parts.clock
    this.#limits = parts.limits
    this.#report = parts.report
    this.#checkpoint = parts.checkpoint
    this.#onFailure = parts.onFailure
  }

  /** Something was applied. */
  changed(): void {
    if (this.#saving !== undefined || this.#table.isSaved || this.#isGivenUp) return
    const { unsavedSizeSoft, saveDelayMs } = this.#limits
    if (this.#table.unsavedSize >= unsavedSizeSoft && this.#refusal === undefined) this.#save()
    else this.#timer ??= this.#clock.timer(this.#table.hasOverdue ? overdueDelayMs : saveDelayMs, () => this.#save())
  }

  /** Why no more can be taken in for now. */
  get refusal(): NoSpaceError | undefined {
    return this.#table.unsavedSize > unsavedSizeMax ? this.#refusal : undefined
  }

  /** Up to here the saved state holds what the log says. */
  get savedIndex(): number {
    return this.#savedIndex
  }

  /** Resolves when everything up to `index`, which is applied, is saved; throws when it cannot be. */
  async savedUpTo(index: number): Promise<void> {
    while (this.#savedIndex < index) {
      if (this.#saving === undefined) this.#save()
      await this.#saving
      if (this.#refusal !== undefined) throw this.#refusal
      if (this.#isGivenUp) throw new Error("the state is not saved any more")
    }
  }

  /** Saves no more: another state has taken the place of this one. */
  async giveUp(): Promise<void> {
    this.#isGivenUp = true
    this.#timer?.cancel()
    await this.#saving
    this.#timer?.cancel()
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
    this.#savedIndex = checkpoint.applied.index
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
      this.#isGivenUp = true
      this.#onFailure(error)
      return
    }
    const { saveDelayMs } = this.#limits
    this.#report.error("state not saved; it is tried again", { error: error.message, retryMs: saveDelayMs })
    this.#refusal = error
    this.#timer = this.#clock.timer(saveDelayMs, () => this.#save())
  }
}
