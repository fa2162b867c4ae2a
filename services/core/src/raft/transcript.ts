import { must } from "@wick/sdk/assert"
import { decodeConfiguration } from "./configuration.ts"
import type { Effects } from "./effects.ts"
import type { LeaseTerms } from "./lease.ts"
import type { Entry, LogPosition, MemberId, Message } from "./message.ts"
import { createRaft, type RaftState } from "./state.ts"
import { type Input, step } from "./step.ts"

/**
 * Plays a script of commands to a cluster and writes down what happens, for reading and for comparing. Lines that begin
 * with `> ` are commands, those with `#` remarks; all others are what the commands before them led to.
 *
 *     > members 3            a new cluster, all of them followers
 *     > members 3 of 5       the others wait to be made members
 *     > reconfigure 1 2,3 4  member 1 is asked for voters 2 and 3 and learner 4
 *     > transfer 1 2         member 1 is asked to let 2 lead
 *     > tick 1 10 [5]        ten ticks at member 1, with this chance handed in
 *     > campaign 1           member 1 stands for election now
 *     > propose 1 x          a client's command to member 1
 *     > read 1 7             a client's read, number 7, at member 1
 *     > lease 100 1.25       the next members answer reads by a lease: milliseconds of a tick, drift of clocks
 *     > clock 500            all clocks show 500 ms
 *     > compact 1 4          member 1 no longer needs its log up to 4
 *     > deliver [from to]    the messages now on their way arrive (those between these two)
 *     > lose [from to]       they do not
 *     > settle               messages arrive until none is left
 *     > state                what each member knows
 */
export function play(script: string): string {
  const player = new Player()
  const lines: string[] = []
  for (const line of script.split("\n")) {
    if (line.startsWith("#") || line === "") {
      if (line !== "" || lines.at(-1) !== "") lines.push(line)
    } else if (line.startsWith("> ")) {
      lines.push(line, ...player.run(line.slice(2).split(" ")).map((told) => `  ${told}`))
    }
  }
  return lines.join("\n")
}

class Player {
  #members: RaftState[] = []
  #flying: Message[] = []
  #told: string[] = []
  #lease: LeaseTerms | undefined
  #nowMs = 0

  run([command, ...words]: string[]): readonly string[] {
    this.#told = []
    const [first = 0, second = 0] = words.map(Number)
    switch (command) {
      case "members":
        this.#found(first, Number(words[2] ?? first))
        break
      case "reconfigure":
        this.#step(first, { kind: "reconfigure", voters: ids(words[1]), learners: ids(words[2]) })
        break
      case "transfer":
        this.#step(first, { kind: "transfer", to: second })
        break
      case "tick":
        for (let at = 0; at < second; at++)
          this.#step(first, { kind: "tick", jitter: Number(words[2] ?? 0), nowMs: this.#nowMs })
        break
      case "campaign":
        this.#step(first, { kind: "campaign" })
        break
      case "propose":
        this.#step(first, { kind: "proposed", commands: words.slice(1).map((word) => Buffer.from(word)) })
        break
      case "read":
        this.#step(first, { kind: "read", read: second, nowMs: this.#nowMs })
        break
      case "lease":
        this.#lease = { tickMs: first, driftMax: second }
        break
      case "clock":
        this.#nowMs = first
        break
      case "compact":
        this.#step(first, { kind: "compact", index: second })
        break
      case "deliver":
        for (const message of this.#take(words)) this.#step(message.to, { kind: "received", message })
        break
      case "lose":
        for (const message of this.#take(words)) this.#told.push(`lost: ${tell(message)}`)
        break
      case "settle":
        while (this.#flying.length > 0) {
          for (const message of this.#take([])) this.#step(message.to, { kind: "received", message })
        }
        break
      case "state":
        this.#told = this.#members.map(describeMember)
        break
      default:
        throw new Error(`no such command: ${command}`)
    }
    return this.#told
  }

  #found(size: number, all: number): void {
    const founders = Array.from({ length: size }, (_, at) => at + 1)
    this.#flying = []
    this.#members = Array.from({ length: all }, (_, at) => at + 1).map((id) =>
      createRaft({
        id,
        electionTicks: 10,
        heartbeatTicks: 1,
        hardState: { term: 0, vote: 0, commit: 0 },
        configuration: { voters: id <= size ? founders : [], outgoing: [], learners: [] },
        applied: { index: 0, term: 0 },
        entries: [],
        jitter: 0,
        lease: this.#lease,
      }),
    )
  }

  #take(between: readonly string[]): readonly Message[] {
    const [from, to] = between.map(Number)
    const wanted = (message: Message): boolean => from === undefined || (message.from === from && message.to === to)
    const taken = this.#flying.filter(wanted)
    this.#flying = this.#flying.filter((message) => !wanted(message))
    return taken
  }

