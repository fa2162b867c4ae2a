import { anonymousBytes } from "./process-cost.ts"

/** What some processes have of memory, bytes. */
export interface KeptMemory {
  /** Objects that are left after a full collection, and what they hold outside the heap: what is kept, without garbage. */
  readonly liveBytes: number
  /** Programs as V8 has compiled them: more of it after more work, and none for each thing that is kept. */
  readonly codeBytes: number
  /** What the machine has given them, garbage and room for young objects with it. */
  readonly ownBytes: number
}

/** Where the inspector of a process of Node answers once that is sent SIGUSR1; one at a time. */
const usualPort = 9_229
const lookMs = 50
const openMsMax = 5_000
/** Spaces of V8's heap that hold machine code and byte code. */
const codeSpaces = ["code_space", "trusted_space", "code_large_object_space", "trusted_large_object_space"]
const usage = `JSON.stringify({
  pid: process.pid,
  spaces: process.getBuiltinModule("node:v8").getHeapSpaceStatistics(),
  external: process.memoryUsage().external,
})`
/** Not at once: the answer goes through what it closes. */
const close = `setTimeout(() => process.getBuiltinModule("node:inspector").close(), 1)`

interface Usage {
  readonly pid: number
  readonly spaces: readonly { readonly space_name: string; readonly space_used_size: number }[]
  readonly external: number
}

/**
 * What processes of Node keep, found by their own inspectors, so that nothing about them has to be started otherwise. To be
 * looked at for the first time costs each some hundred KiB: who compares two looks has looked before.
 */
export async function keptMemory(pids: readonly number[], port = usualPort): Promise<KeptMemory> {
  const ownBytes = anonymousBytes(pids)
  let [liveBytes, codeBytes] = [0, 0]
  for (const pid of pids) {
    const { spaces, external } = await collectedUsage(pid, port)
    const code = sum(spaces.filter(({ space_name }) => codeSpaces.includes(space_name)))
    codeBytes += code
    liveBytes += sum(spaces) - code + external
  }
  return { liveBytes, codeBytes, ownBytes }
}

function sum(spaces: Usage["spaces"]): number {
  return spaces.reduce((bytes, space) => bytes + space.space_used_size, 0)
}

async function collectedUsage(pid: number, port: number): Promise<Usage> {
  process.kill(pid, "SIGUSR1")
  using session = await openSession(await debuggerUrl(port))
  // What finalizers of the first let go, the second finds.
  for (let pass = 0; pass < 2; pass++) await session.call("HeapProfiler.collectGarbage")
  const found = JSON.parse(await session.evaluate(usage)) as Usage
  if (found.pid !== pid) throw new Error(`process ${found.pid} has the inspector's port that ${pid} was to open`)
  await session.evaluate(close)
  await session.closed
  return found
}

interface Session extends Disposable {
  readonly closed: Promise<unknown>
  call(method: string, params?: object): Promise<Answer>
  evaluate(expression: string): Promise<string>
}

interface Answer {
  readonly id: number
  readonly result?: { readonly result?: { readonly value?: unknown } }
}

async function openSession(url: string): Promise<Session> {
  const socket = new WebSocket(url)
  const closed = new Promise((resolve) => socket.addEventListener("close", resolve))
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve)
    socket.addEventListener("error", () => reject(new Error("the inspector does not answer")))
  })
  const waiting = new Map<number, (answer: Answer) => void>()
  socket.addEventListener("message", ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer
    waiting.get(answer.id)?.(answer)
  })
  const call = (method: string, params: object = {}): Promise<Answer> => {
    const id = waiting.size
    return new Promise((resolve) => {
      waiting.set(id, resolve)
      socket.send(JSON.stringify({ id, method, params }))
    })
  }
  return {
    closed,
    call,
    evaluate: async (expression) => String((await call("Runtime.evaluate", { expression })).result?.result?.value),
    [Symbol.dispose]: () => socket.close(),
  }
}

async function debuggerUrl(port: number): Promise<string> {
  const inspector = `http://127.0.0.1:${port}/json/list`
  const deadlineMs = performance.now() + openMsMax
  for (;;) {
    const targets = await fetch(inspector).then(
      async (response) => (await response.json()) as { webSocketDebuggerUrl: string }[],
      () => [],
    )
    if (targets[0]) return targets[0].webSocketDebuggerUrl
    if (performance.now() > deadlineMs) throw new Error(`no process has opened its inspector at ${inspector}`)
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
}

const kibibyte = 1_024

/** Of a report's row. */
export function memoryFigures({ liveBytes, codeBytes, ownBytes }: KeptMemory): Record<string, number> {
  const mebibytes = (bytes: number): number => Math.round((bytes / kibibyte ** 2) * 10) / 10
  return { "live MiB": mebibytes(liveBytes), "code MiB": mebibytes(codeBytes), "own MiB": mebibytes(ownBytes) }
}

/** What each of those has added that are there at the second look and were not at the first. */
export function memoryOfEach(first: KeptMemory, second: KeptMemory, added: number): Record<string, number> {
  const each = (of: keyof KeptMemory): number => Math.round((second[of] - first[of]) / added / kibibyte)
  return { "live KiB each": each("liveBytes"), "own KiB each": each("ownBytes") }
}
