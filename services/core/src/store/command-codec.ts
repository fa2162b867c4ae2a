import { must, unreachable } from "@wick/sdk/assert"
import { ByteReader, MalformedError } from "./byte-reader.ts"
import { ByteWriter, numberSizeMax } from "./byte-writer.ts"
import type { Command, Origin, StampedCommand } from "./command.ts"
import type { NestedOperation, NestedTxn } from "./member-storage.ts"
import { operationsMax } from "./request-check.ts"
import type { Compare, RangeRequest } from "./storage.ts"

/**
 * Commands as bytes, as they are in the log. The first byte is the format: a member that does not know it must not
 * guess, for all members have to do the same.
 */
const formatByte = 1
/** The same with an origin after the time. */
const forwardedByte = 2

const kinds = ["txn", "compact", "grant", "renew", "revoke", "expire", "note"] as const
const targets = ["version", "create", "mod", "lease", "value"] as const
const comparisons = ["=", "!=", "<", ">"] as const

/** As deep as a request may be that is taken in: each level takes an operation of the one above it. */
const levelsMax = operationsMax

// Bits of a byte that says which optional fields follow and which are true.
const hasEnd = 1
const hasPrevious = 2
const keysOnlyBit = 4
const countOnlyBit = 8
const keepValueBit = 16
const keepLeaseBit = 32
/** In the byte of a comparison: the end of an interval follows the key. */
const comparesInterval = 8

export function encodeCommand({ timeMs, origin, command }: StampedCommand): Buffer {
  // Not from Node's pool: values are views of these bytes and may be kept for long, by a cache for example, and a view
  // of a few bytes would keep the 64 KiB of the pool that they are in.
  const headerSize = (origin === undefined ? 1 : 3) * numberSizeMax + 2
  const writer = new ByteWriter(Buffer.allocUnsafeSlow(headerSize + sizeOf(command)))
  writeHeader(writer, timeMs, origin)
  writer.byte(kinds.indexOf(command.kind))
  switch (command.kind) {
    case "txn":
      writeTxn(writer, command.request)
      break
    case "compact":
      writer.number(command.revision)
      break
    case "grant":
      writer.number(command.id)
      writer.number(command.ttlSeconds)
      break
    case "renew":
    case "revoke":
      writer.number(command.id)
      break
    case "expire":
      break
    case "note":
      writer.key(command.name)
      writer.number(command.expected)
      writer.bytes(command.value)
      break
    default:
      unreachable(command)
  }
  return writer.finish()
}

/** Values in the command are views of `bytes`, not copies. Throws MalformedError. */
export function decodeCommand(bytes: Uint8Array): StampedCommand {
  const reader = new ByteReader(bytes)
  const { timeMs, origin } = readHeader(reader)
  const command = readCommand(reader)
  reader.end()
  return origin === undefined ? { timeMs, command } : { timeMs, origin, command }
}

/** The same command with another time and origin: a leader stamps what it was handed. */
export function restampCommand(bytes: Uint8Array, { timeMs, origin }: Omit<StampedCommand, "command">): Buffer {
  const reader = new ByteReader(bytes)
  readHeader(reader)
  const rest = reader.rest()
  const writer = new ByteWriter(Buffer.allocUnsafeSlow(2 + 3 * numberSizeMax + rest.length))
  writeHeader(writer, timeMs, origin)
  writer.rest(rest)
  return writer.finish()
}

function writeHeader(writer: ByteWriter, timeMs: number, origin: Origin | undefined): void {
  writer.byte(origin === undefined ? formatByte : forwardedByte)
  writer.number(timeMs)
  if (origin === undefined) return
  writer.number(origin.member)
  writer.number(origin.request)
}

function readHeader(reader: ByteReader): Omit<StampedCommand, "command"> {
  const format = reader.byte()
  if (format !== formatByte && format !== forwardedByte) {
    throw new MalformedError(`command format ${format} is not known; ${formatByte} and ${forwardedByte} are`)
  }
  const timeMs = reader.number()
  if (format === formatByte) return { timeMs }
  return { timeMs, origin: { member: reader.number(), request: reader.number() } }
}

function readCommand(reader: ByteReader): Command {
  const kind = oneOf(kinds, reader.byte())
  switch (kind) {
    case "txn":
      return { kind, request: readTxn(reader) }
    case "compact":
      return { kind, revision: reader.number() }
    case "grant":
      return { kind, id: reader.number(), ttlSeconds: reader.number() }
    case "renew":
    case "revoke":
      return { kind, id: reader.number() }
    case "expire":
      return { kind }
    case "note":
      return { kind, name: reader.key(), expected: reader.number(), value: reader.bytes() }
    default:
      return unreachable(kind)
  }
}

/** An upper bound, cheap to compute. */
function sizeOf(command: Command): number {
  if (command.kind === "note") return 3 * numberSizeMax + command.name.length + command.value.length
  return command.kind === "txn" ? sizeOfTxn(command.request) : 2 * numberSizeMax
}

function sizeOfTxn({ compare, success, failure }: NestedTxn): number {
  let size = 3 * numberSizeMax
  for (const item of compare) {
    size +=
      2 +
      3 * numberSizeMax +
      item.key.length +
      (item.end?.length ?? 0) +
      (item.target === "value" ? item.value.length : 0)
  }
  for (const item of success) size += sizeOfOperation(item)
  for (const item of failure) size += sizeOfOperation(item)
  return size
}

