import type { Command } from "commander"
import type { Context } from "./context.ts"

/** A verb of the command line: makes its commander command around the context. One file each, loaded when used. */
export interface Verb {
  command(context: Context, verbs: Verbs): Command
}

export interface VerbEntry {
  readonly summary: string
  /** A short name for it. */
  readonly alias?: string
  readonly load: () => Promise<Verb>
}

export type Verbs = Readonly<Record<string, VerbEntry>>

/** The verb that a word names, by its short name too. */
export function verbOf(verbs: Verbs, word: string): string {
  return Object.keys(verbs).find((name) => verbs[name]?.alias === word) ?? word
}
