import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import * as z from "zod"
import { Refusal } from "./refusal.ts"

const host = /^[\w.-]+(:\d{1,5})?$/

/** How registries are reached, for whoever asks for digests and for whoever pulls. */
export const registryFlags = {
  "registry-ca": z
    .string()
    .transform((path) => resolve(path))
    .optional(),
  "plain-registry": z
    .string()
    .transform((text) => text.split(",").filter(Boolean))
    .refine(
      (hosts) => hosts.every((name) => host.test(name)),
      "must be HOST or HOST:PORT, and more of them after commas",
    )
    .optional(),
}

export interface RegistryFlags {
  readonly "registry-ca"?: string | undefined
  readonly "plain-registry"?: readonly string[] | undefined
}

/** Throws a Refusal where the file of authorities is none. */
export function registriesOf(flags: RegistryFlags): { plain: readonly string[]; authorityFiles: readonly string[] } {
  const file = flags["registry-ca"]
  return { plain: flags["plain-registry"] ?? [], authorityFiles: file === undefined ? [] : [checked(file)] }
}

function checked(file: string): string {
  const refuse = (why: string): Refusal => new Refusal(`--registry-ca ${file}: ${why}`, "see wick up --help", 2)
  let text: string
  try {
    text = readFileSync(file, "utf8")
  } catch (error) {
    throw refuse((error as Error).message)
  }
  if (!text.includes("-----BEGIN CERTIFICATE-----")) throw refuse("must be a file of certificates in PEM")
  return file
}
