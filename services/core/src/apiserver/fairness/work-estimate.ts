import { queryFlag } from "@wick/sdk/api/meta/query-flag"
import type { ResourceRequest } from "../request-info.ts"

/** Objects of a list for which one seat is counted. */
const objectsPerSeat = 100
/** The most that a list counts for, however long. */
const seatsMax = 10

/**
 * Pure: how many seats a request is worth. A list is as much work as there are objects to go through and to write; all else
 * counts for one. A watch that sends what is there first is a list until it has done so.
 */
export function seatsOf({ verb, name, query }: ResourceRequest, stored: () => number): number {
  const lists = verb === "list" || (verb === "watch" && queryFlag(query, "sendInitialEvents"))
  if (!lists || name !== "") return 1
  const limit = Number(query.get("limit") ?? 0)
  const objects = limit > 0 ? Math.min(limit, stored()) : stored()
  return Math.max(1, Math.min(seatsMax, Math.ceil(objects / objectsPerSeat)))
}
