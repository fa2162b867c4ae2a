import { readFileSync, statSync } from "node:fs"

/** Most resolvers that are tried, as the host's own library does. */
const resolversMax = 3

/** Addresses of the resolvers in a resolv.conf, without ours: to ask ourselves would never end. */
export function parseResolvers(text: string, own: string): string[] {
  return text
    .split("\n")
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1])
    .filter((address) => address !== undefined)
    .filter((address) => address !== own)
    .slice(0, resolversMax)
}

/** The host's resolvers now. The file is read anew when it was changed, as by a laptop that changes networks. */
export function hostResolvers(own: string, path = "/etc/resolv.conf"): () => string[] {
  let readAt = Number.NaN
  let resolvers: string[] = []
  return () => {
    const changedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (changedAt !== readAt) {
      readAt = changedAt
      resolvers = changedAt === 0 ? [] : parseResolvers(readFileSync(path, "utf8"), own)
    }
    return resolvers
  }
}
