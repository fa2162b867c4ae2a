import { configurationStories } from "./walk-configuration.ts"
import { workloadStories } from "./walk-workloads.ts"

/** One command and what it must print (both streams); the exit code is 0 unless told. */
export interface Step {
  /** Split at spaces; `{ns}` stands for the story's namespace, `{dir}` for the directory of its files. */
  readonly run: string | readonly string[]
  readonly says: string | RegExp
  readonly code?: number
  readonly input?: string
  /** Commands and flags that the old kubectl does not have, or that speak an API that is gone. */
  readonly since?: "new"
}

export interface Story {
  readonly name: string
  readonly title: string
  readonly steps: readonly Step[]
}

export const stories: readonly Story[] = [...workloadStories, ...configurationStories]
