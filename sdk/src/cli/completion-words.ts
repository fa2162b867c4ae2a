import type { Command, Option } from "commander"

/** What only the API knows the names of. */
export type LiveKind = "functions" | "namespaces" | "revisions" | "splits" | "routes" | "domains" | "secrets"

/** What the word under the cursor can be: words that are known already, or names that only the API knows. */
export type Wanted =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: LiveKind; readonly namespace?: string }

const nothing: Wanted = { kind: "words", words: [] }

/** What a command's first argument names. */
const firstArgument: Readonly<Record<string, LiveKind>> = {
  apply: "functions",
  delete: "functions",
  deploy: "functions",
  describe: "functions",
  export: "functions",
  invoke: "functions",
  logs: "functions",
  revisions: "functions",
  traffic: "functions",
  wait: "functions",
  "domain delete": "domains",
  "domain describe": "domains",
  "domain update": "domains",
  "revision delete": "revisions",
  "revision describe": "revisions",
  "route describe": "routes",
  "secret delete": "secrets",
}

/** What further arguments name, where there are any. */
const furtherArguments: Readonly<Record<string, LiveKind>> = {
  delete: "functions",
  traffic: "splits",
  "domain delete": "domains",
  "revision delete": "revisions",
  "secret delete": "secrets",
}

/** What the value of an option names, whichever command it is of. */
const optionValues: Readonly<Record<string, LiveKind>> = {
  "--namespace": "namespaces",
  "--prune": "functions",
  "--pull-secret": "secrets",
  "--ref": "functions",
  "--revision": "revisions",
  "--service": "functions",
  "--tls": "secrets",
  "--traffic": "splits",
}

/** Where `--tag` is given to a revision; elsewhere it names one. */
const tagging = ["apply", "deploy", "traffic"]

/**
 * Pure. `line` is what stands after `wick`, the word under the cursor last (empty when it has not begun); `command` is
 * the verb's own.
 */
export function wantedWord(verb: string, command: Command, line: readonly string[]): Wanted {
  const part = command.commands.find((each) => each.name() === line[1])
  if (part && line.length > 2) return wantedWord(`${verb} ${part.name()}`, part, line.slice(1))
  const before = line.slice(1, -1)
  const current = line.at(-1) ?? ""
  const open = optionOf(command, before.at(-1))
  if (open?.required) return valueWanted(open, verb, before, command)
  if (current.startsWith("-")) return words([...command.options.flatMap(spellings), "--help"])
  const { positionals, namespace } = parse(command, before)
  const scope = namespace === undefined ? {} : { namespace }
  if (verb === "completion") return words(positionals.length === 0 ? ["bash", "zsh", "fish", "pwsh"] : [])
  if (command.commands.length > 0 && positionals.length === 0) return words(command.commands.map((it) => it.name()))
  const named = (positionals.length === 0 ? firstArgument : furtherArguments)[verb]
  return named ? { kind: named, ...scope } : nothing
}

function words(list: readonly string[]): Wanted {
  return { kind: "words", words: list }
}

function spellings({ long, hidden }: Option): string[] {
  return long && !hidden ? [long] : []
}

function optionOf(command: Command, word: string | undefined): Option | undefined {
  return command.options.find(({ short, long }) => word !== undefined && (word === short || word === long))
}

/** What an option that stands before the cursor takes. */
function valueWanted(option: Option, verb: string, before: readonly string[], command: Command): Wanted {
  const { namespace } = parse(command, before)
  const scope = namespace === undefined ? {} : { namespace }
  if (option.argChoices) return words(option.argChoices)
  if (option.long === "--dry-run") return words(["client", "server"])
  const named = option.long === "--tag" && tagging.includes(verb) ? "splits" : optionValues[option.long ?? ""]
  if (named === "namespaces") return { kind: named }
  return named ? { kind: named, ...scope } : nothing
}

/** Words that belong to no option, and the namespace that `-n` names. */
function parse(command: Command, before: readonly string[]): { positionals: string[]; namespace: string | undefined } {
  const positionals: string[] = []
  let namespace: string | undefined
  for (let at = 0; at < before.length; at++) {
    const word = before[at] ?? ""
    const option = optionOf(command, word)
    if (option?.required) at += 1
    if (option?.long === "--namespace") namespace = before[at]
    if (word.startsWith("--namespace=")) namespace = word.slice("--namespace=".length)
    if (!word.startsWith("-")) positionals.push(word)
  }
  return { positionals, namespace }
}
