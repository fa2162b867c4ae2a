import { assert } from "@wick/sdk/assert"
import { type Configuration, type Entry, type LogPosition, type Message, type MessageBody, noMember } from "#raft"
import { ByteReader, ByteWriter, MalformedError, numberSizeMax } from "#store"
import { entriesMax, membersMax } from "./limits.ts"

/**
 * Raft's messages as bytes: kind, from, to, term, and what the kind has beside. Numbers take seven bits a byte. What is
 * read is checked as far as a member relies on it: positions rise, terms do not fall, nobody is called 0.
 */

type Sent = Exclude<Message["type"], "persisted">
type Body<Type extends Sent> = Omit<Extract<MessageBody, { readonly type: Type }>, "type">
interface Codec<Of> {
  size(body: Of): number
  write(writer: ByteWriter, body: Of): void
  read(reader: ByteReader, head: Head): Of
}
interface Head {
  readonly from: number
  readonly to: number
  readonly term: number
  readonly type: Sent
}

/** Place in the list plus one is the byte; new kinds go to the end. */
const kinds: readonly Sent[] = [
  "pre-vote-request",
  "pre-vote-response",
  "vote-request",
  "vote-response",
  "append",
  "append-accepted",
  "append-rejected",
  "heartbeat",
  "heartbeat-response",
  "snapshot",
  "read-request",
  "read-response",
  "timeout-now",
]
const entryKinds = ["command", "noop", "configuration"] as const

const headSizeMax = 1 + 3 * numberSizeMax
const positionSizeMax = 2 * numberSizeMax
/** Kind, term and length of an entry. */
const entryHeadSizeMax = 1 + 2 * numberSizeMax

/** The message after `headroom` bytes, which are the caller's to fill. */
export function encodeMessage(message: Message, headroom = 0): Buffer {
  assert(message.type !== "persisted", "what a member tells itself is not sent")
  const codec = codecs[message.type] as Codec<object>
  const bytes = Buffer.allocUnsafe(headroom + headSizeMax + codec.size(message))
  const writer = new ByteWriter(bytes.subarray(headroom))
  writer.byte(kinds.indexOf(message.type) + 1)
  writer.number(message.from)
  writer.number(message.to)
  writer.number(message.term)
  codec.write(writer, message)
  return bytes.subarray(0, headroom + writer.size)
}

/** Throws MalformedError on anything else than one whole message. Data of entries are views of `bytes`. */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new ByteReader(bytes)
  const type = kinds[reader.byte() - 1]
  if (type === undefined) throw new MalformedError("message of an unknown kind")
  const head: Head = { type, from: member(reader), to: member(reader), term: reader.number() }
  const body = (codecs[type] as Codec<object>).read(reader, head)
  reader.end()
  return { ...head, ...body } as Message
}

const nothing = { size: () => 0, write: () => {}, read: () => ({}) }
const granted = {
  size: () => 1,
  write: (writer: ByteWriter, message: { readonly granted: boolean }) => writer.byte(message.granted ? 1 : 0),
  read: (reader: ByteReader) => ({ granted: flag(reader) }),
}

