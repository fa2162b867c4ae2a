import { defineKind, type Kind } from "@wick/sdk/api/kind"
import type { Client } from "@wick/sdk/client"
import * as z from "zod"

interface ResourceList {
  readonly groupVersion: string
  readonly resources: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
    readonly verbs: readonly string[]
  }[]
}
interface GroupList {
  readonly groups: readonly {
    readonly name: string
    readonly preferredVersion: { readonly groupVersion: string }
    readonly versions: readonly { readonly groupVersion: string }[]
  }[]
}

const anything = z.object({})
const verbsNeeded = ["list", "watch", "delete"]

export interface Discovered {
  readonly kinds: readonly Kind[]
  /** Versions of groups, `group/version`, of which nobody can say now what is in them. */
  readonly failed: readonly string[]
}

/**
 * Every kind that the server can list, watch and delete, each once, built in or custom: in the preferred version of its
 * group, or in another where that has it not. Of `remote` versions another server answers: one that does not is left out,
 * and everything else goes on.
 */
export async function discoverKinds(
  client: Client,
  remote: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Discovered> {
  const read = async <Answer>(path: string): Promise<Answer> => {
    const response = await client.request(path, { signal })
    return (await response.json()) as Answer
  }
  const { groups } = await read<GroupList>("/apis")
  const failed: string[] = []
  const lists = await Promise.all([
    read<ResourceList>("/api/v1"),
    ...groups.flatMap(preferredFirst).map(async (groupVersion) => {
      try {
        return await read<ResourceList>(`/apis/${groupVersion}`)
      } catch (error) {
        if (!remote.has(groupVersion)) throw error
        failed.push(groupVersion)
        return { groupVersion, resources: [] }
      }
    }),
  ])
  const seen = new Set<string>()
  const kinds = lists.flatMap(({ groupVersion, resources }) =>
    resources
      .filter(({ name, verbs }) => !name.includes("/") && verbsNeeded.every((verb) => verbs.includes(verb)))
      .map(({ name, kind, namespaced }) => {
        const [version = "", group = ""] = groupVersion.split("/").reverse()
        return defineKind({ group, version, kind, plural: name, namespaced, description: kind, schema: anything })
      })
      .filter(({ group, plural }) => {
        const name = `${plural}.${group}`
        return !seen.has(name) && seen.add(name)
      }),
  )
  return { kinds, failed }
}

function preferredFirst({ preferredVersion: { groupVersion: preferred }, versions }: GroupList["groups"][number]) {
  const others = versions.map(({ groupVersion }) => groupVersion).filter((version) => version !== preferred)
  return [preferred, ...others]
}
