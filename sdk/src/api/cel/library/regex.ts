import type { RE2JS } from "re2js"
import { linearExpression } from "../../structural/linear-expression.ts"
import { CelError } from "../error.ts"
import { define, type Overload, perCharacter } from "../function.ts"

/** Expressions are matched in linear time by an automaton: no text makes one run for ever. */
const patternLengthMax = 10_000
const keptMax = 256
const compiled = new Map<string, RE2JS>()

function expression(pattern: string): RE2JS {
  const known = compiled.get(pattern)
  if (known) return known
  if (pattern.length > patternLengthMax)
    throw new CelError(`regular expression is longer than ${patternLengthMax} characters`)
  try {
    const made = linearExpression(pattern)
    // Patterns that data makes come and go; those of rules are few.
    if (compiled.size >= keptMax) compiled.clear()
    compiled.set(pattern, made)
    return made
  } catch (error) {
    throw new CelError(error instanceof Error ? error.message : String(error))
  }
}

function findAll(text: string, pattern: string, limit: bigint): string[] {
  const matcher = expression(pattern).matcher(text)
  const found: string[] = []
  while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) found.push(matcher.group() ?? "")
  return found
}

function findFirst(text: string, pattern: string): string {
  const matcher = expression(pattern).matcher(text)
  return matcher.find() ? (matcher.group() ?? "") : ""
}

/** As cel-go counts: text by pattern, each scaled. */
const matching = ([text = 0, pattern = 0]: readonly number[]): number =>
  Math.ceil((text + 1) * perCharacter) * Math.max(1, Math.ceil(pattern * 0.25))

const matches = (text: string, pattern: string): boolean => expression(pattern).matcher(text).find()

export const regex: readonly Overload[] = [
  define("matches(string, string): bool", matches, matching),
  define("string::matches(string): bool", matches, matching),
  define("string::find(string): string", findFirst, matching),
  define(
    "string::findAll(string): list<string>",
    (text: string, pattern: string) => findAll(text, pattern, -1n),
    matching,
  ),
  define("string::findAll(string, int): list<string>", findAll, matching),
]
