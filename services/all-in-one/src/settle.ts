import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/**
 * Gives back the memory that starting needed and running does not: sources that were compiled, schemas that were read,
 * first lists that were parsed. V8 would find it only at its next full collection, which an idle process never has. Of the
 * kinds of collection it is the one of last resort: others keep the room that young objects had, and pages half empty.
 */
export function settle(): void {
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as (options: object) => void
  collect({ type: "major", execution: "sync", flavor: "last-resort" })
}
