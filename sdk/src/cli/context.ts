import type { Client } from "../client/client.ts"
import type { ClusterConfig } from "../client/cluster-config.ts"
import type { Clock } from "../clock/index.ts"

/** What a command may touch: everything of the outside world, so that a test can hand in its own. */
export interface Context {
  readonly clock: Clock
  readonly env: NodeJS.ProcessEnv
  /** Results: what a script reads. */
  out(text: string): void
  /** Talk: progress, hints, errors. */
  err(text: string): void
  /** Aborts when the user presses Ctrl-C. */
  readonly interrupted: AbortSignal
  connect(): Promise<Connection>
}

export interface Connection {
  readonly client: Client
  /** Namespace of the kubeconfig's context; `-n` wins. */
  readonly namespace: string
  readonly server: string
  readonly config: ClusterConfig
}

/** Exit codes that scripts may rely on; `wick --help` lists them. */
export const exitCodes = {
  success: 0,
  failed: 1,
  usage: 2,
  notReady: 3,
  notFound: 4,
  unreachable: 5,
  interrupted: 130,
} as const

/** A command's own no: what failed, and the next thing to try. */
export class CommandError extends Error {
  override name = "CommandError"
  readonly next: string | undefined
  readonly exitCode: number

  constructor(message: string, next?: string, exitCode: number = exitCodes.failed) {
    super(message)
    this.next = next
    this.exitCode = exitCode
  }
}
