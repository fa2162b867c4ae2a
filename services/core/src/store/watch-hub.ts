import { must } from "@wick/sdk/assert"
import { IntervalTree } from "./interval-tree.ts"
import { contains } from "./key-interval.ts"
import type { SyncedWatch } from "./member-storage.ts"
import type { Change, RevisionChanges } from "./records.ts"
import { errorOfRefusal, type Refusal } from "./refusal.ts"
import type { KeyValue, StoreEvent, WatchBatch, WatchHandler, WatchRequest } from "./storage.ts"

/** Most changes read from history for one watcher before others get their turn: some milliseconds of work. */
const historySliceMax = 1_000

/** What the hub asks of the state machine, declared here because it is all that it needs. */
export interface History {
  readonly revision: number
  historyFrom(revision: number, changesMax: number): readonly RevisionChanges[] | Refusal
  before(change: Change): KeyValue | undefined
}

/**
 * - `synced`: has been told everything up to now; told of each write as it is applied. Left only by closing.
 * - `behind`: wants history from `next` on, and gets it a slice at a time; becomes synced when it has it all.
 * - `waiting`: wants nothing before `next`, a revision of the future; becomes synced when that is reached.
 * - `closed`: by its owner, or by its end.
 */
interface Watcher {
  state: "synced" | "behind" | "waiting" | "closed"
  /** First revision that it has not been told of. Not kept up while synced, where it is the one after now. */
  next: number
  readonly group: Group
  readonly handler: WatchHandler
}

/** All watchers of one interval that want the same: a write is compared, and its events made, once for all of them. */
interface Group {
  readonly id: string
  readonly key: string
  readonly end: string | undefined
  readonly previous: boolean
  /** A handler may open and close watches while it is being called: one that is added wants later revisions only. */
  readonly synced: Set<Watcher>
  /** Watchers in any state but closed. The group goes with its last. */
  members: number
}

const nobody: ReadonlySet<Group> = new Set()

function rethrow(error: Error): never {
  throw error
}

/**
 * Tells watchers what is written. A write costs one look-up for the groups that it concerns, one array of events for
 * each group and one call for each watcher; watchers that it does not concern cost nothing.
 */
export class WatchHub {
  readonly #history: History
  /** Runs a task soon, but not now: a watch never calls its handler before `watch` has returned. */
  readonly #soon: (task: () => void) => void
  /** The history cannot be read: told to who can end all of it. */
  readonly #broken: (error: Error) => void
  readonly #groups = new Map<string, Group>()
  /** Groups that want a single key, by it: there may be many, and none of them has to be searched for. */
  readonly #ofKey = new Map<string, Set<Group>>()
  /** The other groups; made anew when they have changed. */
  #tree: IntervalTree<Group> | undefined
  readonly #behind = new Set<Watcher>()
  readonly #waiting = new Set<Watcher>()
  #catchingUp = false
  /** Why there are no watches any more. */
  #ended: Error | undefined

  constructor(history: History, soon: (task: () => void) => void, broken: (error: Error) => void = rethrow) {
    this.#history = history
    this.#soon = soon
    this.#broken = broken
  }

