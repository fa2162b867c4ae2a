import { Event } from "../api/core/event.ts"
import type { NewOf } from "../api/kind.ts"
import type { ObjectMeta } from "../api/meta/object-meta.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { formatTime } from "../api/meta/time.ts"
import type { Client } from "../client/client.ts"
import type { Clock } from "../clock/index.ts"
import type { Log } from "../telemetry/log.ts"

export interface EventSubject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

export interface Happening {
  readonly type: "Normal" | "Warning"
  /** One word, such as `FailedScheduling`. */
  readonly reason: string
  readonly message: string
  /** Part of the object, such as `spec.containers{web}`. */
  readonly fieldPath?: string
}

/** Tells users what happened to an object (`kubectl describe`). Never fails and never waits for the server. */
export interface EventRecorder extends AsyncDisposable {
  record(subject: EventSubject, happening: Happening): void
  /** Resolves when all that was recorded has been written. */
  flush(): Promise<void>
}

export interface EventRecorderOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  /** Who reports: `default-scheduler`, `replicaset-controller`, `kubelet`. */
  readonly component: string
  /** Node that the component runs on. */
  readonly host?: string
}

/**
 * Events are news, not work: they wait until nothing has happened for so long, to nobody, so that they are not in the way of
 * what they tell about, nor of what happens beside it. But news that comes too late is none: they wait for so long at most,
 * and a little longer for each other that waits, of which a busy hour has few and a crowd that is being started has many.
 */
const calmMs = 200
const delayMs = 3_000
const delayMsPerOther = 20
const delayMsMax = 10_000
/** Happenings that wait to be written. What comes when it is full is dropped and counted, so before that they wait for no calm. */
const pendingMax = 1_000
const patientMax = 500
/** Events that are remembered, so that a repetition becomes a count: what repeats itself does so before as many others came. */
const rememberedMax = 1_024
/** Objects of which it is remembered how much was told about them. */
const budgetsMax = 4_096
/** Events about one object: this many at once, then one per refill. Something that flaps tells no more by telling on. */
const burstPerObject = 25
const refillMs = 300_000
const messageCharsMax = 1_024

/** When something happened last to all recorders of a process, those of one clock, and how much of all of it waits. */
interface Bustle {
  lastMs: number
  waiting: number
}

const bustles = new WeakMap<Clock, Bustle>()

function bustleOf(clock: Clock): Bustle {
  const bustle = bustles.get(clock) ?? { lastMs: 0, waiting: 0 }
  bustles.set(clock, bustle)
  return bustle
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new ApiEventRecorder(options)
}

interface Remembered {
  readonly name: string
  readonly namespace: string
  readonly firstMs: number
  count: number
  /** The server has it. */
  written: boolean
}

interface Pending {
  readonly subject: EventSubject
  readonly happening: Happening
  readonly event: Remembered
  lastMs: number
}

class ApiEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #remembered = new Map<string, Remembered>()
  readonly #budgets = new Map<string, { tokens: number; atMs: number }>()
  readonly #pending = new Map<string, Pending>()
  #timer: { cancel(): void } | undefined
  readonly #bustle: Bustle
  /** Of what waits: when the first of it came. */
  #firstMs = 0
  #flushing: Promise<void> = Promise.resolve()
  #dropped = 0
  #serial = 0

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#bustle = bustleOf(options.clock)
  }

  record(subject: EventSubject, happening: Happening): void {
    const { clock } = this.#options
    const { uid, name, namespace } = subject.metadata
    const about = uid ?? `${subject.kind}/${namespace ?? ""}/${name}`
    const key = [about, happening.type, happening.reason, happening.fieldPath ?? "", happening.message].join("\u0000")
    const waiting = this.#pending.get(key)
    if (waiting) {
      waiting.event.count++
      waiting.lastMs = clock.now()
      return
    }
    if (this.#pending.size >= pendingMax) {
      this.#dropped++
      return
    }
    if (!this.#spend(about)) return
    const event = this.#remember(key, subject)
    event.count++
    this.#pending.set(key, { subject, happening, event, lastMs: clock.now() })
    this.#bustle.waiting++
    this.#bustle.lastMs = clock.monotonic()
    if (this.#pending.size > patientMax) void this.flush()
    else if (!this.#timer) {
      this.#firstMs = this.#bustle.lastMs
      this.#wait(calmMs)
    }
  }

  /** One timer for all that waits: when it is over it is seen whether there was calm. */
  #wait(ms: number): void {
    const { clock } = this.#options
    this.#timer = clock.timer(ms, () => {
      const { lastMs, waiting } = this.#bustle
      const patienceMs = Math.min(delayMsMax, delayMs + delayMsPerOther * waiting)
      const leftMs = Math.min(lastMs + calmMs, this.#firstMs + patienceMs) - clock.monotonic()
      if (leftMs <= 0) void this.flush()
      else this.#wait(leftMs)
    })
  }

  flush(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    const batch = [...this.#pending.values()]
    this.#pending.clear()
    this.#bustle.waiting -= batch.length
    if (batch.length > 0) this.#flushing = this.#flushing.then(() => this.#writeAll(batch))
    return this.#flushing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush()
  }

  #remember(key: string, subject: EventSubject): Remembered {
    const nowMs = this.#options.clock.now()
    const known = this.#remembered.get(key)
    this.#remembered.delete(key)
    const event = known ?? {
      // The moment and a serial number: unique without chance, and sorted by time.
      name: `${subject.metadata.name}.${(BigInt(nowMs) * 1_000_000n + BigInt(this.#serial++ % 1_000_000)).toString(16)}`,
      namespace: subject.metadata.namespace ?? "default",
      firstMs: nowMs,
      count: 0,
      written: false,
    }
    this.#remembered.set(key, event)
    if (this.#remembered.size > rememberedMax) dropOldest(this.#remembered)
    return event
  }

  /** Whether the object has an event left in its budget. */
  #spend(about: string): boolean {
    const nowMs = this.#options.clock.now()
    const budget = this.#budgets.get(about) ?? { tokens: burstPerObject, atMs: nowMs }
    const tokens = Math.min(burstPerObject, budget.tokens + (nowMs - budget.atMs) / refillMs)
    this.#budgets.delete(about)
    this.#budgets.set(about, { tokens: tokens < 1 ? tokens : tokens - 1, atMs: nowMs })
    if (this.#budgets.size > budgetsMax) dropOldest(this.#budgets)
    return tokens >= 1
  }

  async #writeAll(batch: readonly Pending[]): Promise<void> {
    for (const pending of batch) {
      try {
        await this.#write(pending)
      } catch (error) {
        // A namespace that is being deleted takes no events, a server that is away none either: the news is lost.
        this.#options.log.debug("an event was not written", { reason: pending.happening.reason, error })
      }
    }
    if (this.#dropped > 0) this.#options.log.warn("events were dropped", { count: this.#dropped })
    this.#dropped = 0
  }

  async #write(pending: Pending): Promise<void> {
    const { client } = this.#options
    const { event, lastMs } = pending
    if (event.written) {
      const body = { count: event.count, lastTimestamp: formatTime(lastMs) }
      try {
        await client.patch(Event, event, { type: "merge", body })
        return
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error
      }
    }
    await client.create(Event, this.#object(pending))
    event.written = true
  }

  #object({ subject, happening, event, lastMs }: Pending): NewOf<typeof Event> {
    const { component, host } = this.#options
    const { name, namespace, uid, resourceVersion } = subject.metadata
    return {
      metadata: { name: event.name, namespace: event.namespace },
      involvedObject: {
        apiVersion: subject.apiVersion,
        kind: subject.kind,
        name,
        namespace,
        uid,
        resourceVersion,
        fieldPath: happening.fieldPath,
      },
      type: happening.type,
      reason: happening.reason,
      message: happening.message.slice(0, messageCharsMax),
      source: { component, host },
      reportingComponent: component,
      reportingInstance: host ?? "",
      firstTimestamp: formatTime(event.firstMs),
      lastTimestamp: formatTime(lastMs),
      count: event.count,
    }
  }
}

function dropOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}
