import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CelError, CompileError, compile, dyn, fromJson, toJson } from "./index.ts"

const pieces = [
  ..."self self.a self.l self.m 1 -1 2.5 1u 'x' b'y' true null [] {} ( ) [ ] { } . , : ? + - * / % == != < >= && || ! in".split(
    " ",
  ),
  ".all(x, x > 0)",
  ".map(y, y + y)",
  ".exists(i, v, i == v)",
  ".size()",
  ".split('')",
  ".join('ab')",
  ".replace('', 'aaaa')",
  ".matches('(a*)*b')",
  ".?z",
  ".orValue(1)",
  "[?0]",
  "optional.of(",
  "quantity('1Gi')",
  "ip('::1')",
  "timestamp(",
  "duration('1s')",
  "string(",
  "'%s%d'.format([1, 2])",
  "x",
  "type(",
  "cel.bind(x, self, x)",
  "sets.contains(",
  ".transformMap(k, v, v)",
]
const tree: fc.Arbitrary<string> = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("self", "self.a", "self.l", "self.m.k", "1", "'ab'", "[1, 2, 3]", "2.5", "true", "{'k': 1}"),
    fc
      .tuple(
        tie("expression"),
        fc.constantFrom("+", "-", "*", "/", "%", "==", "<", "&&", "||", "in"),
        tie("expression"),
      )
      .map((it) => `(${it.join(" ")})`),
    tie("expression").map((each) => `${each}.map(v, self.l.map(w, ${each}))`),
    tie("expression").map((each) => `string(${each}).replace('', string(${each}))`),
    fc.tuple(tie("expression"), tie("expression"), tie("expression")).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
  ),
})).expression
const budgetMax = 20_000

function run(source: string, self: unknown): void {
  const budget = { left: budgetMax }
  try {
    const program = compile(source, { variables: new Map([["self", dyn]]) })
    toJson(program.evaluate((name) => (name === "self" ? fromJson(self, dyn) : undefined), budget))
  } catch (error) {
    if (!(error instanceof CelError) && !(error instanceof CompileError)) throw error
  }
  expect(budget.left).toBeGreaterThanOrEqual(0)
}

const data = { a: 1, l: [1, 2, 3, 4, 5, 6, 7, 8, 9], m: { k: "v" } }

describe("whatever is written, an evaluation ends within its budget or says why it cannot", () => {
  it("for words put together at random", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 14 }), (words) => run(words.join(" "), data)),
      { numRuns: 2000 },
    )
  })
  it("for expressions that are well formed, over any data", () => {
    fc.assert(
      fc.property(tree, fc.jsonValue(), (source, json) => run(source, json)),
      { numRuns: 500 },
    )
    fc.assert(
      fc.property(tree, (source) => run(source, data)),
      { numRuns: 500 },
    )
  })
  it("for any text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60, unit: "binary" }), (source) => run(source, data)),
      { numRuns: 500 },
    )
  })
})
