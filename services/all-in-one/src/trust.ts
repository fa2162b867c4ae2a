import { readFileSync, watch } from "node:fs"
import { readFile } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import type { ControlPlaneOptions } from "@wick/core"
import * as z from "zod"
import { Refusal } from "./refusal.ts"

/** Flags that say whose tokens are believed, beside the cluster's own: a file that says all, or the classic ones of one issuer. */
export const trustFlags = {
  "authentication-config": z.string().optional(),
  "oidc-issuer-url": z.string().optional(),
  "oidc-client-id": z.string().optional(),
  "oidc-username-claim": z.string().optional(),
  "oidc-username-prefix": z.string().optional(),
  "oidc-groups-claim": z.string().optional(),
  "oidc-groups-prefix": z.string().optional(),
  "oidc-ca-file": z.string().optional(),
  "oidc-required-claim": z.string().optional(),
  "oidc-signing-algs": z.string().optional(),
}
export type TrustFlags = { readonly [Flag in keyof typeof trustFlags]?: string | undefined }

type Trust = NonNullable<ControlPlaneOptions["trust"]>

/** As kube-apiserver reads these flags; undefined when there are none. Throws a Refusal that names the flag. */
export async function trustOf(flags: TrustFlags): Promise<Trust | undefined> {
  const classic = Object.entries(flags).filter(([flag, value]) => flag.startsWith("oidc-") && value !== undefined)
  const file = flags["authentication-config"]
  if (file !== undefined) {
    if (classic.length > 0) throw wrong("authentication-config file and oidc-* flags are mutually exclusive")
    return watched(file)
  }
  if (classic.length === 0) return undefined
  if (!flags["oidc-issuer-url"] || !flags["oidc-client-id"]) {
    throw wrong("oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set")
  }
  const algorithms = (flags["oidc-signing-algs"] ?? "RS256").split(",").map((name) => name.trim())
  return { configuration: configurationOf(flags, flags["oidc-issuer-url"]), algorithms }
}

function configurationOf(flags: TrustFlags, url: string): object {
  const groups = flags["oidc-groups-claim"]
  const ca = flags["oidc-ca-file"]
  const rules = Object.entries(requiredClaims(flags["oidc-required-claim"] ?? ""))
  return {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    jwt: [
      {
        issuer: {
          url,
          audiences: [flags["oidc-client-id"]],
          ...(ca && { certificateAuthority: read("oidc-ca-file", ca) }),
        },
        claimValidationRules: rules.map(([claim, requiredValue]) => ({ claim, requiredValue })),
        claimMappings: {
          username: usernameOf(flags, url),
          ...(groups && { groups: { claim: groups, prefix: flags["oidc-groups-prefix"] ?? "" } }),
        },
      },
    ],
  }
}

/** Other names than addresses are unique only at their issuer, whose address goes before them; "-" is no prefix. */
function usernameOf(flags: TrustFlags, url: string): { claim: string; prefix: string } {
  const claim = flags["oidc-username-claim"] ?? "sub"
  const given = flags["oidc-username-prefix"] ?? ""
  if (given === "-") return { claim, prefix: "" }
  return { claim, prefix: given !== "" || claim === "email" ? given : `${url}#` }
}

function requiredClaims(text: string): Record<string, string> {
  const pairs = text.split(",").filter(Boolean)
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=")
      if (at < 1) throw wrong(`--oidc-required-claim ${pair}: must be CLAIM=VALUE, and more of them after commas`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

function read(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    throw wrong(`--${flag} ${path}: ${(error as Error).message}`)
  }
}

/** The file's configuration, and every one that takes its place: by a write, a rename, or another link. */
async function watched(path: string): Promise<Trust> {
  let text = read("authentication-config", path)
  return {
    configuration: await parsed(text, path),
    onChange: (listener) => {
      const look = async (): Promise<void> => {
        const next = await readFile(path, "utf8")
        // Between being emptied and being written a file says nothing.
        if (next === text || next === "") return
        text = next
        listener(await parsed(next, path).catch(() => undefined))
      }
      // One look after the other: of two at once the one that saw the older file could have the last word.
      let looked = Promise.resolve()
      // Its folder, since a file that another is renamed over is seen no more. Between two files there may be none.
      const watcher = watch(dirname(resolve(path)), { persistent: false }, () => {
        looked = looked.then(look).catch(() => undefined)
      })
      return () => watcher.close()
    },
  }
}

async function parsed(text: string, path: string): Promise<unknown> {
  const { parse } = await import("yaml")
  try {
    return parse(text)
  } catch (error) {
    throw wrong(`--authentication-config ${path}: ${(error as Error).message}`)
  }
}

function wrong(message: string): Refusal {
  return new Refusal(message, "see wick up --help", 2)
}