const codecs: { readonly [Type in Sent]: Codec<Body<Type>> } = {
  "pre-vote-request": {
    size: () => positionSizeMax,
    write: (writer, { last }) => writePosition(writer, last),
    read: (reader) => ({ last: readPosition(reader) }),
  },
  "pre-vote-response": granted,
  "vote-request": {
    size: () => positionSizeMax + 1,
    write: (writer, { last, transfer }) => {
      writePosition(writer, last)
      writer.byte(transfer ? 1 : 0)
    },
    read: (reader) => ({ last: readPosition(reader), transfer: flag(reader) }),
  },
  "vote-response": granted,
  append: {
    size: ({ entries }) =>
      positionSizeMax + 2 * numberSizeMax + entries.reduce((sum, { data }) => sum + entryHeadSizeMax + data.length, 0),
    write: (writer, { previous, commit, entries }) => {
      writePosition(writer, previous)
      writer.number(commit)
      writer.number(entries.length)
      for (const entry of entries) writeEntry(writer, entry)
    },
    read: (reader, { term }) => {
      const previous = readPosition(reader)
      const commit = reader.number()
      return { previous, commit, entries: readEntries(reader, previous, term) }
    },
  },
  "append-accepted": {
    size: () => numberSizeMax,
    write: (writer, { match }) => writer.number(match),
    read: (reader) => ({ match: reader.number() }),
  },
  "append-rejected": {
    size: () => numberSizeMax + positionSizeMax,
    write: (writer, { rejected, hint }) => {
      writer.number(rejected)
      writePosition(writer, hint)
    },
    read: (reader) => ({ rejected: reader.number(), hint: readPosition(reader) }),
  },
  heartbeat: {
    size: () => 2 * numberSizeMax,
    write: (writer, { commit, round }) => {
      writer.number(commit)
      writer.number(round)
    },
    read: (reader) => ({ commit: reader.number(), round: reader.number() }),
  },
  "heartbeat-response": {
    size: () => numberSizeMax,
    write: (writer, { round }) => writer.number(round),
    read: (reader) => ({ round: reader.number() }),
  },
  snapshot: {
    size: ({ configuration: { voters, outgoing, learners } }) =>
      positionSizeMax + numberSizeMax * (3 + voters.length + outgoing.length + learners.length),
    write: (writer, { at, configuration: { voters, outgoing, learners } }) => {
      writePosition(writer, at)
      for (const list of [voters, outgoing, learners]) {
        writer.number(list.length)
        for (const one of list) writer.number(one)
      }
    },
    read: (reader) => ({ at: readPosition(reader), configuration: readConfiguration(reader) }),
  },
  "read-request": {
    size: () => numberSizeMax,
    write: (writer, { read }) => writer.number(read),
    read: (reader) => ({ read: reader.number() }),
  },
  "read-response": {
    size: () => 2 * numberSizeMax,
    write: (writer, { read, index }) => {
      writer.number(read)
      writer.number(index)
    },
    read: (reader) => ({ read: reader.number(), index: reader.number() }),
  },
  "timeout-now": nothing,
}

/** Its index is that of the one before it and one. */
function writeEntry(writer: ByteWriter, { term, kind, data }: Entry): void {
  writer.byte(entryKinds.indexOf(kind))
  writer.number(term)
  writer.bytes(data)
}

function readEntries(reader: ByteReader, previous: LogPosition, termMax: number): Entry[] {
  const count = reader.number()
  if (count > entriesMax) throw new MalformedError(`${count} entries, ${entriesMax} are allowed`)
  const entries: Entry[] = []
  let before = previous
  for (let left = count; left > 0; left--) {
    const kind = entryKinds[reader.byte()]
    if (kind === undefined) throw new MalformedError("entry of an unknown kind")
    const term = reader.number()
    if (term < before.term || term > termMax) throw new MalformedError(`entry of term ${term} after ${before.term}`)
    const entry = { index: before.index + 1, term, kind, data: reader.bytes() }
    entries.push(entry)
    before = entry
  }
  return entries
}

function writePosition(writer: ByteWriter, { index, term }: LogPosition): void {
  writer.number(index)
  writer.number(term)
}

function readPosition(reader: ByteReader): LogPosition {
  const index = reader.number()
  // Room for the entries after it: what is counted on from here stays a whole number.
  if (index > Number.MAX_SAFE_INTEGER - entriesMax) throw new MalformedError(`index ${index} is beyond any log`)
  return { index, term: reader.number() }
}

function readConfiguration(reader: ByteReader): Configuration {
  const list = (): number[] => {
    const count = reader.number()
    if (count > membersMax) throw new MalformedError(`${count} members, ${membersMax} are allowed`)
    return Array.from({ length: count }, () => member(reader))
  }
  return { voters: list(), outgoing: list(), learners: list() }
}

function member(reader: ByteReader): number {
  const id = reader.number()
  if (id === noMember) throw new MalformedError("a member is not called 0")
  return id
}

function flag(reader: ByteReader): boolean {
  const byte = reader.byte()
  if (byte > 1) throw new MalformedError(`${byte} is neither yes nor no`)
  return byte === 1
}
