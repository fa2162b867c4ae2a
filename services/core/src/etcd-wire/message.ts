import { WireError, WireReader, WireWriter } from "#protobuf"

/** Messages within messages, beyond which one is not read. */
const depthMax = 100

/** One field of a message: its number and how its value is read and written. `Absent` is what it is when not sent. */
export interface Field<Value, Given = Value> {
  readonly number: number
  readonly absent: () => Value
  readonly read: (source: WireReader, before: Value, depth: number) => Value
  readonly write: (sink: WireWriter, value: Given) => void
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
export function number(at: number): Field<number> {
  return {
    number: at,
    absent: () => 0,
    read: (source) => source.number(),
    write: (target, value) => value !== 0 && target.number(at, value),
  }
}

export function bool(at: number): Field<boolean> {
  return {
    number: at,
    absent: () => false,
    read: (source) => source.number() !== 0,
    write: (target, value) => value && target.number(at, 1),
  }
}

export function text(at: number): Field<string> {
  return {
    number: at,
    absent: () => "",
    read: (source) => source.text(),
    write: (target, value) => value !== "" && target.text(at, value),
  }
}

/** Bytes as a byte string, one character per byte. */
export function key(at: number): Field<string> {
  return {
    number: at,
    absent: () => "",
    read: (source) => source.key(),
    write: (target, value) => value !== "" && target.key(at, value),
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
  return {
    number: at,
    absent: () => [],
    read: (source, before) => {
      const grown = before as number[]
      source.numbers(grown)
      return grown
    },
    write: (target, values) => {
      if (values.length === 0) return
      const before = target.length
      for (let index = values.length - 1; index >= 0; index--) target.varint(values[index] ?? 0)
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
