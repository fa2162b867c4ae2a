import { Command } from "commander"
import { Namespace } from "../api/core/namespace.ts"
import { Secret } from "../api/core/secret.ts"
import type { Kind } from "../api/kind.ts"
import { DomainMapping } from "../api/serving/domain-mapping.ts"
import { Revision } from "../api/serving/revision.ts"
import { Route } from "../api/serving/route.ts"
import { Service } from "../api/serving/service.ts"
import { type LiveKind, type Wanted, wantedWord } from "./completion-words.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { withExamples } from "./target.ts"
import { type Verbs, verbOf } from "./verbs.ts"

const scripts: Record<string, string> = {
  bash: `_wick() {
  local words
  words="$("\${COMP_WORDS[0]}" completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)"
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
  [[ "\${COMPREPLY[0]:-}" == *= ]] && compopt -o nospace
  return 0
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
  if (line.length < 2) return Object.keys(verbs)
  const verb = verbOf(verbs, line[0] ?? "")
  const entry = verbs[verb]
  if (!entry) return []
  const wanted = wantedWord(verb, (await entry.load()).command(context, verbs), line)
  return wanted.kind === "words" ? [...wanted.words] : liveNames(context, wanted)
}

/** Names from the API; a completion never says more than that it knows none. */
async function liveNames(context: Context, wanted: Exclude<Wanted, { kind: "words" }>): Promise<string[]> {
  const connection = await context.connect()
  const scope = { namespace: wanted.namespace ?? connection.namespace }
  const { client } = connection
  const { kind } = wanted
  if (kind === "namespaces") return (await client.listMetadata(Namespace)).items.map(({ metadata }) => metadata.name)
  const { items } = await client.listMetadata(kinds[kind], scope)
  const names = items.map(({ metadata }) => metadata.name)
  return kind === "splits" ? ["@latest", ...names].map((name) => `${name}=`) : names
}

const kinds: Readonly<Record<Exclude<LiveKind, "namespaces">, Kind>> = {
  functions: Service,
  revisions: Revision,
  splits: Revision,
  routes: Route,
  domains: DomainMapping,
  secrets: Secret,
}
