import { WireError } from "./wire-error.ts"
import { WireReader } from "./wire-reader.ts"
import { WireWriter } from "./wire-writer.ts"

/** Messages within messages, beyond which one is not read. */
const depthMax = 100

/** One field of a message: its number and how its value is read and written. `Absent` is what it is when not sent. */
export interface Field<Value, Given = Value> {
  readonly number: number
  readonly absent: () => Value
  readonly read: (source: WireReader, before: Value, depth: number) => Value
  readonly write: (sink: WireWriter, value: Given) => void
}

/** A field of one plain value, which can be written though it is what it would be anyway. */
export interface PlainField<Value> extends Field<Value> {
  readonly put: (sink: WireWriter, value: Value) => void
}

/** What a message's table says of its type, as it is read: every field has a value. */
export type Read<Type> = Type extends Message<infer Fields> ? ValuesOf<Fields> : never
/** As it is written: what is left out is not sent. */
export type Written<Type> = Type extends Message<infer Fields> ? PartialOf<Fields> : never

// biome-ignore lint/suspicious/noExplicitAny: a table may have fields of any type
type Table = Readonly<Record<string, Field<any, any>>>
type ValuesOf<Fields> = {
  readonly [Name in keyof Fields]: Fields[Name] extends Field<infer Value, infer _> ? Value : never
}
type PartialOf<Fields> = {
  readonly [Name in keyof Fields]?: (Fields[Name] extends Field<infer _, infer Given> ? Given : never) | undefined
}

const sink = new WireWriter()

/** A protobuf message driven by a table of its fields; fields of other numbers are skipped. */
export class Message<Fields extends Table> {
  readonly #byNumber = new Map<number, readonly [name: string, field: Field<unknown, unknown>]>()
  /** Last field first, as the sink writes. */
  readonly #backwards: readonly (readonly [name: string, field: Field<unknown, unknown>])[]

  constructor(fields: Fields) {
    const entries = Object.entries(fields).sort(([, a], [, b]) => b.number - a.number)
    for (const [name, field] of entries) this.#byNumber.set(field.number, [name, field])
    this.#backwards = entries
  }

  /** Throws WireError. Bytes in it are views. */
  decode(bytes: Buffer): ValuesOf<Fields> {
    return this.read(new WireReader(bytes), 0)
  }

  encode(message: PartialOf<Fields>): Buffer {
    sink.clear() // the message before may have failed in the middle
    this.write(sink, message)
    return sink.finish()
  }

