import type { Clock } from "@wick/sdk/clock"
import { clusterOfOne } from "./cluster.ts"
import type { Command } from "./command.ts"
import { decodeCommand, encodeCommand } from "./command-codec.ts"
import { LeaseAlarm, StoreTime } from "./lease-alarm.ts"
import type { MemberStorage } from "./member-storage.ts"
import { Mvcc, type Outcome } from "./mvcc.ts"
import { MemoryRecords } from "./records.ts"
import { StoppedError } from "./storage.ts"
import { type Replication, StorageFront } from "./storage-front.ts"
import { WatchHub } from "./watch-hub.ts"

/**
 * The real state machine without a log and a disk: for tests, and for whoever needs no durability. Writes are applied
 * in the order of their calls, in a microtask of their own, so no caller sees a watcher run inside its call.
 */
export function createMemoryStorage({ clock }: { clock: Clock }): MemberStorage {
  const mvcc = new Mvcc(new MemoryRecords())
  const hub = new WatchHub(mvcc, (task) => void setImmediate(task))
  const time = new StoreTime(clock, mvcc.timeMs)
  let applied = 0
  let stopped: StoppedError | undefined
  const propose = async (command: Command): Promise<Outcome> => {
    if (stopped !== undefined) throw stopped
    // Through the codec, as on a real member: callers keep their buffers, and what cannot be encoded is found out.
    const bytes = encodeCommand({ timeMs: time.now(), command })
    await undefined
    applied++
    const { outcome, written } = mvcc.apply(decodeCommand(bytes))
    hub.publish(written)
    alarm.set(mvcc.earliestDeadlineMs)
    return outcome
  }
  const alarm = new LeaseAlarm(clock, time, () => void propose({ kind: "expire" }))
  const replication: Replication = {
    propose,
    confirmRead: () => undefined,
    storeTimeMs: () => time.now(),
    position: () => ({ index: applied, appliedIndex: applied, term: 1, hasSpace: true }),
    sizes: () => ({ size: 0, sizeInUse: 0 }),
    cluster: clusterOfOne,
    get stopped() {
      return stopped
    },
    close: async () => {
      if (stopped !== undefined) return
      stopped = new StoppedError("the store is closed")
      alarm.stop()
      hub.end(stopped)
    },
  }
  return new StorageFront(mvcc, hub, replication)
}
