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

/** Every kind that the server can list, watch and delete, each once, in its preferred version; built in or custom. */
export async function discoverKinds(client: Client, signal: AbortSignal): Promise<Kind[]> {
  const read = async <Answer>(path: string): Promise<Answer> => {
    const response = await client.request(path, { signal })
    return (await response.json()) as Answer
  }
  const { groups } = await read<GroupList>("/apis")
  const versions = groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)
  const lists = await Promise.all(["/api/v1", ...versions].map((path) => read<ResourceList>(path)))
  return lists.flatMap(({ groupVersion, resources }) =>
    resources
      .filter(({ name, verbs }) => !name.includes("/") && verbsNeeded.every((verb) => verbs.includes(verb)))
      .map(({ name, kind, namespaced }) => {
        const [version = "", group = ""] = groupVersion.split("/").reverse()
        return defineKind({ group, version, kind, plural: name, namespaced, description: kind, schema: anything })
      }),
  )
}
