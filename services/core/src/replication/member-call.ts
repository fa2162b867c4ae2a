import {
  ByteReader,
  ByteWriter,
  ClusterRefusalError,
  InvalidRequestError,
  LearnerNotReadyError,
  MalformedError,
  MemberNotFoundError,
  NoSpaceError,
  NotLeaderError,
  numberSizeMax,
  OverloadedError,
  TooLargeError,
  UnavailableError,
} from "#store"

/** What one member asks another beside Raft's messages. The first byte is the kind. */
export type MemberCall =
  /** Put this into the log, if you lead in `term`: after that term nobody is to do it any more. */
  | { readonly kind: "propose"; readonly term: number; readonly request: number; readonly command: Uint8Array }
  /** Do this to the cluster, as its leader. */
  | { readonly kind: "cluster"; readonly operation: string; readonly parameters: readonly unknown[] }
  /** Am I one of the members that were removed? */
  | { readonly kind: "was-removed" }

const kinds = ["propose", "cluster", "was-removed"] as const

export function encodeCall(call: MemberCall): Buffer {
  const kind = kinds.indexOf(call.kind) + 1
  if (call.kind === "was-removed") return Buffer.from([kind])
  if (call.kind === "cluster") {
    return Buffer.concat([Buffer.from([kind]), Buffer.from(JSON.stringify([call.operation, ...call.parameters]))])
  }
  const writer = new ByteWriter(Buffer.allocUnsafe(1 + 2 * numberSizeMax + call.command.length))
  writer.byte(kind)
  writer.number(call.term)
  writer.number(call.request)
  writer.rest(call.command)
  return writer.finish()
}

/** Throws MalformedError. */
export function decodeCall(bytes: Uint8Array): MemberCall {
  const reader = new ByteReader(bytes)
  const kind = kinds[reader.byte() - 1]
  switch (kind) {
    case "propose":
      return { kind, term: reader.number(), request: reader.number(), command: reader.rest() }
    case "cluster": {
      const read = readJson(reader.rest())
      if (!Array.isArray(read)) throw new MalformedError("what a member asks of the cluster is no list")
      const [operation, ...parameters] = read as readonly unknown[]
      return { kind, operation: String(operation), parameters }
    }
    case "was-removed":
      return { kind }
    default:
      throw new MalformedError(`a call of kind ${bytes[0]} is not known`)
  }
}

/** An answer is a value, or an error of those that say for certain that nothing was done, or one that does not. */
export type Answer = { readonly value: unknown } | { readonly error: Error }

/** Errors that mean the same on both sides. */
const known = [
  NotLeaderError,
  NoSpaceError,
  OverloadedError,
  TooLargeError,
  InvalidRequestError,
  MemberNotFoundError,
  LearnerNotReadyError,
  ClusterRefusalError,
]

export function encodeAnswer(answer: Answer): Buffer {
  if ("value" in answer) return Buffer.from(JSON.stringify({ value: answer.value }))
  const { name, message } = answer.error
  return Buffer.from(JSON.stringify({ error: { name, message } }))
}

export function decodeAnswer(bytes: Uint8Array): Answer {
  const read = readJson(bytes) as { value?: unknown; error?: { name?: unknown; message?: unknown } | null } | null
  if (typeof read !== "object" || read === null) throw new MalformedError("what a member answered is no answer")
  if (read.error === undefined || read.error === null) return { value: read.value }
  const message = String(read.error.message)
  const Known = known.find(({ name }) => name === read.error?.name)
  return { error: Known === undefined ? new UnavailableError(message) : new Known(message) }
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    throw new MalformedError("what a member said is no JSON")
  }
}
