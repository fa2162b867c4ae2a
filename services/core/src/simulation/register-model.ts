import { type Model, partitionBy } from "./linearizability.ts"

/** `value` undefined: the key is not there. */
export type RegisterInput =
  | { readonly kind: "read"; readonly key: string }
  | { readonly kind: "write"; readonly key: string; readonly value: string | undefined }
  /** Writes `value` if the key holds `expected`. */
  | {
      readonly kind: "swap"
      readonly key: string
      readonly expected: string | undefined
      readonly value: string | undefined
    }

export type RegisterOutput =
  | { readonly kind: "value"; readonly value: string | undefined }
  | { readonly kind: "written" }
  | { readonly kind: "swapped"; readonly succeeded: boolean }

/** Keys, each with a value of its own and nothing in common: histories are looked at key by key. */
export const registerModel: Model<string | null, RegisterInput, RegisterOutput> = {
  initial: null,
  step(state, input, output) {
    const now = state ?? undefined
    if (input.kind === "read") {
      return output === undefined || (output.kind === "value" && output.value === now) ? state : undefined
    }
    if (input.kind === "write") return input.value ?? null
    const succeeded = input.expected === now
    if (output !== undefined && (output.kind !== "swapped" || output.succeeded !== succeeded)) return undefined
    return succeeded ? (input.value ?? null) : state
  },
  equal: (a, b) => a === b,
  changesNothing: ({ kind }, output) => kind === "read" || (output.kind === "swapped" && !output.succeeded),
  partition: (history) => partitionBy(history, ({ key }) => key),
}
