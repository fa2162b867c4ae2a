import type { Value } from "./value.ts"

/** Where in the source an expression stands, for messages. */
interface Placed {
  readonly at: number
}

/** An expression as it was written, with its macros taken apart. */
export type Expression = Placed &
  (
    | { readonly kind: "constant"; readonly value: Value }
    | { readonly kind: "name"; readonly name: string }
    /** `operand.field`; `test` is has(operand.field), `optional` is operand.?field */
    | {
        readonly kind: "select"
        readonly operand: Expression
        readonly field: string
        readonly test: boolean
        readonly optional: boolean
      }
    /** The receiver of a method is its first argument. */
    | { readonly kind: "call"; readonly name: string; readonly method: boolean; readonly parts: readonly Expression[] }
    | { readonly kind: "list"; readonly elements: readonly Element[] }
    | { readonly kind: "map"; readonly entries: readonly Entry[] }
    | { readonly kind: "message"; readonly type: string; readonly fields: readonly Field[] }
    | Loop
    | { readonly kind: "bind"; readonly name: string; readonly value: Expression; readonly body: Expression }
    /** optional.optMap(x, body) and optFlatMap: evaluated only for what is there. */
    | {
        readonly kind: "optional-map"
        readonly operand: Expression
        readonly name: string
        readonly body: Expression
        readonly flat: boolean
      }
  )

export interface Element {
  readonly value: Expression
  readonly optional: boolean
}

export interface Entry extends Element {
  readonly key: Expression
}

export interface Field extends Element {
  readonly name: string
}

export type LoopKind =
  | "all"
  | "exists"
  | "existsOne"
  | "map"
  | "filter"
  | "transformList"
  | "transformMap"
  | "transformMapEntry"

export interface Loop extends Placed {
  readonly kind: "loop"
  readonly loop: LoopKind
  readonly range: Expression
  /** One or two: of a list the index and the item, of a map the key and the value. */
  readonly names: readonly string[]
  readonly condition: Expression | undefined
  readonly body: Expression
}