  /** Watches that are open. */
  get watchers(): number {
    let sum = 0
    for (const { members } of this.#groups.values()) sum += members
    return sum
  }

  watch(request: WatchRequest, handler: WatchHandler): SyncedWatch {
    const ended = this.#ended
    if (ended !== undefined) {
      this.#soon(() => handler.onEnd(ended))
      return { synced: false, close: () => {} }
    }
    const from = request.fromRevision ?? 0
    const now = this.#history.revision
    const watcher: Watcher = { state: "synced", next: from, group: this.#groupOf(request), handler }
    watcher.group.members++
    if (from === 0 || from === now + 1) {
      this.#sync(watcher)
    } else if (from > now) {
      watcher.state = "waiting"
      this.#waiting.add(watcher)
    } else {
      watcher.state = "behind"
      this.#behind.add(watcher)
      this.#catchUpSoon()
    }
    return {
      close: () => this.#close(watcher),
      get synced() {
        return watcher.state === "synced" || watcher.state === "waiting"
      },
    }
  }

  /** Tells all whom it concerns of what was just applied. */
  publish(written: readonly RevisionChanges[]): void {
    const last = written[written.length - 1]
    if (last === undefined) return
    const concerned = new Map<Group, StoreEvent[]>()
    for (const { changes } of written) {
      for (const change of changes) this.#find(change.key, (group) => this.#note(concerned, group, change))
    }
    for (const [group, events] of concerned) {
      const batch: WatchBatch = { revision: last.revision, events }
      for (const watcher of group.synced) if (watcher.next <= batch.revision) this.#deliver(watcher, batch)
    }
    if (this.#waiting.size > 0) this.#publishToWaiting(written)
  }

  /**
   * The state has gone on from `revision` without `publish`: a later one has taken its place. Watchers are told what lies
   * between from its history, as if they had come late; who wants what that has forgotten is told that it is compacted.
   */
  jumped(revision: number): void {
    for (const { synced } of this.#groups.values()) {
      for (const watcher of synced) {
        watcher.next = Math.max(watcher.next, revision + 1)
        watcher.state = "behind"
        this.#behind.add(watcher)
      }
      synced.clear()
    }
    for (const watcher of [...this.#waiting]) {
      if (watcher.next > this.#history.revision) continue
      this.#waiting.delete(watcher)
      watcher.state = "behind"
      this.#behind.add(watcher)
    }
    if (this.#behind.size > 0) this.#catchUpSoon()
  }

  /** Ends every watch, and those that are opened later, telling why. */
  end(error: Error): void {
    this.#ended = error
    const all = [...this.#behind, ...this.#waiting, ...[...this.#groups.values()].flatMap((group) => [...group.synced])]
    for (const watcher of all) this.#finish(watcher, error)
  }

  #note(concerned: Map<Group, StoreEvent[]>, group: Group, change: Change): void {
    if (group.synced.size === 0) return
    const event = this.#event(group, change)
    const events = concerned.get(group)
    if (events === undefined) concerned.set(group, [event])
    else events.push(event)
  }

  #event(group: Group, change: Change): StoreEvent {
    const previous = group.previous ? this.#history.before(change) : undefined
    if (change.version === 0) {
      const { key, modRevision } = change
      return previous === undefined
        ? { kind: "delete", key, modRevision }
        : { kind: "delete", key, modRevision, previous }
    }
    return previous === undefined ? { kind: "put", kv: change } : { kind: "put", kv: change, previous }
  }

  #publishToWaiting(written: readonly RevisionChanges[]): void {
    for (const watcher of [...this.#waiting]) {
      const due = written.filter(({ revision }) => revision >= watcher.next)
      if (due.length === 0) continue
      this.#waiting.delete(watcher)
      this.#sync(watcher)
      this.#deliverHistory(watcher, due)
    }
  }

  #catchUpSoon(): void {
    if (this.#catchingUp) return
    this.#catchingUp = true
    this.#soon(() => {
      this.#catchingUp = false
      try {
        for (const watcher of [...this.#behind]) this.#catchUp(watcher)
      } catch (error) {
        // Nobody may be told less than was written: whoever owns the history ends all watches.
        this.#broken(error as Error)
        return
      }
      if (this.#behind.size > 0) this.#catchUpSoon()
    })
  }

  /** One slice. Nothing can be written meanwhile, so "has read up to now" and "is told from now on" have no gap. */
  #catchUp(watcher: Watcher): void {
    if (watcher.state !== "behind") return // closed by another's handler
    const slice = this.#history.historyFrom(watcher.next, historySliceMax)
    if ("reason" in slice) {
      this.#finish(watcher, errorOfRefusal(slice))
      return
    }
    const last = slice[slice.length - 1]
    watcher.next = (last?.revision ?? this.#history.revision) + 1
    if (watcher.next > this.#history.revision) {
      this.#behind.delete(watcher)
      this.#sync(watcher)
    }
    this.#deliverHistory(watcher, slice)
  }

  #deliverHistory(watcher: Watcher, written: readonly RevisionChanges[]): void {
    const { group } = watcher
    const wanted = written.flatMap(({ changes }) => changes.filter((change) => contains(group, change.key)))
    if (wanted.length === 0) return
    const revision = must(written.at(-1), "a change was in some revision").revision
    this.#deliver(watcher, { revision, events: wanted.map((change) => this.#event(group, change)) })
  }

  /**
   * A handler that throws is a bug of its owner, and ends the process as such, but in a turn of its own: in the middle
   * of this one others have yet to be told and writers to be answered. It has missed a batch, so it is told no more.
   */
  #deliver(watcher: Watcher, batch: WatchBatch): void {
    if (watcher.state === "closed") return
    try {
      watcher.handler.onBatch(batch)
    } catch (error) {
      this.#close(watcher)
      this.#soon(() => {
        throw error
      })
    }
  }

  #sync(watcher: Watcher): void {
    watcher.state = "synced"
    watcher.next = this.#history.revision + 1
    watcher.group.synced.add(watcher)
  }

  #groupOf({ key, end, previous = false }: WatchRequest): Group {
    const id = `${previous ? 1 : 0}${key.length}:${key}${end === undefined ? "" : `-${end}`}`
    let group = this.#groups.get(id)
    if (group === undefined) {
      group = { id, key, end, previous, synced: new Set(), members: 0 }
      this.#groups.set(id, group)
      if (end !== undefined) this.#tree = undefined
      else this.#ofKey.set(key, (this.#ofKey.get(key) ?? new Set()).add(group))
    }
    return group
  }

  #removeGroup(group: Group): void {
    this.#groups.delete(group.id)
    if (group.end !== undefined) this.#tree = undefined
    const ofKey = this.#ofKey.get(group.key)
    if (ofKey?.delete(group) && ofKey.size === 0) this.#ofKey.delete(group.key)
  }

  #find(key: string, visit: (group: Group) => void): void {
    this.#tree ??= new IntervalTree([...this.#groups.values()].filter(({ end }) => end !== undefined))
    this.#tree.containing(key, visit)
    for (const group of this.#ofKey.get(key) ?? nobody) visit(group)
  }

  #finish(watcher: Watcher, error: Error): void {
    if (watcher.state === "closed") return
    this.#close(watcher)
    watcher.handler.onEnd(error)
  }

  #close(watcher: Watcher): void {
    if (watcher.state === "closed") return
    const { group } = watcher
    watcher.state = "closed"
    this.#behind.delete(watcher)
    this.#waiting.delete(watcher)
    group.synced.delete(watcher)
    group.members--
    if (group.members === 0) this.#removeGroup(group)
  }
}
