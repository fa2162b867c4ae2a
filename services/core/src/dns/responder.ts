import type { Log } from "@wick/sdk/log"
import { type Answer, decode, encode, type Question, RECURSION_DESIRED } from "dns-packet"
import { answerFromCluster, type ClusterNames } from "./cluster-answer.ts"
import type { Forwarder } from "./forwarder.ts"
import { codes, encodeRefusal, encodeReply, type Query, type Reply, readQuery } from "./reply.ts"

/** An alias may lead to an alias; a ring of them must end. */
const aliasesMax = 8

/** Answers one message: from the cluster's names, else by asking the host's resolvers. */
export class Responder {
  readonly #zone: string
  readonly #names: ClusterNames
  readonly #forwarder: Forwarder
  readonly #log: Log

  constructor(zone: string, names: ClusterNames, forwarder: Forwarder, log: Log) {
    this.#zone = zone
    this.#names = names
    this.#forwarder = forwarder
    this.#log = log
  }

  /** Undefined when the message deserves no answer. */
  async answer(message: Uint8Array, over: "udp" | "tcp"): Promise<Uint8Array | undefined> {
    const query = parse(message)
    if (query === undefined) return undefined
    if ("code" in query) return encodeRefusal(query.id, query.code)
    try {
      const found = answerFromCluster(query.question, this.#zone, this.#names)
      if (found.kind === "foreign") return (await this.#forwarder.ask(message, over)) ?? failure(query, over)
      return encodeReply(query, await this.#reply(query), over)
    } catch (error) {
      this.#log.warn("cannot answer a question", { error, name: query.question.name, type: query.question.type })
      return failure(query, over)
    }
  }

  async #reply({ id, question }: Query): Promise<Reply> {
    const aliases: Answer[] = []
    let asked = question
    for (let step = 0; step <= aliasesMax; step++) {
      const found = answerFromCluster(asked, this.#zone, this.#names)
      if (found.kind === "records") return { ...found, code: codes.ok, answers: [...aliases, ...found.answers] }
      if (found.kind === "empty") return { code: codes.ok, answers: aliases, zone: this.#zone }
      if (found.kind === "no-such-name") return { code: codes.noSuchName, answers: aliases, zone: this.#zone }
      if (found.kind === "foreign") {
        return { code: codes.ok, answers: [...aliases, ...(await this.#foreign(id, asked))] }
      }
      aliases.push(found.record)
      if (question.type === "CNAME") return { code: codes.ok, answers: aliases }
      asked = { ...asked, name: found.target }
    }
    return { code: codes.serverFailure }
  }

  /** What an alias stands for outside the cluster; the alias alone is a better answer than none. */
  async #foreign(id: number, question: Question): Promise<Answer[]> {
    const query = encode({ id, type: "query", flags: RECURSION_DESIRED, questions: [question] })
    const answer = await this.#forwarder.ask(query, "udp")
    return answer ? (decode(answer).answers ?? []) : []
  }
}

function parse(message: Uint8Array): ReturnType<typeof readQuery> {
  try {
    return readQuery(decode(message))
  } catch {
    // Bytes that are no DNS message: name the error if there is at least an id to name it to.
    const [high, low] = message
    if (high === undefined || low === undefined || message.length < 12) return undefined
    return { id: (high << 8) | low, code: codes.formatError }
  }
}

function failure(query: Query, over: "udp" | "tcp"): Uint8Array {
  return encodeReply(query, { code: codes.serverFailure }, over)
}
