/**
 * Everything that `wick deploy`, `wick apply` and `wick container add` can say of a function, as one table. The order is
 * the order in which it is applied.
 */
import { type Command, Option } from "commander"
import { CommandError, exitCodes } from "../context.ts"
import { collect } from "../target.ts"
import { containerFlags } from "./container-flags.ts"
import { envFlags } from "./env-flags.ts"
import type { Change, Flag } from "./flag.ts"
import { metadataFlags } from "./metadata-flags.ts"
import { podFlags } from "./pod-flags.ts"
import { probeFlags } from "./probe-flags.ts"
import { resourceFlags } from "./resource-flags.ts"
import { scaleFlags } from "./scale-flags.ts"
import { trafficFlags } from "./traffic-flags.ts"
import { volumeFlags } from "./volume-flags.ts"

const groups: readonly (readonly [title: string, flags: readonly Flag[]])[] = [
  ["Container:", containerFlags],
  ["Environment:", envFlags],
  ["Resources:", resourceFlags],
  ["Probes:", probeFlags],
  ["Volumes:", volumeFlags],
  ["Pods:", podFlags],
  ["Scaling:", scaleFlags],
  ["Labels, annotations, names:", metadataFlags],
  ["Traffic:", trafficFlags],
]

export const specFlags: readonly Flag[] = groups.flatMap(([, flags]) => flags)

/** What commander makes of a line: values by the flag's name in camel case. */
export type FlagValues = Readonly<Record<string, unknown>>

/** Gives a command the flags of the table, or those of them that are about one container. */
export function addFlags(command: Command, which: (flag: Flag) => boolean = () => true): Command {
  for (const [title, flags] of groups) {
    for (const option of flags.filter(which).flatMap(optionsOf)) command.addOption(option.helpGroup(title))
  }
  return command
}

function optionsOf({ name, short, also = [], takes, help, many, choices }: Flag): Option[] {
  const letter = short ? `-${short}, ` : ""
  const again = many && !help.includes("repeat") ? " (repeat for more)" : ""
  const [option, ...others] = [name, ...also].map((each, at) => {
    const made = new Option(`${at === 0 ? letter : ""}--${each}${takes ? ` ${takes}` : ""}`, help + again)
    if (choices) made.choices(choices)
    return many ? made.argParser(collect) : made
  })
  const contrary = takes ? [] : [new Option(`--no-${name}`, `the contrary of --${name}`)]
  return [option as Option, ...contrary, ...others.map((each) => each.hideHelp())]
}

/** The texts of the files that flags name, by path. */
export async function readFiles(
  values: FlagValues,
  readFile: (path: string) => Promise<string>,
): Promise<ReadonlyMap<string, string>> {
  const paths = new Set(specFlags.filter(({ file }) => file).flatMap((flag) => valuesOf(flag, values)))
  return new Map(await Promise.all([...paths].map(async (path) => [path, await readFile(path)] as const)))
}

/** The changes that were asked for, in the table's order. Throws for what cannot be meant, before anything is done. */
export function readFlags(values: FlagValues, files: ReadonlyMap<string, string>): Change[] {
  const given = new Map(specFlags.map((flag) => [flag.name, valuesOf(flag, values)]))
  for (const { name, excludes = [] } of specFlags) {
    const other = given.get(name)?.length ? excludes.find((each) => given.get(each)?.length) : undefined
    if (other)
      throw new CommandError(`--${name} and --${other}: only one of them can be given`, undefined, exitCodes.usage)
  }
  return specFlags.flatMap((flag) => {
    const texts = given.get(flag.name) ?? []
    return texts.length === 0 ? [] : [flag.read(flag.file ? texts.map((path) => files.get(path) ?? "") : texts)]
  })
}

function valuesOf({ name, also = [], commas }: Flag, values: FlagValues): string[] {
  const texts = [...also, name].flatMap((each) => values[camelCase(each)] ?? []).map(String)
  return commas ? texts.flatMap((text) => text.split(",")) : texts
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
