import type { ServedResource } from "../served-resource.ts"
import { joinedItems, type Stored } from "./list-parts.ts"

/** Shorter lists are joined anew each time: that costs less than it would to remember them. */
export const sharedBytesMin = 64 * 1024

interface SharedList {
  readonly stored: readonly Stored[]
  readonly bytes: Buffer
}

/** Held by nobody else: what is not asked for again goes with the next garbage. */
const lists = new WeakMap<ServedResource, WeakRef<SharedList>>()

/**
 * The items of a list and its end as they go out. Whoever asks for the objects that the one before was given, as many do
 * that come back at once, gets the same bytes: a long list is otherwise copied for each of them, and large buffers that
 * come and go have the whole heap looked through. Entries never change, so the same ones are the same bytes.
 */
export async function sharedItems(
  resource: ServedResource,
  stored: readonly Stored[],
  served: () => Promise<readonly Buffer[]>,
): Promise<Buffer> {
  const last = lists.get(resource)?.deref()
  if (last && areSame(last.stored, stored)) return last.bytes
  const bytes = joinedItems(await served(), { after: "]}" })
  lists.set(resource, new WeakRef({ stored, bytes }))
  return bytes
}

function areSame(some: readonly Stored[], others: readonly Stored[]): boolean {
  if (some.length !== others.length) return false
  for (let at = 0; at < some.length; at++) if (some[at] !== others[at]) return false
  return true
}