  #step(id: MemberId, input: Input): void {
    const state = must(this.#members[id - 1], "members are numbered from 1")
    const before = roleOf(state)
    if (input.kind === "received" && input.message.from !== id) this.#told.push(tell(input.message))
    const effects = step(state, input)
    if (roleOf(state) !== before) this.#told.push(`${id} is ${roleOf(state)}`)
    this.#carryOut(id, effects)
  }

  /** The disk is as fast as can be here; what is on its way is shown when it arrives. */
  #carryOut(id: MemberId, effects: Effects): void {
    const { hardState, entries, snapshot } = effects.persist
    this.#flying.push(...effects.sendAtOnce)
    if (hardState !== undefined) this.#told.push(`${id} writes term ${hardState.term}, vote ${hardState.vote}`)
    if (snapshot !== undefined) this.#told.push(`${id} takes over the state up to ${at(snapshot.at)}`)
    if (entries.length > 0) this.#told.push(`${id} writes ${entries.map(name).join(" ")}`)
    for (const message of effects.sendAfterPersist) {
      if (message.to === id) this.#step(id, { kind: "received", message })
      else this.#flying.push(message)
    }
    if (effects.commit.length > 0) this.#told.push(`${id} applies ${effects.commit.map(name).join(" ")}`)
    for (const { read, index } of effects.reads)
      this.#told.push(`${id} may answer read ${read} once ${index} is applied`)
    for (const read of effects.readsLost) this.#told.push(`${id} has lost read ${read}`)
    const { reconfiguration } = effects
    if (reconfiguration && "refused" in reconfiguration) {
      this.#told.push(`${id} changes no members: ${reconfiguration.refused}`)
    }
    if (effects.proposals !== undefined && "refusedFor" in effects.proposals) {
      this.#told.push(`${id} refuses; the leader is ${effects.proposals.refusedFor || "not known"}`)
    }
  }
}

function roleOf({ role, term }: RaftState): string {
  if (role.kind === "follower" && role.leader !== 0) return `follower of ${role.leader} in term ${term}`
  return `${role.kind} in term ${term}`
}

function describeMember(state: RaftState): string {
  const { id, log, commit } = state
  const entries = log.slice(log.start.index, log.last.index).map(name).join(" ")
  const start = log.start.index === 0 ? "" : `…${at(log.start)} `
  return `${id} ${roleOf(state)}, commit ${commit}, log ${start}${entries || "empty"}`
}

const at = ({ index, term }: LogPosition): string => `${index}/${term}`

function name(entry: Entry): string {
  if (entry.kind === "noop") return at(entry)
  return `${at(entry)}:${entry.kind === "command" ? Buffer.from(entry.data).toString() : listed(entry)}`
}

/** `(2,3|1+4)`: 2 and 3 vote, 1 until they are alone in that, 4 learns. */
function listed(entry: Entry): string {
  const { voters, outgoing, learners } = decodeConfiguration(entry)
  const part = (sign: string, list: readonly MemberId[]): string => (list.length > 0 ? `${sign}${list.join()}` : "")
  return `(${voters.join()}${part("|", outgoing)}${part("+", learners)})`
}

function ids(text = ""): MemberId[] {
  return text.split(",").filter(Boolean).map(Number)
}

function tell(message: Message): string {
  const head = `${message.from}→${message.to} ${message.type}, term ${message.term}`
  switch (message.type) {
    case "pre-vote-request":
    case "vote-request":
      return `${head}, log up to ${at(message.last)}`
    case "pre-vote-response":
    case "vote-response":
      return `${head}, ${message.granted ? "granted" : "refused"}`
    case "append": {
      const entries = message.entries.map(name).join(" ") || "nothing"
      return `${head}, after ${at(message.previous)}: ${entries}, commit ${message.commit}`
    }
    case "append-accepted":
      return `${head}, match ${message.match}`
    case "append-rejected":
      return `${head}, lacks ${message.rejected}, perhaps agrees up to ${at(message.hint)}`
    case "heartbeat":
      return `${head}, round ${message.round}, commit ${message.commit}`
    case "heartbeat-response":
      return `${head}, round ${message.round}`
    case "timeout-now":
      return head
    case "snapshot":
    case "persisted":
      return `${head}, up to ${at(message.at)}`
    case "read-request":
      return `${head}, read ${message.read}`
    case "read-response":
      return `${head}, read ${message.read}, index ${message.index}`
  }
}
