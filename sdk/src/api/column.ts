import type { Column } from "./kind.ts"

/**
 * Columns of `kubectl get`, as a kind declares them. `Name` is not declared: it comes first in every table, unless a kind
 * (Event) places a column of that name itself.
 */

/** The last column of most tables. */
export const age: Column = {
  name: "Age",
  type: "date",
  description: "Time since the object was created.",
  jsonPath: ".metadata.creationTimestamp",
}
