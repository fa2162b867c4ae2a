import type { Column } from "./kind.ts"

/** The last column of most tables. */
export const age: Column = {
  name: "Age",
  type: "date",
  description: "Time since the object was created.",
  jsonPath: ".metadata.creationTimestamp",
}
