import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { MemberId, MessageOf } from "#raft"
import type { AppliedState } from "./applied-state.ts"
import { CorruptStateError } from "./checksum.ts"
import type { Saver } from "./saver.ts"
import { type CommitTime, TransferPace } from "./transfer-pace.ts"
import type { StateSource, Transport } from "./transport.ts"

/** What sending needs of the member, declared here because it is all. */
interface Sender {
  readonly transport: Transport | undefined
  readonly report: Log
  readonly clock: Clock
  /** How long this leader's own writes take, which sets the pace. */
  readonly commitTime: CommitTime
  readonly table: () => AppliedState
  readonly saver: () => Saver
  /** Raft waits for this before it sends that member anything again. */
  readonly sent: (member: MemberId, arrived: boolean) => void
  /** The own state is not what was written: whoever finds that out must not go on with it. */
  readonly damaged: (error: CorruptStateError) => void
}

/**
 * Brings the state to members that lack more than the log has. What is sent is the state as it was last saved, which may
 * be later than Raft asked for: the log goes on from there just as well, for it is kept from `oldest` on meanwhile.
 */
export class SnapshotSender {
  readonly #sender: Sender
  readonly #sending = new Map<MemberId, { at: number; readonly stop: AbortController }>()

  constructor(sender: Sender) {
    this.#sender = sender
  }

  /** Index from which the log must be kept, for those that are being brought up to date. */
  get oldest(): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const { at } of this.#sending.values()) oldest = Math.min(oldest, at)
    return oldest
  }

  send(message: MessageOf<"snapshot">): void {
    if (this.#sending.has(message.to)) return
    const task = { at: message.at.index, stop: new AbortController() }
    this.#sending.set(message.to, task)
    void this.#send(message, task).then((arrived) => {
      this.#sending.delete(message.to)
      this.#sender.sent(message.to, arrived)
    })
  }

  /** Leads no more, or closes. */
  stop(): void {
    for (const { stop } of this.#sending.values()) stop.abort()
  }

  async #send(message: MessageOf<"snapshot">, task: { at: number; readonly stop: AbortController }): Promise<boolean> {
    const { transport, report, commitTime, table, saver } = this.#sender
    try {
      if (transport === undefined) return false
      await saver().savedUpTo(message.at.index)
      const source = table().source()
      if (source === undefined) return false
      const { checkpoint, state } = source
      commitTime.transferBegan()
      try {
        const { applied: at, configuration } = checkpoint
        task.at = at.index
        report.info("a member lacks more than the log has; it is sent the state", {
          member: message.to,
          index: at.index,
        })
        await transport.sendSnapshot({ ...message, at, configuration }, this.#watched(state), task.stop.signal)
      } finally {
        commitTime.transferEnded()
        await state.close()
      }
      return true
    } catch (error) {
      report.warn("the state was not sent to a member; it is tried again", { member: message.to, error })
      return false
    }
  }

  /** The same at a pace that writes can bear; damage in it is told here, whatever the transport makes of it. */
  #watched(state: StateSource): StateSource {
    const { damaged, clock, commitTime } = this.#sender
    const pace = new TransferPace((nowMs) => commitTime.isSlow(nowMs), clock.monotonic())
    const open = async function* (offset: number): AsyncGenerator<Uint8Array> {
      try {
        for await (const chunk of state.open(offset)) {
          const delayMs = pace.delayMs(chunk.length, clock.monotonic())
          if (delayMs >= 1) await clock.sleep(delayMs)
          yield chunk
        }
      } catch (error) {
        if (error instanceof CorruptStateError) damaged(error)
        throw error
      }
    }
    return { size: state.size, open, close: () => state.close() }
  }
}
