import { createHash } from "node:crypto"

/** What a check of the audit log found: everything in its place, or the first line that is not. */
export type ChainVerdict =
  | { readonly kind: "whole"; readonly lines: number }
  | { readonly kind: "broken"; readonly line: number; readonly because: string }

/**
 * Each line carries the hash of the line before it. What is before the first line here may be in an older file, and what
 * was cut off after the last one leaves no trace in what remains.
 */
export function verifyChain(text: string): ChainVerdict {
  const lines = text.split("\n")
  if (lines.at(-1) === "") lines.pop()
  let before: string | undefined
  for (const [at, line] of lines.entries()) {
    const previous = previousOf(line)
    if (previous === undefined) return { kind: "broken", line: at + 1, because: "it is no whole line of an audit log" }
    if (before !== undefined && previous !== hashOf(before)) {
      const because = "the line before it was changed, or lines between the two are missing"
      return { kind: "broken", line: at + 1, because }
    }
    before = line
  }
  return { kind: "whole", lines: lines.length }
}

function previousOf(line: string): string | undefined {
  try {
    const { previous } = JSON.parse(line) as { previous?: unknown }
    return typeof previous === "string" ? previous : undefined
  } catch {
    return undefined
  }
}

function hashOf(line: string): string {
  return createHash("sha256").update(line).digest("hex")
}
