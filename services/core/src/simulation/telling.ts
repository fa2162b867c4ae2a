import type { KeyValue, Operation as StoreOperation, TxnRequest } from "#store"
import type { History, Operation } from "./linearizability.ts"
import type { StoreInput, StoreOutput } from "./store-model.ts"

/** Operations as people read them: `3 [41–57] put(a=v7) → revision 9, was v2@5`. */
export function tellHistory(history: History<{ readonly kind: string }, StoreOutput>): string {
  return history.map((operation) => `  ${tellOperation(operation as Operation<StoreInput, StoreOutput>)}`).join("\n")
}

function tellOperation({ client, input, output, calledAt, returnedAt }: Operation<StoreInput, StoreOutput>): string {
  const time = `[${calledAt}–${output === undefined ? "?" : returnedAt}]`
  return `${client} ${time} ${tellInput(input)} → ${output === undefined ? "no answer" : tellOutput(output)}`
}

function tellInput(input: StoreInput | { readonly kind: "unanswered"; readonly input: StoreInput }): string {
  if (input.kind === "unanswered") return tellInput(input.input)
  if (input.kind === "range") return `read(${input.request.key}${input.request.end === undefined ? "" : "…"})`
  return input.kind === "txn" ? tellTxn(input.request) : `${input.kind}(${input.id})`
}

function tellTxn({ compare, success, failure }: TxnRequest): string {
  const compared = compare.map(({ key, target, op, value }) => `${target}(${key}) ${op} ${value}`)
  const run = success.map(tellOne).join(" ")
  return compared.length === 0 ? run : `if ${compared.join(" and ")} then ${run} else ${failure.map(tellOne).join(" ")}`
}

function tellOne(operation: StoreOperation): string {
  const { kind, key } = operation
  if (kind !== "put") return `${kind}(${key})`
  return `put(${key}=${textOf(operation.value)}${operation.lease ? ` with ${operation.lease}` : ""})`
}

function tellOutput(output: StoreOutput): string {
  if (output.kind === "done") return "done"
  if (output.kind === "refused") return output.reason
  if (output.kind === "range") return `revision ${output.result.revision}, ${tellKeys(output.result.kvs)}`
  const { succeeded, results, revision } = output.result
  const previous = results.flatMap((result) => (result.kind === "range" ? result.kvs : (result.previous ?? [])))
  return `revision ${revision}, ${succeeded ? "then" : "else"}, was ${tellKeys(previous)}`
}

function tellKeys(kvs: readonly KeyValue[]): string {
  return kvs.map(({ key, value, modRevision }) => `${key}=${textOf(value)}@${modRevision}`).join(" ") || "nothing"
}

function textOf(value: Uint8Array): string {
  return Buffer.from(value).toString("latin1").slice(0, 8)
}
