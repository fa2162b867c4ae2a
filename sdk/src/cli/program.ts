import { Command } from "commander"
import { type Context, exitCodes } from "./context.ts"
import { type VerbEntry, type Verbs, verbOf } from "./verbs.ts"
import { ownVersion } from "./version.ts"

/** Every verb, in the order in which help lists them. */
const verbs: Verbs = {
  up: { summary: "start Wick on this machine", load: () => import("./up.ts") },
  down: { summary: "stop the Wick that runs on this machine", load: () => import("./down.ts") },
  status: { summary: "show whether Wick runs, and where", load: () => import("./status.ts") },
  build: { summary: "build a directory into an image in Wick's registry", load: () => import("./build.ts") },
  deploy: { summary: "create or update a function", load: () => import("./deploy.ts") },
  apply: { summary: "declare a function whole; no change is made twice", load: () => import("./apply.ts") },
  wait: { summary: "wait until a function is ready", load: () => import("./wait.ts") },
  list: { alias: "ls", summary: "list functions", load: () => import("./list.ts") },
  describe: {
    alias: "desc",
    summary: "show everything about a function, and why it is not ready",
    load: () => import("./describe.ts"),
  },
  invoke: { summary: "call a function", load: () => import("./invoke.ts") },
  traffic: { summary: "show or change how requests are split between revisions", load: () => import("./traffic.ts") },
  revisions: { alias: "rev", summary: "list the revisions of a function", load: () => import("./revisions.ts") },
  revision: { summary: "list, describe, delete and prune revisions", load: () => import("./revision.ts") },
  route: { summary: "list and describe routes", load: () => import("./route.ts") },
  domain: { summary: "lead domains of your own to functions", load: () => import("./domain.ts") },
  secret: { summary: "keep values that functions use", load: () => import("./secret.ts") },
  container: { summary: "describe further containers of a function", load: () => import("./container.ts") },
  export: { summary: "print a function as a file to keep, with its revisions", load: () => import("./export.ts") },
  import: {
    summary: "make a function and its revisions of what export has printed",
    load: () => import("./import.ts"),
  },
  top: { summary: "show requests, latency and pods of functions, live", load: () => import("./top.ts") },
  logs: { summary: "print what a function's containers print", load: () => import("./logs.ts") },
  delete: { alias: "rm", summary: "delete functions", load: () => import("./delete.ts") },
  audit: { summary: "check the log of who changed what", load: () => import("./audit.ts") },
  backup: { summary: "list and verify backups", load: () => import("./backup.ts") },
  restore: { summary: "restore a backup to a new home", load: () => import("./restore.ts") },
  kubeconfig: { summary: "print how to reach the API with kubectl", load: () => import("./kubeconfig.ts") },
  user: { summary: "make a user with a kubeconfig of their own", load: () => import("./user.ts") },
  member: { summary: "list the hosts of the control plane, invite one, remove one", load: () => import("./member.ts") },
  completion: { summary: "print a completion script for a shell", load: () => import("./completion.ts") },
  version: { summary: "print versions", load: () => import("./version.ts") },
}

const footer = `
Exit codes: 0 done · 1 failed · 2 wrong use · 3 not ready in time · 4 not found · 5 API not reachable · 130 interrupted

Examples:
  wick up                                                start Wick (or: npm start)
  wick build examples/hello -t hello                     build an image
  wick deploy hello --image 127.0.0.1:5000/hello         deploy it and wait until it is ready
  wick invoke hello                                      call it
`

/** The program, with the one verb loaded that `args` name; all of them when none is named (help, a typing error). */
export async function createProgram(context: Context, args: readonly string[]): Promise<Command> {
  const program = new Command("wick")
    .description("Deploy container images as functions that run only while they are called.")
    .version(ownVersion(), "-V, --version", "print the version of this command")
    .configureOutput({ writeOut: context.out, writeErr: context.err })
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText("after", footer)
  const words = args.filter((arg) => !arg.startsWith("-"))
  const asked = (words[0] === "help" ? words[1] : words[0]) ?? ""
  const name = verbOf(verbs, asked)
  const chosen = verbs[name] ? [name] : []
  for (const [verb, { summary, load }] of Object.entries(verbs)) {
    program.addCommand(
      chosen.includes(verb) ? await loaded(load, context, verb) : new Command(verb).description(summary),
    )
  }
  return program
}

async function loaded(load: VerbEntry["load"], context: Context, name: string): Promise<Command> {
  const command = (await load()).command(context, verbs)
  const alias = verbs[name]?.alias
  if (alias) command.alias(alias)
  return command
    .description(verbs[name]?.summary ?? "")
    .configureOutput({ writeOut: context.out, writeErr: context.err })
    .exitOverride()
    .showSuggestionAfterError()
}

/** The code to exit with after commander has spoken for itself. */
export function commanderExitCode(error: { code: string }): number {
  const asked = ["commander.help", "commander.helpDisplayed", "commander.version"]
  return asked.includes(error.code) ? exitCodes.success : exitCodes.usage
}
