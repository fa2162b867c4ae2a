import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  encode,
  type Packet,
  type Question,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from "dns-packet"

export interface Query {
  readonly id: number
  readonly question: Question
  readonly recursionDesired: boolean
  /** Largest answer that the asker takes over UDP. */
  readonly udpBytesMax: number
  /** The asker speaks EDNS, so the answer does too. */
  readonly edns: boolean
}

export const codes = { ok: 0, formatError: 1, serverFailure: 2, noSuchName: 3, notImplemented: 4, refused: 5 } as const

/** Without EDNS (RFC 1035 §4.2.1), and the most that we send: it fits any link without fragments. */
const plainUdpBytesMax = 512
const ourUdpBytesMax = 1232
/** Seconds that a "no" may be kept. */
const negativeTtl = 5

/** The question of a packet, or the code of the refusal that it deserves; undefined when no answer is due at all. */
export function readQuery(
  packet: Packet & { id: number; flags: number },
): Query | { id: number; code: number } | undefined {
  if (packet.type === "response") return undefined
  if (packet.opcode !== "QUERY") return { id: packet.id, code: codes.notImplemented }
  const [question, ...more] = packet.questions ?? []
  if (!question || more.length > 0) return { id: packet.id, code: codes.formatError }
  const edns = packet.additionals?.find(({ type }) => type === "OPT")
  const asked = Math.max(edns?.udpPayloadSize ?? plainUdpBytesMax, plainUdpBytesMax)
  return {
    id: packet.id,
    question,
    recursionDesired: (packet.flags & RECURSION_DESIRED) !== 0,
    udpBytesMax: Math.min(asked, ourUdpBytesMax),
    edns: edns !== undefined,
  }
}

export interface Reply {
  readonly code: number
  readonly answers?: Answer[]
  readonly additionals?: Answer[]
  /** The zone's SOA record belongs beside a "no", and says how long it may be kept. */
  readonly zone?: string
}

/** The bytes of a reply; over UDP one that is too large says so instead, and the asker comes again over TCP. */
export function encodeReply(query: Query, reply: Reply, over: "udp" | "tcp"): Uint8Array {
  const whole = encode(packetOf(query, reply, 0))
  if (over === "tcp" || whole.length <= query.udpBytesMax) return whole
  const short = encode(packetOf(query, { ...reply, additionals: [] }, 0))
  if (short.length <= query.udpBytesMax) return short
  return encode(packetOf(query, { code: reply.code }, TRUNCATED_RESPONSE))
}

/** A reply to a packet whose question could not be read. */
export function encodeRefusal(id: number, code: number): Uint8Array {
  return encode({ id, type: "response", flags: code })
}

function packetOf(query: Query, reply: Reply, flags: number): Packet {
  const { answers = [], additionals = [], zone, code } = reply
  const recursion = query.recursionDesired ? RECURSION_DESIRED : 0
  const edns: Answer = { name: ".", type: "OPT", udpPayloadSize: ourUdpBytesMax, flags: 0, options: [] }
  return {
    id: query.id,
    type: "response",
    flags: flags | code | recursion | RECURSION_AVAILABLE | AUTHORITATIVE_ANSWER,
    questions: [query.question],
    answers,
    authorities: zone === undefined ? [] : [startOfAuthority(zone)],
    additionals: query.edns ? [...additionals, edns] : additionals,
  }
}

function startOfAuthority(zone: string): Answer {
  return {
    name: zone,
    type: "SOA",
    ttl: negativeTtl,
    data: {
      mname: `ns.dns.${zone}`,
      rname: `hostmaster.${zone}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: negativeTtl,
    },
  }
}
