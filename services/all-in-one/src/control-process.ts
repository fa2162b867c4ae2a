import { flushCompileCache } from "node:module"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { connectDirectly } from "@wick/sdk/direct-connections"
import { createLog } from "@wick/sdk/log"
import { keepSettled } from "@wick/sdk/memory"
import { startUnlessEnded } from "./broken-off-start.ts"
import { endSignal } from "./end-signal.ts"
import { openHome } from "./home.ts"
import { readOptions } from "./options.ts"
import { type Platform, startPlatform } from "./platform.ts"
import { programPath } from "./program-path.ts"
import { explain, Refusal } from "./refusal.ts"
import { deployExample, summary } from "./welcome.ts"

const [mode = "up", ...flags] = process.argv.slice(2)
const say = (line: string): void => void process.stderr.write(`${line}\n`)

/** Longer than all that a stop waits for by itself: requests in flight, pods, activators, containerd. */
const stopMsMax = 90_000

// What containers of any user are to read, images' files among it, containerd and we make as the umask allows; what is
// nobody else's business has a mode of its own.
process.umask(0o022)
process.env.PATH = programPath(process.env.PATH)
connectDirectly(process.env)

// A terminal that is gone takes no more words: that is no reason to end in the midst of a stop.
for (const output of [process.stdout, process.stderr]) output.on("error", () => {})

try {
  await run()
} catch (error) {
  process.exitCode = complain(error)
  process.exit()
}

/** Starts Wick, says so, and waits for the signal that ends it. */
async function run(): Promise<void> {
  const options = readOptions(flags, process.env)
  const home = openHome(options.home)
  const format = process.stderr.isTTY ? "text" : "json"
  const log = createLog({
    level: mode === "start" && options["log-level"] === "info" ? "warn" : options["log-level"],
    format,
    now: systemClock.now,
    write: (line) => process.stderr.write(line),
  })
  const stopped = endSignal(process, systemClock, () => process.exit(1))
  const starting = startPlatform({
    home,
    options,
    clock: systemClock,
    random: systemRandom,
    log,
    onStep: (title, tookMs) => say(`  ${`${Math.round(tookMs)} ms`.padEnd(8)} ${title}`),
    onFailure: (error) => {
      complain(error)
      process.exit(1)
    },
  })
  const platform = await startUnlessEnded(starting, stopped, systemClock)
  if (platform === undefined) {
    throw new Refusal(
      "the start was broken off, as asked, while it waited for something",
      "start again: what still runs is adopted. A member starts when most of the store's members can be reached",
    )
  }
  process.send?.("ready")
  // What was compiled is kept for the next start, which then needs neither the time nor the memory of a compiler.
  flushCompileCache()
  // The platform runs all the same when its example does not.
  if (mode === "start") await deployExample(options, platform.controlPlane, say).catch(complain)
  process.stdout.write(summary(options, home, mode === "start"))
  keepSettled(systemClock)
  await stopped
  await end(platform)
  home[Symbol.dispose]()
  process.exit(0)
}

async function end(platform: Platform): Promise<void> {
  say("stopping: requests in flight are answered, then everything ends")
  const late = systemClock.timer(stopMsMax, () => {
    say(`error: something has not ended within ${stopMsMax / 1000} s`)
    say("try:   start again: what still runs is adopted, and ends with the next stop")
    process.exit(1)
  })
  await platform.stop()
  late.cancel()
  say("stopped")
}

/** What is wrong and what to do, in two lines; a stack trace only for what is our own fault. */
function complain(error: unknown): number {
  const explained = explain(error)
  if (explained instanceof Refusal) {
    say(`error: ${explained.message}`)
    say(`try:   ${explained.remedy}`)
    return explained.exitCode
  }
  say(`error: ${explained instanceof Error ? (explained.stack ?? explained.message) : String(explained)}`)
  return 1
}
