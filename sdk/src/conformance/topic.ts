import type { World } from "./world.ts"

/** What a cluster may offer beside its API: servers that it can call back, functions that can be called. */
export type Need = "webhooks" | "functions"

/** One statement about a cluster: a sentence, and a function that throws where the cluster does otherwise. */
export interface Case {
  readonly title: string
  /** What the cluster must offer beside its API; without it the case is not declared. */
  readonly needs?: Need
  run(world: World): Promise<void>
}

export interface Topic {
  readonly name: string
  readonly cases: readonly Case[]
}

type Run = Case["run"]

/** How a topic states its cases. */
export interface It {
  (title: string, run: Run): void
  /** For cases in which the API server calls back. */
  withWebhooks(title: string, run: Run): void
  /** For cases that call functions. */
  withFunctions(title: string, run: Run): void
}

/** Cases that belong together; a topic has several. */
export type Statement = (it: It) => void

export function topic(name: string, ...statements: readonly Statement[]): Topic {
  const cases: Case[] = []
  const it = (title: string, run: Run): void => void cases.push({ title, run })
  const needing =
    (needs: Need) =>
    (title: string, run: Run): void =>
      void cases.push({ title, needs, run })
  const all = Object.assign(it, { withWebhooks: needing("webhooks"), withFunctions: needing("functions") })
  for (const state of statements) state(all)
  return { name, cases }
}
