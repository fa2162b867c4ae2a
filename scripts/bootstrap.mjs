// The one program that runs before anything is installed: on Node 20 and without dependencies. It sets up what is
// missing, then hands over to the real program under the project's own Node.
//
//     node scripts/bootstrap.mjs start | test | check | setup | crash | conformance | wick …
import { spawn } from "node:child_process"
import { constants } from "node:os"
import { join } from "node:path"
import { smallHeap } from "../sdk/bin/small-heap.mjs"
import { ensureDependencies, ownNode } from "./setup/dependencies.mjs"
import { ensurePackages } from "./setup/packages.mjs"
import { checkPlatform } from "./setup/platform.mjs"
import { Refusal } from "./setup/refusal.mjs"
import { Steps } from "./setup/steps.mjs"

const root = join(import.meta.dirname, "..")
/** What a shell makes of the number of the signal by which a program ended. */
const signalled = 128

/** What each command runs, and what it needs on the machine first. */
const commands = {
  start: { program: "services/all-in-one/src/main.ts", args: ["start"], needs: "run", heap: smallHeap },
  test: { program: "scripts/test.ts", args: [], needs: "test" },
  check: { program: "scripts/check.ts", args: [], needs: "test" },
  load: { program: "load-tests/src/main.ts", args: [], needs: "load" },
  crash: { program: "services/core/src/crash-test/main.ts", args: [], needs: "nothing" },
  conformance: { program: "scripts/conformance.ts", args: [], needs: "nothing" },
  images: { program: "scripts/images.ts", args: [], needs: "nothing" },
  simulate: { program: "services/core/src/simulation/main.ts", args: [], needs: "nothing" },
  codegen: { program: "scripts/codegen.ts", args: [], needs: "nothing" },
  setup: { program: undefined, args: [], needs: "test" },
  wick: { program: "sdk/bin/wick.mjs", args: [], needs: "nothing" },
}

/** Where cron, su and some service managers do not look: apt needs what is there. */
const superusersPrograms = ["/usr/local/sbin", "/usr/sbin", "/sbin"]
process.env.PATH = [process.env.PATH ?? "/usr/local/bin:/usr/bin:/bin", ...superusersPrograms].join(":")

const [name = "start", ...rest] = process.argv.slice(2)
const command = commands[name]
const steps = new Steps(process.stderr)

try {
  if (!command) throw new Refusal(`there is no command ${name}`, `one of: ${Object.keys(commands).join(", ")}`)
  const needs =
    rest.some((arg) => /^--runtime[= ]?process$/.test(arg)) || rest.includes("process") ? "nothing" : command.needs
  if (needs !== "nothing") {
    checkPlatform(root)
    await ensurePackages(needs, root, steps)
  }
  await ensureDependencies(root, steps)
  if (command.program)
    process.exitCode = await handOver(join(root, command.program), [...command.args, ...rest], command.heap)
  else steps.say("everything is set up")
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  steps.say(`error: ${error.message}`)
  if (error.remedy) steps.say(`try:   ${error.remedy}`)
  process.exitCode = 1
}

/** Runs the real program in place of this one: its signals, its exit code. */
function handOver(program, args, { flags = [], env: extra = {} } = {}) {
  const env = { ...extra, ...process.env, WICK_BOOTSTRAP_STARTED: String(steps.startedAtMs) }
  env.NODE_COMPILE_CACHE ??= join(root, "node_modules", ".cache", "compile")
  const child = spawn(ownNode(root), ["--disable-warning=ExperimentalWarning", ...flags, program, ...args], {
    stdio: "inherit",
    env,
  })
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", (code, signal) => resolve(code ?? signalled + constants.signals[signal]))
  })
}
