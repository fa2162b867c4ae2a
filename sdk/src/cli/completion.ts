import { Command } from "commander"
import { Service } from "../api/serving/service.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import type { Verbs } from "./program.ts"
import { withExamples } from "./target.ts"

/** Verbs whose first argument is the name of a function: completed from the live API. */
const namesFunction = ["deploy", "describe", "invoke", "traffic", "revisions", "logs", "delete"]

const scripts: Record<string, string> = {
  bash: `_wick() {
  local words
  words="$(wick completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)"
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _wick wick
`,
  zsh: `#compdef wick
_wick() {
  local -a found
  found=("\${(@f)$(wick completion words -- "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null)}")
  compadd -a found
}
compdef _wick wick
`,
  fish: `complete -c wick -f -a '(wick completion words -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
  pwsh: `Register-ArgumentCompleter -Native -CommandName wick -ScriptBlock {
  param($word, $ast, $position)
  $before = $ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" }
  wick completion words -- @before 2>$null | Where-Object { $_ -like "$word*" }
}
`,
}

export function command(context: Context, verbs: Verbs): Command {
  const completion = new Command("completion")
    .argument("<shell>", "bash, zsh, fish or pwsh")
    .argument("[line...]", "words of the line so far")
    .action((shell: string, line: string[]) => run(context, verbs, shell, line))
  return withExamples(
    completion,
    "source <(wick completion bash)\nwick completion fish > ~/.config/fish/completions/wick.fish",
  )
}

async function run(context: Context, verbs: Verbs, shell: string, line: string[]): Promise<void> {
  if (shell === "words") return context.out((await words(context, verbs, line)).map((word) => `${word}\n`).join(""))
  const script = scripts[shell]
  if (!script) {
    const known = Object.keys(scripts).join(", ")
    throw new CommandError(`no completion for ${shell}; there is: ${known}`, "wick completion bash", exitCodes.usage)
  }
  context.out(script)
}

async function words(context: Context, verbs: Verbs, line: string[]): Promise<string[]> {
  const [verb = "", ...rest] = line
  if (rest.length === 0) return Object.keys(verbs)
  const current = rest.at(-1) ?? ""
  if (current.startsWith("-")) return flagsOf(context, verbs, verb)
  if (!namesFunction.includes(verb) || rest.length > 1) return []
  const { client, namespace } = await context.connect()
  const { items } = await client.list(Service, { namespace })
  return items.map(({ metadata }) => metadata.name)
}

async function flagsOf(context: Context, verbs: Verbs, verb: string): Promise<string[]> {
  const entry = verbs[verb]
  if (!entry) return []
  return (await entry.load()).command(context, verbs).options.flatMap(({ long }) => (long ? [long] : []))
}
