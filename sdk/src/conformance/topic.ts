import type { World } from "./world.ts"

/** One statement about a cluster: a sentence, and a function that throws where the cluster does otherwise. */
export interface Case {
  readonly title: string
  /** What the cluster must offer beside its API; without it the case is not declared. */
  readonly needs?: "webhooks"
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
}

/** Cases that belong together; a topic has several. */
export type Statement = (it: It) => void

export function topic(name: string, ...statements: readonly Statement[]): Topic {
  const cases: Case[] = []
  const it = (title: string, run: Run): void => void cases.push({ title, run })
  const withWebhooks = (title: string, run: Run): void => void cases.push({ title, needs: "webhooks", run })
  for (const state of statements) state(Object.assign(it, { withWebhooks }))
  return { name, cases }
}
