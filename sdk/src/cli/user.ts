import { Command } from "commander"
import type { Context } from "./context.ts"
import { collect, durationOption, withExamples } from "./target.ts"
import { deleteUser, listUsers } from "./user/bindings.ts"
import { type CreateOptions, createUser } from "./user/create.ts"

/** A certificate cannot be taken back, so it does not live long unless somebody asks for that. */
const expiresDefaultMs = 30 * 86_400_000

const examples = `
wick user create ann --role edit -n shop > ann.kubeconfig
wick user create ann --group developers --role shop:deployer --expires 24h --output ann.kubeconfig
wick user list
wick user delete ann`

export function command(context: Context): Command {
  const user = new Command("user")
  const own = (name: string, summary: string): Command =>
    user
      .command(name)
      .description(summary)
      .configureOutput({ writeOut: context.out, writeErr: context.err })
      .exitOverride()
      .showSuggestionAfterError()
  withExamples(
    own("create", "print a kubeconfig for a new user: a key, and a certificate that the cluster signs for it")
      .argument("<name>", "the user's name, as rights are given to")
      .option("-g, --group <group>", "a group that the user is in (may be repeated)", collect)
      .option(
        "-r, --role <role>",
        "a ClusterRole such as view, edit, admin or cluster-admin, or NS:ROLE (may be repeated)",
        collect,
      )
      .option("-n, --namespace <name>", "give ClusterRoles in this namespace only, and make it the kubeconfig's own")
      .addOption(
        durationOption("--expires <duration>", "how long the certificate is good: 10m or more", expiresDefaultMs),
      )
      .option("--output <file>", "write the kubeconfig there, readable by you only, instead of printing it")
      .action((name: string, options: CreateOptions) => createUser(context, name, options)),
    examples,
  )
  withExamples(
    own("list", "list the roles that were given to users by wick user create").action(() => listUsers(context)),
    "wick user list",
  )
  withExamples(
    own("delete", "take back the roles that wick user create gave to a user")
      .argument("<name>", "the user's name")
      .action((name: string) => deleteUser(context, name)),
    "wick user delete ann",
  )
  return withExamples(user, examples)
}
