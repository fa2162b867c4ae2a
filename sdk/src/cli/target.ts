import { type Command, InvalidArgumentError, Option } from "commander"
import type { Connection, Context } from "./context.ts"
import { formatAge, parseDuration } from "./duration.ts"

/** Where a command acts: the connection, and the namespace after `-n`, `-A` and the kubeconfig had their say. */
export interface Target extends Connection {
  /** Undefined: all namespaces. */
  readonly scope: string | undefined
}

export interface TargetOptions {
  namespace?: string
  allNamespaces?: boolean
}

export function namespaceOption(): Option {
  return new Option("-n, --namespace <name>", "namespace to work in").env("WICK_NAMESPACE")
}

export function allNamespacesOption(): Option {
  return new Option("-A, --all-namespaces", "look in every namespace")
}

export async function target(context: Context, options: TargetOptions): Promise<Target> {
  const connection = await context.connect()
  const namespace = options.namespace ?? connection.namespace
  return { ...connection, namespace, scope: options.allNamespaces ? undefined : namespace }
}

/** A flag that takes `30s`, `5m`, or seconds, and gives milliseconds; help tells its default as one would write it. */
export function durationOption(flags: string, description: string, defaultMs?: number): Option {
  const option = new Option(flags, description).argParser(durationArgument)
  return defaultMs === undefined ? option : option.default(defaultMs, formatAge(defaultMs))
}

function durationArgument(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError("must be a duration such as 30s or 5m")
  return ms
}

/** Parses a whole number in [min, max]. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (!Number.isInteger(number) || number < min || number > max) {
      throw new InvalidArgumentError(`must be a whole number from ${min} to ${max}`)
    }
    return number
  }
}

/** Collects the values of a flag that may be given several times. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}

/** Adds examples to the end of a command's help. */
export function withExamples(command: Command, examples: string): Command {
  return command.addHelpText("after", `\nExamples:\n${examples.trim().replace(/^/gm, "  ")}\n`)
}
