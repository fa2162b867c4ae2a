import { expect, it } from "vitest"
import { RestRule } from "./rest-rule.ts"

const mebibyte = 1024 * 1024
const resting = { busy: 0.01, heapBytes: 80 * mebibyte }
const grown = { ...resting, residentBytes: 140 * mebibyte }

/** At which looks it settles. */
function settlesAt(rule: RestRule, looks: readonly Parameters<RestRule["look"]>[0][]): number[] {
  return looks.flatMap((look, at) => {
    if (!rule.look(look)) return []
    rule.settled(look.residentBytes)
    return [at]
  })
}

function settledAt(residentBytes: number): RestRule {
  const rule = new RestRule()
  rule.settled(residentBytes)
  return rule
}

it("a process that has started is settled when it first rests, whatever its size", () => {
  const looks = Array.from({ length: 20 }, (_, at) => ({
    busy: at < 4 ? 0.9 : 0.01,
    residentBytes: 400 * mebibyte,
    heapBytes: 300 * mebibyte,
  }))
  expect(settlesAt(new RestRule(), looks)).toEqual([8])
})

it("a process that has grown is settled once, after a while of rest", () => {
  const looks = Array.from({ length: 20 }, () => grown)
  expect(settlesAt(settledAt(60 * mebibyte), looks)).toEqual([4])
})

it("a busy time begins the while anew", () => {
  const looks = Array.from({ length: 20 }, (_, at) => ({ ...grown, busy: at === 3 || at === 6 ? 0.5 : 0.01 }))
  expect(settlesAt(settledAt(60 * mebibyte), looks)).toEqual([11])
})

it("one that has hardly grown since it was settled is left alone", () => {
  const looks = Array.from({ length: 20 }, (_, at) => ({ ...resting, residentBytes: (60 + at / 2) * mebibyte }))
  expect(settlesAt(settledAt(60 * mebibyte), looks)).toEqual([])
})

it("it is settled again when the next busy time has left it larger still", () => {
  const looks = Array.from({ length: 20 }, (_, at) => ({ ...grown, residentBytes: (at < 10 ? 80 : 100) * mebibyte }))
  expect(settlesAt(settledAt(60 * mebibyte), looks)).toEqual([4, 10])
})

it("it has grown too when the kernel had taken back as much before", () => {
  const looks = Array.from({ length: 12 }, (_, at) => ({ ...resting, residentBytes: (at < 6 ? 40 : 60) * mebibyte }))
  expect(settlesAt(settledAt(60 * mebibyte), looks)).toEqual([6])
})

it("a heap that would stop the process for long is left to V8", () => {
  const looks = Array.from({ length: 20 }, () => ({
    ...grown,
    residentBytes: 400 * mebibyte,
    heapBytes: 300 * mebibyte,
  }))
  expect(settlesAt(settledAt(60 * mebibyte), looks)).toEqual([])
})
