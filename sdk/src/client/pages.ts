import type { Kind, KindOf, ListOf } from "../api/kind.ts"
import { isStatus } from "../api/meta/status-error.ts"
import type { Client, ListOptions } from "./client.ts"

/** Objects per page: bounds what the server and the wire hold at once. */
const pageSize = 500

/**
 * A list page by page, all pages of one moment. Between two pages the server may forget that moment; then `Expired` is
 * thrown, since what follows would be of another moment: `listAll` begins again by itself.
 */
export async function* pages<K extends Kind>(
  client: Client,
  kind: K,
  options: ListOptions = {},
): AsyncGenerator<ListOf<KindOf<K>>, void> {
  const { continue: from = "", limit = pageSize, resourceVersion, resourceVersionMatch, ...selecting } = options
  const moment = { ...(resourceVersion && { resourceVersion }), ...(resourceVersionMatch && { resourceVersionMatch }) }
  let next = from
  do {
    // A token says of which moment it is; a version beside it is refused.
    const page = await client.list(kind, { ...selecting, limit, ...(next ? { continue: next } : moment) })
    next = page.metadata.continue ?? ""
    yield page
  } while (next !== "")
}

/** All that is selected, as of one moment. When the server forgets the moment half way, everything in one answer. */
export async function listAll<K extends Kind>(
  client: Client,
  kind: K,
  options: ListOptions = {},
): Promise<ListOf<KindOf<K>>> {
  const items: KindOf<K>[] = []
  try {
    for await (const page of pages(client, kind, options)) {
      for (const item of page.items) items.push(item)
      if (!page.metadata.continue) return { ...page, items }
    }
  } catch (error) {
    if (items.length === 0 || !isStatus(error, "Expired", "Gone")) throw error
  }
  const { continue: _, limit: __, ...whole } = options
  return client.list(kind, whole)
}
