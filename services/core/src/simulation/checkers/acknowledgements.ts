import type { TxnRequest, TxnResult } from "#store"
import type { Reference } from "./reference.ts"
import { Violation } from "./violation.ts"

interface Acknowledged {
  readonly request: TxnRequest
  readonly result: TxnResult
}

/** Writes that clients were told are done. */
export class Acknowledgements {
  readonly #all: Acknowledged[] = []

  add(request: TxnRequest, result: TxnResult): void {
    this.#all.push({ request, result })
  }

  get count(): number {
    return this.#all.length
  }

  /** Each of them is in the history that all members share, at the revision that was told. */
  expectKept(reference: Reference): void {
    for (const { request, result } of this.#all) {
      const operations = result.succeeded ? request.success : request.failure
      for (const operation of operations) {
        if (operation.kind !== "put") continue
        const changes = reference.changesOf(result.revision) ?? []
        const isKept = changes.some(
          ({ key, value }) => key === operation.key && Buffer.compare(value, operation.value) === 0,
        )
        if (isKept) continue
        throw new Violation(
          "no acknowledged write is lost",
          `${operation.key} at revision ${result.revision} is not there`,
        )
      }
    }
  }
}
