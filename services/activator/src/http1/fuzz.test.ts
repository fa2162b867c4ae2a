import { type Random, seededRandom } from "@wick/sdk/clock"
import { expect, it } from "vitest"
import { ClientConnection } from "./client-connection.ts"
import { answer, requests, tampered } from "./testing/messages.ts"
import { NodeServer, nodeAnswer } from "./testing/node-reading.ts"
import { type Read, readAnswers, readRequests } from "./testing/reading.ts"
import { Recorder } from "./testing/recorder.ts"
import { startServer } from "./testing/scripted-server.ts"

const runs = Number(process.env.WICK_FUZZ_RUNS ?? 500)
const seed = Number(process.env.WICK_FUZZ_SEED ?? 1)
const longest = 60_000 + runs * 20

/** Node knows only some methods and forms of targets, which say nothing of where a message ends. */
const narrower = new Set(["HPE_INVALID_METHOD", "HPE_INVALID_URL"])

/** A tab behind a coding is a blank (RFC 9110 §5.6.3), which Node takes for a part of it. Neither is passed on by us. */
const tabbedCoding = /chunked[ \t]*\t[ \t]*\r\n/i

const randomOf = (run: number): Random => seededRandom(seed * 1_000_003 + run)

it(
  "whatever a network does to valid messages, they are the same in as many pieces as they come",
  () => {
    for (let run = 0; run < runs / 25; run++) {
      const random = randomOf(run)
      for (const [read, words] of [
        [readRequests, requests(random)],
        [readAnswers, answer(random)],
      ] as const) {
        const bytes = Buffer.from(words.join(""), "latin1")
        const whole = read([bytes])
        expect([whole.stopped === "malformed", whole.isAmid, whole.messages.length > 0]).toEqual([false, false, true])
        for (let cut = 1; cut < bytes.length; cut++) {
          expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(whole)
        }
        expect(read(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(whole)
      }
    }
  },
  longest,
)

it(
  "whatever is done to messages, they are the same in as many pieces as they come",
  () => {
    for (let run = 0; run < runs; run++) {
      const random = randomOf(run)
      for (const [read, words] of [
        [readRequests, requests(random)],
        [readAnswers, answer(random)],
      ] as const) {
        const bytes = Buffer.from(tampered(words, random), "latin1")
        const whole = read([bytes])
        const bits = read(Array.from(bytes, (byte) => Buffer.from([byte])))
        // A head that is to be refused may be so before it has come as a whole.
        if (whole.isAmid || bits.stopped === "malformed") expect(bits.messages).toEqual(whole.messages)
        else expect(bits).toEqual(whole)
      }
    }
  },
  longest,
)

it(
  "whatever requests a client sends, Node sees the same where we see some",
  async () => {
    const node = new NodeServer()
    const found = { messages: 0, refused: 0 }
    for (let run = 0; run < runs; run++) {
      const random = randomOf(run)
      const words = requests(random)
      const text = run % 10 === 0 ? words.join("") : tampered(words, random)
      if (tabbedCoding.test(text)) continue
      const bytes = Buffer.from(text, "latin1")
      const ours = readRequests([bytes])
      const theirs = await node.read(bytes)
      const why = `run ${run} of seed ${seed}: ${JSON.stringify(text)}, of which Node says ${theirs.error ?? "nothing"}`
      found.messages += ours.messages.length
      found.refused += ours.stopped === "malformed" ? 1 : 0
      const isNarrower = narrower.has(theirs.error ?? "")
      const both = Math.min(ours.messages.length, theirs.messages.length)
      expect(theirs.messages.slice(0, both), why).toEqual(ours.messages.slice(0, both))
      if (!isNarrower) expect(ours.messages.length, why).toBe(both)
      if (ours.stopped === undefined) expect(theirs.messages.length, why).toBe(both)
      if (ours.stopped === undefined && !ours.isAmid && !isNarrower) expect(theirs.error, why).toBeUndefined()
    }
    expect(found.messages).toBeGreaterThan(runs / 2) // else little was tried
    expect(found.refused).toBeGreaterThan(runs / 10)
  },
  longest,
)

async function ourAnswer(port: number): Promise<Read | undefined> {
  const server = { host: "127.0.0.1", port, connectTimeoutMs: 10_000, keepAliveMs: 10_000 }
  const connection = new ClientConnection(server, () => {})
  const exchange = new Recorder()
  connection.send(exchange, "GET / HTTP/1.1\r\nhost: a\r\n\r\n", false, 0)
  await exchange.ended
  connection.destroy()
  if (exchange.error !== undefined || exchange.answer === undefined) return undefined
  const { status, reason, minor, fields } = exchange.answer
  return { first: [status, reason, minor], fields, body: exchange.text, trailers: exchange.trailers }
}

it(
  "whatever a server answers, Node sees the same where we see an answer",
  async () => {
    let bytes = Buffer.alloc(0)
    await using server = await startServer((socket) => void socket.once("data", () => socket.end(bytes)))
    const found = { answers: 0, refused: 0 }
    for (let run = 0; run < runs; run++) {
      const random = randomOf(run)
      const words = answer(random)
      const text = run % 10 === 0 ? words.join("") : tampered(words, random)
      if (tabbedCoding.test(text)) continue
      bytes = Buffer.from(text, "latin1")
      const ours = await ourAnswer(server.port)
      if (ours === undefined) {
        found.refused++
        continue
      }
      found.answers++
      const { messages, ends } = readAnswers([bytes])
      const why = `run ${run} of seed ${seed}: ${JSON.stringify(text)}`
      const at = messages.findIndex(({ first }) => Number(first[0]) >= 200)
      expect(messages[at], why).toEqual(ours)
      // What is behind the answer ends the connection, with us silently.
      bytes = bytes.subarray(0, ends[at])
      expect(await nodeAnswer(server.port), why).toEqual(ours)
    }
    expect(found.answers).toBeGreaterThan(runs / 4)
    expect(found.refused).toBeGreaterThan(runs / 10)
  },
  longest,
)
