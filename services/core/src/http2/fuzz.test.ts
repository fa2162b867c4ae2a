import { type Random, seededRandom } from "@wick/sdk/clock"
import { expect, it } from "vitest"
import { mutate, pieces } from "../fuzz/mutate.ts"
import { errorCode } from "./error-code.ts"
import { frameFlag, frameType, preface } from "./frame.ts"
import { encodeAlone } from "./hpack/testing/encode-alone.ts"
import type { ServerStream } from "./server-stream.ts"
import {
  data,
  frame,
  goAway,
  head,
  ping,
  postHead,
  reset,
  settings,
  settingsTaken,
  windowUpdate,
} from "./testing/frames.ts"
import { RawClient } from "./testing/raw-client.ts"

const runs = Number(process.env.WICK_FUZZ_RUNS ?? 1_000)
const seed = Number(process.env.WICK_FUZZ_SEED ?? 1)

const limits = { streamsMax: 4, heldBytesMax: 5_000, unreadBytesMax: 50_000, streamWindowBytes: 3_000 }
/** More than a run can need: an answer is 3,000 bytes at most, and there are four at a time. */
const saidBytesMax = 500_000

/** What a client says that keeps to the rules, mostly; now and then anything. */
class Client {
  readonly #random: Random
  #lastId = -1

  constructor(random: Random) {
    this.#random = random
  }

  next(): Buffer {
    const below = (bound: number): number => this.#random.below(bound)
    const payload = Buffer.alloc(below(2_000), below(256))
    if (below(30) === 0) return frame(below(12), below(256), below(12), payload.subarray(0, below(20)))
    if (below(3) === 0 || this.#lastId < 0) return this.#open()
    const id = Math.max(1, this.#lastId - 2 * below(3))
    const make = [
      () => data(id, payload, below(5) === 0),
      () => frame(frameType.data, frameFlag.padded, id, Buffer.concat([Buffer.from([9]), payload, Buffer.alloc(9)])),
      () => head(id, ["x", "y"]),
      () => reset(id),
      () => windowUpdate(below(2) * id, 1 + below(5_000)),
      () => settings([1, below(5_000)], [4, below(3) === 0 ? below(100_000) : below(50)]),
      () => settingsTaken,
      () => ping("8 bytes!", below(2)),
      () => (below(5) === 0 ? goAway() : settingsTaken),
    ]
    return make[below(make.length)]?.() ?? settingsTaken
  }

  #open(): Buffer {
    this.#lastId += 2
    const block = encodeAlone([...postHead, "x", "y".repeat(this.#random.below(30))])
    if (this.#random.below(3) > 0) return head(this.#lastId, postHead, this.#random.below(3) > 0)
    const pieces = [
      frame(frameType.headers, 0, this.#lastId, block.subarray(0, 3)),
      frame(frameType.continuation, frameFlag.endHeaders, this.#lastId, block.subarray(3)),
    ]
    return Buffer.concat(pieces)
  }
}

/** Answers in any way that an application may. */
function answer(stream: ServerStream, random: Random): void {
  const go = (): void => {
    if (stream.isClosed) return
    if (!stream.isAnswered) stream.respond([":status", "200", "x", "y".repeat(random.below(50))], random.below(5) === 0)
    else if (random.below(3) > 0) stream.pause()
    if (random.below(9) === 0) stream.reset(errorCode.cancel)
    if (random.below(9) === 0) stream.refuseRest()
    try {
      stream.write(Buffer.alloc(random.below(3_000)))
    } catch (error) {
      // Only of an answer that is over.
      expect(String(error)).toContain("after its end")
    }
    if (random.below(2) === 0) stream.end(random.below(2) === 0 ? ["a", "b"] : [])
  }
  stream.handlers = { onData: go, onEnd: go, onDrained: go, onClose: () => expect(stream.isClosed).toBe(true) }
  if (random.below(2) === 0) go()
}

it("whatever a client sends, nothing breaks, nothing grows, and nothing is left when it is gone", async () => {
  const found = { ended: 0, streams: 0, refused: 0 }
  for (let run = 0; run < runs; run++) {
    const random = seededRandom(seed * 1_000_003 + run)
    const client = new RawClient({ limits, onStream: (stream) => answer(stream, random) })
    const sender = new Client(random)
    const frames = Array.from({ length: 1 + random.below(30) }, () => sender.next())
    const bytes = random.below(8) === 0 ? mutate(frames, random) : Buffer.concat(frames)
    const all = Buffer.concat([preface, settings(), bytes])
    client.socket.isStuck = random.below(4) === 0
    for (const piece of random.below(2) === 0 ? [all] : pieces(all, random)) client.socket.push(Buffer.from(piece))
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    for (const stream of client.streams) stream.resume()
    client.socket.goOn()
    await new Promise(setImmediate)
    const said = client.socket.writes.reduce((sum, write) => sum + write.length, 0)
    if (said > saidBytesMax || client.connection.openStreams > limits.streamsMax) {
      throw new Error(`run ${run} of seed ${seed}: ${said} bytes said, ${client.connection.openStreams} streams open`)
    }
    found.streams += client.streams.length
    found.refused += client.socket.writableEnded ? 1 : 0
    client.socket.destroy()
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect([client.connection.openStreams, client.connection.unread]).toEqual([0, 0])
    expect(client.streams.every(({ isClosed }) => isClosed)).toBe(true)
    found.ended += client.ended === undefined ? 0 : 1
  }
  expect(found.ended).toBe(runs)
  expect(found.streams).toBeGreaterThan(runs) // else little was tried
  expect(found.refused).toBeGreaterThan(runs / 4)
}, 60_000)
