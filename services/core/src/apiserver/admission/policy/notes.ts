import type { Bound } from "./policy.ts"

/** Longer notes are cut off, counted in UTF-16. */
const noteMax = 10 * 1024
const failuresKey = "validation.policy.admission.k8s.io/validation_failure"

/** What policies note of one request for its audit record. */
export class Notes {
  readonly #values = new Map<string, Set<string>>()
  readonly #failures: object[] = []

  /** Several bindings of a policy may note the same, or each its own. */
  add(key: string, value: string): void {
    const values = this.#values.get(key) ?? new Set()
    this.#values.set(key, values.add(value.slice(0, noteMax)))
  }

  failed({ policy, binding }: Bound, failure: { message: string; index: number }, actions: readonly string[]): void {
    this.#failures.push({
      message: failure.message,
      policy: policy.metadata.name,
      binding: binding.metadata.name,
      expressionIndex: failure.index,
      validationActions: actions,
    })
  }

  *all(): Iterable<[key: string, value: string]> {
    for (const [key, values] of this.#values) yield [key, [...values].join(", ")]
    if (this.#failures.length > 0) yield [failuresKey, JSON.stringify(this.#failures)]
  }
}