  read(source: WireReader, depth: number): ValuesOf<Fields> {
    if (depth > depthMax) throw new WireError(`a message has more than ${depthMax} levels`)
    const message: Record<string, unknown> = {}
    for (const [name, field] of this.#backwards) message[name] = field.absent()
    for (let number = source.next(); number !== 0; number = source.next()) {
      const known = this.#byNumber.get(number)
      if (known === undefined) source.skip()
      else message[known[0]] = known[1].read(source, message[known[0]], depth + 1)
    }
    return message as ValuesOf<Fields>
  }

  write(target: WireWriter, message: PartialOf<Fields>): void {
    for (const [name, field] of this.#backwards) {
      const value = (message as Record<string, unknown>)[name]
      if (value !== undefined) field.write(target, value)
    }
  }
}

/** Whole numbers of all kinds, and enumerations. */
export function number(at: number): PlainField<number> {
  return plain(
    at,
    0,
    (source) => source.number(),
    (target, value) => target.number(at, value),
  )
}

export function bool(at: number): PlainField<boolean> {
  return plain(
    at,
    false,
    (source) => source.number() !== 0,
    (target, value) => target.number(at, value ? 1 : 0),
  )
}

export function text(at: number): PlainField<string> {
  return plain(
    at,
    "",
    (source) => source.text(),
    (target, value) => target.text(at, value),
  )
}

/** Bytes as a byte string, one character per byte. */
export function key(at: number): PlainField<string> {
  return plain(
    at,
    "",
    (source) => source.key(),
    (target, value) => target.key(at, value),
  )
}

export function double(at: number): PlainField<number> {
  return plain(
    at,
    0,
    (source) => source.double(),
    (target, value) => target.double(at, value),
  )
}

/** Eight bytes, with or without a sign: `BigInt.asIntN` of what is read tells it. */
export function fixed64(at: number): PlainField<bigint> {
  return plain(
    at,
    0n,
    (source) => source.fixed64(),
    (target, value) => target.fixed64(at, value),
  )
}

/** A field that is absent or there, whatever its value: of a `oneof`, or one with `optional` before it. */
export function optional<Value>({ number, read, put }: PlainField<Value>): Field<Value | undefined> {
  return {
    number,
    absent: () => undefined,
    read: (source, before, depth) => read(source, before as Value, depth),
    write: (target, value) => value !== undefined && put(target, value),
  }
}

const noBytes: Uint8Array = new Uint8Array(0)

export function bytes(at: number): Field<Uint8Array> {
  return {
    number: at,
    absent: () => noBytes,
    read: (source) => source.bytes(),
    write: (target, value) => value.length > 0 && target.bytes(at, value),
  }
}

export function message<Fields extends Table>(
  at: number,
  type: () => Message<Fields>,
): Field<ValuesOf<Fields> | undefined, PartialOf<Fields> | undefined> {
  return {
    number: at,
    absent: () => undefined,
    read: (source, _, depth) => type().read(source.message(), depth),
    write: (target, value) => {
      if (value === undefined) return
      const before = target.length
      type().write(target, value)
      target.head(at, before)
    },
  }
}

export function messages<Fields extends Table>(
  at: number,
  type: () => Message<Fields>,
): Field<readonly ValuesOf<Fields>[], readonly PartialOf<Fields>[]> {
  return {
    number: at,
    absent: () => [],
    read: (source, before, depth) => {
      // Made by `absent` for this message alone, so it may grow in place.
      const grown = before as ValuesOf<Fields>[]
      grown.push(type().read(source.message(), depth))
      return grown
    },
    write: (target, values) => {
      for (let index = values.length - 1; index >= 0; index--) {
        const before = target.length
        type().write(target, values[index] as PartialOf<Fields>)
        target.head(at, before)
      }
    },
  }
}

export function texts(at: number): Field<readonly string[]> {
  return repeated(
    at,
    (source) => source.text(),
    (target, value) => target.text(at, value),
  )
}

export function keys(at: number): Field<readonly string[]> {
  return repeated(
    at,
    (source) => source.key(),
    (target, value) => target.key(at, value),
  )
}

export function numbers(at: number): Field<readonly number[]> {
  return packed<number>(
    at,
    (source, into) => source.numbers(into),
    (target, value) => target.varint(value),
  )
}

export function doubles(at: number): Field<readonly number[]> {
  return packed<number>(
    at,
    (source, into) => source.doubles(into),
    (target, value) => target.rawDouble(value),
  )
}

export function fixed64s(at: number): Field<readonly bigint[]> {
  return packed<bigint>(
    at,
    (source, into) => source.fixed64s(into),
    (target, value) => target.rawFixed64(value),
  )
}

function plain<Value>(
  at: number,
  zero: Value,
  read: (source: WireReader) => Value,
  put: (target: WireWriter, value: Value) => void,
): PlainField<Value> {
  return { number: at, absent: () => zero, read, put, write: (target, value) => value !== zero && put(target, value) }
}

function packed<Value>(
  at: number,
  read: (source: WireReader, into: Value[]) => void,
  write: (target: WireWriter, value: Value) => void,
): Field<readonly Value[]> {
  return {
    number: at,
    absent: () => [],
    read: (source, before) => {
      const grown = before as Value[]
      read(source, grown)
      return grown
    },
    write: (target, values) => {
      if (values.length === 0) return
      const before = target.length
      for (let index = values.length - 1; index >= 0; index--) write(target, values[index] as Value)
      target.head(at, before)
    },
  }
}

function repeated(
  at: number,
  read: (source: WireReader) => string,
  write: (target: WireWriter, value: string) => void,
): Field<readonly string[]> {
  return {
    number: at,
    absent: () => [],
    read: (source, before) => {
      const grown = before as string[]
      grown.push(read(source))
      return grown
    },
    write: (target, values) => {
      for (let index = values.length - 1; index >= 0; index--) write(target, values[index] ?? "")
    },
  }
}
