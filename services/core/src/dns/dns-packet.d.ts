/** What is used of dns-packet, which has no types of its own. */
declare module "dns-packet" {
  export interface Question {
    name: string
    type: string
    class?: string
  }
  export interface SrvData {
    priority: number
    weight: number
    port: number
    target: string
  }
  export interface SoaData {
    mname: string
    rname: string
    serial: number
    refresh: number
    retry: number
    expire: number
    minimum: number
  }
  export interface Answer {
    name: string
    type: string
    class?: string
    ttl?: number
    data?: string | string[] | SrvData | SoaData
    /** Of an OPT record. */
    udpPayloadSize?: number
    flags?: number
    options?: unknown[]
  }
  export interface Packet {
    id?: number
    type?: "query" | "response"
    flags?: number
    opcode?: string
    rcode?: string
    questions?: Question[]
    answers?: Answer[]
    authorities?: Answer[]
    additionals?: Answer[]
  }
  export const AUTHORITATIVE_ANSWER: number
  export const TRUNCATED_RESPONSE: number
  export const RECURSION_DESIRED: number
  export const RECURSION_AVAILABLE: number
  export function decode(bytes: Uint8Array): Packet & { flags: number; id: number }
  export function encode(packet: Packet): Buffer
}
