import { CommandError, exitCodes } from "../context.ts"
import type { Draft } from "./draft.ts"

/** What a flag does to the service that is to be written. Pure but for the draft, which is the caller's own copy. */
export type Change = (draft: Draft) => void

/**
 * A flag that says something about a function, as kn calls it where kn has it. What it is given is read before anything
 * is asked of the API; what that means is applied to whatever service is there then.
 */
export interface Flag {
  readonly name: string
  readonly short?: string
  /** Other spellings that mean the same and are not listed in help. */
  readonly also?: readonly string[]
  /** What it takes, as help shows it; a flag without is a switch, with `--no-` for its contrary. */
  readonly takes?: string
  readonly help: string
  /** May be given several times. */
  readonly many?: true
  /** Several values may stand in one, separated by commas. */
  readonly commas?: true
  /** Its value is the path of a file (- for standard input), whose text is read instead. */
  readonly file?: true
  readonly choices?: readonly string[]
  /** Flags that say the same in another way: only one of them may be given. */
  readonly excludes?: readonly string[]
  /** About one container, so that it can be said of a sidecar too. */
  readonly container?: true
  /** Throws a CommandError for what cannot be meant. A switch is given "true" or "false". */
  read(values: readonly string[]): Change
}

/** The refusal of a flag's value: which, and what would be right. */
export function wrong(flag: string, value: string, right: string): CommandError {
  return new CommandError(`--${flag} ${value}: ${right}`, undefined, exitCodes.usage)
}

/** The last of the values: of a flag that is given twice the later counts. */
export function last(values: readonly string[]): string {
  return values.at(-1) ?? ""
}

/** A whole number within bounds, as text. */
export function wholeText(flag: string, text: string, min: number, max = Number.MAX_SAFE_INTEGER): string {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < min || number > max) {
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
    throw wrong(flag, text, `must be a whole number ${range}`)
  }
  return String(number)
}

/** Keys to set and keys to take away. */
export interface Edits {
  readonly set: ReadonlyMap<string, string>
  readonly gone: ReadonlySet<string>
}

/** `KEY=VALUE` sets, `KEY-` takes away; the later counts. */
export function readEdits(flag: string, pairs: readonly string[]): Edits {
  const set = new Map<string, string>()
  const gone = new Set<string>()
  for (const pair of pairs) {
    const at = pair.indexOf("=")
    const key = at < 0 && pair.endsWith("-") ? pair.slice(0, -1) : pair.slice(0, Math.max(at, 0))
    if (key === "") throw wrong(flag, pair, "must be KEY=VALUE, or KEY- to take it away")
    if (at < 0) {
      gone.add(key)
      set.delete(key)
    } else {
      set.set(key, pair.slice(at + 1))
      gone.delete(key)
    }
  }
  return { set, gone }
}

/** A map after edits; what is set keeps its place. */
export function edited(
  map: Readonly<Record<string, string>> | undefined,
  { set, gone }: Edits,
): Record<string, string> {
  const kept = Object.entries(map ?? {}).filter(([key]) => !gone.has(key))
  return { ...Object.fromEntries(kept), ...Object.fromEntries(set) }
}
