import { isStatus } from "@wick/sdk/api"
import { defineKind } from "@wick/sdk/api/kind"
import type { Client } from "@wick/sdk/client"
import { type Informer, type Informers, keyOf, subject } from "@wick/sdk/controller"
import * as z from "zod"
import { type Addressed, type Referred, resourceOf } from "./reference.ts"

interface Address {
  readonly name?: string
  readonly url?: string
}

type Follow = (referred: Referred, key: string) => void

const looseKind = ({ group, version, kind }: Referred) =>
  defineKind({
    ...{ group, version, kind, plural: resourceOf(kind) },
    description: "Something that can be called.",
    schema: z.object({ status: z.custom<{ address?: Address; addresses?: readonly Address[] } | undefined>() }),
  })

type LooseKind = ReturnType<typeof looseKind>

/** What became of looking for an object. */
export type Lookup =
  | { readonly target: Addressed | undefined; readonly refusal?: undefined }
  | { readonly refusal: string; readonly target?: undefined }

/**
 * Objects of any kind that can have an address. A kind is watched from the moment that one of it was found: before, it
 * need not even be served.
 */
export class Addressables {
  readonly #client: Client
  readonly #informers: Informers
  readonly #followed = new Map<string, Informer<LooseKind>>()
  #changed: Follow = () => {}

  constructor(client: Client, informers: Informers) {
    this.#client = client
    this.#informers = informers
  }

  /** Told of each object of the kinds that are watched when it changes. */
  onChange(changed: Follow): () => void {
    this.#changed = changed
    return () => {
      this.#changed = () => {}
    }
  }

  async find(referred: Referred, name: string, namespace: string): Promise<Lookup> {
    const { group, version, kind } = referred
    const known = this.#followed.get(`${group}/${version} ${kind}`)
    if (known !== undefined) {
      await known.synced
      return { target: known.get(name, namespace) }
    }
    const loose = looseKind(referred)
    try {
      const target = await this.#client.get(loose, { name, namespace })
      this.#follow(referred, loose)
      return { target }
    } catch (error) {
      if (isStatus(error, "NotFound")) return { target: undefined }
      if (isStatus(error, "Forbidden")) return { refusal: (error as Error).message }
      throw error
    }
  }

  #follow(referred: Referred, loose: LooseKind): void {
    const { group, version, kind } = referred
    const key = `${group}/${version} ${kind}`
    if (this.#followed.has(key)) return
    const trim = ({ apiVersion, metadata: { name, namespace, uid, resourceVersion }, status }: Addressable) =>
      ({ apiVersion, kind, metadata: { name, namespace, uid, resourceVersion }, status }) as Addressable
    const informer = this.#informers(loose, { trim })
    this.#followed.set(key, informer)
    informer.onChange((change) => this.#changed(referred, keyOf(subject(change))))
  }
}

type Addressable = import("@wick/sdk/api/kind").KindOf<LooseKind>
