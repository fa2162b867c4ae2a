import { Command } from "commander"
import { seededRandom } from "../../../clock/index.ts"
import { changedService, type Facts, type NewService } from "../draft.ts"
import { addFlags, type FlagValues, readFlags } from "../table.ts"

/** What a line of flags makes of a function named hello: the way of a real line, for tests. */
export function helloAfter(
  line: readonly string[],
  existing?: NewService,
  { files = {}, ...facts }: Partial<Facts> & { readonly files?: Readonly<Record<string, string>> } = {},
): NewService {
  const command = addFlags(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  const values: FlagValues = command.parse([...line], { from: "user" }).opts()
  const changes = readFlags(values, new Map(Object.entries(files)))
  return changedService({ name: "hello", namespace: "default" }, existing, changes, {
    random: seededRandom(1),
    ...facts,
  })
}
