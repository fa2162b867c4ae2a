import type { Command } from "commander"
import type { Context } from "./context.ts"
import { withExamples } from "./target.ts"

/** A part of a verb (`wick domain create`), which speaks and fails as the verb does. */
export function subcommand(
  parent: Command,
  context: Context,
  name: string,
  summary: string,
  examples: string,
): Command {
  const part = parent
    .command(name)
    .description(summary)
    .configureOutput({ writeOut: context.out, writeErr: context.err })
    .exitOverride()
    .showSuggestionAfterError()
  return withExamples(part, examples)
}
