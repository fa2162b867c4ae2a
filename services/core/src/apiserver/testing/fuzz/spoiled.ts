import type { Chance } from "./chance.ts"

type Json = unknown

/** Values that are no good wherever they come: wrong types, edges of numbers, names that languages treat specially. */
const odd: readonly Json[] = [
  null,
  "",
  "\0",
  "x".repeat(300),
  "__proto__",
  "constructor",
  "../../etc/passwd",
  "a/b/c",
  "%00",
  "ü\u{1F525}\uD800",
  -1,
  0,
  1e308,
  Number.MAX_SAFE_INTEGER,
  2 ** 63,
  1.5,
  true,
  [],
  {},
  [null],
  [[[[]]]],
  { "": {} },
  { __proto__x: 1, constructor: { prototype: {} } },
  "1e999999999",
  "99999999999999999999Ei",
  "-5m",
  "2026-13-45T99:99:99Z",
  "10.0.0.0/99",
  "$(PATH)",
  "self.all(x, x)",
]
const names = ["metadata", "spec", "status", "name", "items", "__proto__", "toString", "$patch", "x-kubernetes-y", ""]

/** The same object with one to four things wrong in it. The given one is not changed. */
export function spoiled(chance: Chance, whole: Json): Json {
  let object = structuredClone(whole)
  for (let times = 1 + chance.below(4); times > 0; times--) object = spoilOnce(chance, object)
  return object
}

function spoilOnce(chance: Chance, value: Json): Json {
  if (chance.oneIn(6) || typeof value !== "object" || value === null) return structuredClone(chance.pick(odd))
  if (Array.isArray(value)) return spoilList(chance, value)
  const object = value as Record<string, Json>
  const keys = Object.keys(object)
  if (keys.length === 0 || chance.oneIn(6)) return own(object, chance.pick(names), structuredClone(chance.pick(odd)))
  const key = chance.pick(keys)
  if (chance.oneIn(8)) delete object[key]
  else own(object, key, spoilOnce(chance, object[key]))
  return object
}

function spoilList(chance: Chance, list: Json[]): Json {
  if (list.length === 0 || chance.oneIn(5)) return [...list, structuredClone(chance.pick(odd))]
  if (chance.oneIn(6)) return [...list, ...list]
  const at = chance.below(list.length)
  return list.map((item, index) => (index === at ? spoilOnce(chance, item) : item))
}

/** As JSON.parse does it: a field called `__proto__` is a field. */
function own(object: Record<string, Json>, key: string, value: Json): Record<string, Json> {
  return Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}

/** Text with some of its bytes changed, cut or repeated. */
export function spoiledBytes(chance: Chance, bytes: Uint8Array): Buffer {
  let spoilt = Buffer.from(bytes)
  for (let times = 1 + chance.below(4); times > 0; times--) {
    const at = chance.below(spoilt.length + 1)
    const way = chance.below(4)
    if (way === 0) spoilt = spoilt.subarray(0, at)
    else if (way === 1)
      spoilt = Buffer.concat([spoilt.subarray(0, at), Buffer.from([chance.below(256)]), spoilt.subarray(at)])
    else if (way === 2) spoilt = Buffer.concat([spoilt.subarray(0, at), spoilt])
    else if (spoilt.length > 0) spoilt[chance.below(spoilt.length)] = chance.below(256)
  }
  return spoilt
}
