import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { until } from "./until.ts"

/** A program that runs while a test does something else. */
export interface Background extends AsyncDisposable {
  /** All that it has printed, on both outputs. */
  output(): string
  /** Resolves when it has printed `text`, with all of its output. */
  printed(text: string): Promise<string>
  /** Sends a signal and resolves with the exit code when it has ended. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

export function inBackground(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Background {
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text
    })
  }
  const end = (signal: NodeJS.Signals): Promise<number | null> => ended(child, signal)
  return {
    output: () => output,
    printed: (text) =>
      until(`"${text}" from ${command} ${args.join(" ")}`, async () => output.includes(text) && output).catch(
        (error: Error) => {
          throw new Error(`${error.message}; it printed: ${output}`)
        },
      ),
    end,
    [Symbol.asyncDispose]: async () => {
      await end("SIGKILL")
    },
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, "exit")
    child.kill(signal)
    await exit
  }
  return child.exitCode
}