function sizeOfOperation(operation: NestedOperation): number {
  if (operation.kind === "txn") return 2 + sizeOfTxn(operation)
  const size = 2 + 4 * numberSizeMax + operation.key.length
  return size + (operation.kind === "put" ? operation.value.length : (operation.end?.length ?? 0))
}

function writeTxn(writer: ByteWriter, { compare, success, failure }: NestedTxn): void {
  writer.number(compare.length)
  for (const item of compare) writeCompare(writer, item)
  writer.number(success.length)
  for (const item of success) writeOperation(writer, item)
  writer.number(failure.length)
  for (const item of failure) writeOperation(writer, item)
}

function readTxn(reader: ByteReader, level = 0): NestedTxn {
  if (level > levelsMax) throw new MalformedError(`transactions within each other have more than ${levelsMax} levels`)
  const operation = (): NestedOperation => readOperation(reader, level)
  return {
    compare: list(reader, readCompare),
    success: list(reader, operation),
    failure: list(reader, operation),
  }
}

function writeCompare(writer: ByteWriter, compare: Compare): void {
  writer.byte(targets.indexOf(compare.target))
  writer.byte(comparisons.indexOf(compare.op) | (compare.end === undefined ? 0 : comparesInterval))
  writer.key(compare.key)
  if (compare.end !== undefined) writer.key(compare.end)
  if (compare.target === "value") writer.bytes(compare.value)
  else writer.number(compare.value)
}

function readCompare(reader: ByteReader): Compare {
  const target = oneOf(targets, reader.byte())
  const how = reader.byte()
  const op = oneOf(comparisons, how & ~comparesInterval)
  const key = reader.key()
  const interval = (how & comparesInterval) === 0 ? { key } : { key, end: reader.key() }
  return target === "value"
    ? { ...interval, target, op, value: reader.bytes() }
    : { ...interval, target, op, value: reader.number() }
}

const operations = ["put", "delete", "range", "txn"] as const

function writeOperation(writer: ByteWriter, operation: NestedOperation): void {
  writer.byte(operations.indexOf(operation.kind))
  switch (operation.kind) {
    case "put":
      writer.byte(
        (operation.previous ? hasPrevious : 0) |
          (operation.keepValue ? keepValueBit : 0) |
          (operation.keepLease ? keepLeaseBit : 0),
      )
      writer.key(operation.key)
      writer.number(operation.lease ?? 0)
      writer.bytes(operation.value)
      break
    case "delete":
      writer.byte((operation.end === undefined ? 0 : hasEnd) | (operation.previous ? hasPrevious : 0))
      writer.key(operation.key)
      if (operation.end !== undefined) writer.key(operation.end)
      break
    case "range":
      writeRange(writer, operation)
      break
    case "txn":
      writeTxn(writer, operation)
      break
    default:
      unreachable(operation)
  }
}

function writeRange(writer: ByteWriter, range: RangeRequest): void {
  const end = range.end === undefined ? 0 : hasEnd
  writer.byte(end | (range.keysOnly ? keysOnlyBit : 0) | (range.countOnly ? countOnlyBit : 0))
  writer.key(range.key)
  if (range.end !== undefined) writer.key(range.end)
  writer.number(range.revision ?? 0)
  writer.number(range.limit ?? 0)
}

function readOperation(reader: ByteReader, level: number): NestedOperation {
  const kind = oneOf(operations, reader.byte())
  if (kind === "txn") return { kind, ...readTxn(reader, level + 1) }
  const bits = reader.byte()
  const key = reader.key()
  const previous = (bits & hasPrevious) !== 0
  switch (kind) {
    case "put":
      return { kind, key, lease: reader.number(), value: reader.bytes(), previous, ...readKept(bits) }
    case "delete":
      return { kind, key, ...readEnd(reader, bits), previous }
    case "range": {
      const end = readEnd(reader, bits)
      const flags = { keysOnly: (bits & keysOnlyBit) !== 0, countOnly: (bits & countOnlyBit) !== 0 }
      return { kind, key, ...end, revision: reader.number(), limit: reader.number(), ...flags }
    }
    default:
      return unreachable(kind)
  }
}

function readKept(bits: number): { keepValue?: boolean; keepLease?: boolean } {
  return {
    ...((bits & keepValueBit) === 0 ? {} : { keepValue: true }),
    ...((bits & keepLeaseBit) === 0 ? {} : { keepLease: true }),
  }
}

function readEnd(reader: ByteReader, bits: number): { end?: string } {
  return (bits & hasEnd) === 0 ? {} : { end: reader.key() }
}

function list<Item>(reader: ByteReader, read: (reader: ByteReader) => Item): Item[] {
  const items: Item[] = []
  for (let left = reader.number(); left > 0; left--) items.push(read(reader))
  return items
}

function oneOf<const Names extends readonly string[]>(names: Names, index: number): Names[number] {
  if (index >= names.length) throw new MalformedError(`${index} is none of ${names.join(", ")}`)
  return must(names[index], "index is within the list")
}
