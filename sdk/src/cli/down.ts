import { Command } from "commander"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { holds, homeDirectory, running, wasKilled } from "./home.ts"
import { durationOption, withExamples } from "./target.ts"

const timeoutMs = 60_000
const checkEveryMs = 50

export function command(context: Context): Command {
  const down = new Command("down")
    .addOption(durationOption("--timeout <duration>", "how long to wait for it to end", timeoutMs))
    .action((options: { timeout: number }) => run(context, options.timeout))
  return withExamples(down, "wick down\nwick down --timeout 2m")
}

async function run(context: Context, timeout: number): Promise<void> {
  const home = homeDirectory(context.env)
  const state = running(home)
  if (!state && wasKilled(home)) {
    throw new CommandError(
      `the Wick of ${home} was killed; its functions, gateways and network may be there still`,
      "wick up, and then wick down: that ends them too",
    )
  }
  if (!state) return context.err(`no Wick runs from ${home}\n`)
  process.kill(state.pid, "SIGTERM")
  const deadline = context.clock.monotonic() + timeout
  while (holds(home, state.pid)) {
    if (context.clock.monotonic() > deadline) {
      throw new CommandError(`process ${state.pid} is still ending`, "wick status", exitCodes.notReady)
    }
    await context.clock.sleep(checkEveryMs, context.interrupted)
  }
  context.out(`stopped; state is kept in ${home}\n`)
}
