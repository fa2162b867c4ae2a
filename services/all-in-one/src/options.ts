import { homedir, hostname } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import * as z from "zod"
import { backupFlags } from "./backup/flags.ts"
import { isNodeName, nodeNameOf } from "./node-name.ts"
import { Refusal } from "./refusal.ts"
import { registryFlags } from "./registries.ts"
import { storeFlags } from "./store-flags.ts"
import { traceFlags } from "./trace-flags.ts"
import { trustFlags } from "./trust.ts"

const portMax = 65_535

const address = z
  .string()
  .regex(/^[\w.:[\]-]+:\d{1,5}$/, "must be HOST:PORT, for example 127.0.0.1:8080")
  .transform((text) => {
    const at = text.lastIndexOf(":")
    return { host: text.slice(0, at).replace(/^\[(.*)\]$/, "$1"), port: Number(text.slice(at + 1)) }
  })
  .refine(({ port }) => port <= portMax, `must have a port of at most ${portMax}`)
export type Address = z.output<typeof address>

const cidr = z.string().regex(/^\d+\.\d+\.\d+\.\d+\/\d+$/, "must be an IPv4 range, for example 10.234.0.0/16")

/** Every flag of `wick up`; each is also an environment variable, `WICK_` and the flag's name. A flag wins. */
const schema = z.object({
  home: z.string().transform((path) => resolve(path)),
  api: address.default({ host: "127.0.0.1", port: 6443 }),
  gateway: address.default({ host: "127.0.0.1", port: 8080 }),
  "gateway-https": address.optional(),
  // Images are named by it, and containerd pulls none whose name begins with an address in brackets.
  registry: address
    .refine(({ host }) => !host.includes(":"), "must have a name or an IPv4 address, for example 127.0.0.1:5000")
    .default({ host: "127.0.0.1", port: 5000 }),
  metrics: address.default({ host: "127.0.0.1", port: 9090 }),
  "etcd-listen": address.optional(),
  peer: address.optional(),
  join: z.url({ protocol: /^https$/, error: "must be https://HOST:PORT of a control-plane host" }).optional(),
  token: z.string().optional(),
  ...storeFlags,
  domain: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "must be a domain name, for example wick.localhost")
    .default("wick.localhost"),
  runtime: z.enum(["containerd", "cri", "process"], "must be containerd, cri or process").optional(),
  "container-runtime-endpoint": z.string().optional(),
  "node-name": z
    .string()
    .refine(isNodeName, "must be at most 63 small letters, digits, '-' and '.', for example web-1.example.com")
    .default(nodeNameOf(hostname())),
  "pod-cidr": cidr.optional(),
  "service-cidr": cidr.optional(),
  serving: z.enum(["on", "off"], "must be on or off").default("on"),
  activators: z.coerce.number("must be a whole number").int().min(1).max(64).default(1),
  "encryption-key": z.enum(["keep", "new"], "must be keep or new").default("keep"),
  ...registryFlags,
  ...trustFlags,
  ...backupFlags,
  ...traceFlags,
  "log-level": z.enum(["debug", "info", "warn", "error"], "must be debug, info, warn or error").default("info"),
})
export type Options = z.output<typeof schema>

/** How far the port for TLS is from the other one, unless it is given: 443 from 80, 8443 from 8080. */
const securePortOffset = 363

/** Where functions are called by TLS. */
export function secureGateway({
  gateway,
  "gateway-https": given,
}: Pick<Options, "gateway" | "gateway-https">): Address {
  return given ?? { host: gateway.host, port: gateway.port + securePortOffset }
}

const flags = Object.keys(schema.shape)
/** May be given several times. */
const lists = ["plain-registry", "oidc-required-claim", "oidc-signing-algs"]

/**
 * Options from the command line and the environment. Throws a Refusal that names each wrong flag, its value and what
 * would be right.
 */
export function readOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const given = { home: join(homedir(), ".wick"), ...fromEnvironment(env), ...fromFlags(args) }
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const mistakes = parsed.error.issues.map((issue) => {
    const flag = String(issue.path[0])
    return `--${flag} ${(given as Record<string, unknown>)[flag]}: ${issue.message}`
  })
  throw new Refusal(mistakes.join("\n"), "see wick up --help", 2)
}

function fromFlags(args: readonly string[]): Record<string, unknown> {
  const options = Object.fromEntries(flags.map((flag) => [flag, { type: "string" as const, multiple: true }]))
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true })
    // The last of a flag counts, but for those that are lists.
    return Object.fromEntries(
      Object.entries(values).map(([flag, value = []]) => {
        const given = [value].flat()
        return [flag, lists.includes(flag) ? given.join(",") : given.at(-1)]
      }),
    )
  } catch (error) {
    throw new Refusal((error as Error).message, "see wick up --help", 2)
  }
}

function fromEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const named = flags.map((flag) => [flag, env[`WICK_${flag.toUpperCase().replaceAll("-", "_")}`]] as const)
  return Object.fromEntries(named.filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== ""))
}
