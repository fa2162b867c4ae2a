import type { Selection } from "./selection.ts"
import type { CachedEvent, SeenAs, Watched } from "./watch-cache.ts"

/** What a watcher looks at. The text says all of it: of one cache, what one scope sees another of the same text sees too. */
export interface Scope {
  readonly text: string
  readonly selection: Selection
}

/** A watcher of a scope, told of nothing else. */
export interface Follower extends Watched {
  onSeen(event: CachedEvent, type: SeenAs): void
}

interface Group {
  readonly selection: Selection
  readonly members: Set<Follower>
}

/** Watchers by what they look at: whether a thousand of one scope see an event is found out once. */
export class Followers {
  readonly #groups = new Map<string, Group>()

  /** The function that it returns takes the follower out again. */
  add({ text, selection }: Scope, follower: Follower): () => void {
    const group = this.#groups.get(text) ?? { selection, members: new Set() }
    this.#groups.set(text, group)
    group.members.add(follower)
    return () => {
      if (group.members.delete(follower) && group.members.size === 0 && this.#groups.get(text) === group) {
        this.#groups.delete(text)
      }
    }
  }

  tell(event: CachedEvent): void {
    for (const { selection, members } of this.#groups.values()) {
      const type = event.seenBy(selection)
      if (type) for (const follower of members) follower.onSeen(event, type)
    }
  }

  all(): Follower[] {
    return [...this.#groups.values()].flatMap(({ members }) => [...members])
  }

  clear(): void {
    for (const { members } of this.#groups.values()) members.clear()
    this.#groups.clear()
  }
}
