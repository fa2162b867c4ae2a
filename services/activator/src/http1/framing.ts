import { type Body, ChunkedBody, CountedBody, EndlessBody } from "./body.ts"
import { lowerCase } from "./field-names.ts"
import type { AnswerLines, RequestLines } from "./head.ts"
import { MalformedMessage } from "./malformed.ts"

/** What a message's head says of its body and of its connection. */
interface Framing {
  /** Undefined where there is none. */
  readonly body: Body | undefined
  /** Whether another message may follow on the connection. */
  readonly keepAlive: boolean
}

export interface RequestFraming extends Framing {
  /** What the client would rather speak on this connection; empty where nothing else. */
  readonly upgrade: string
  /** The client waits for our word before it sends the body. */
  readonly expectsContinue: boolean
}

export interface AnswerFraming extends Framing {
  /** How many seconds the server keeps the connection for, undefined where it does not say. */
  readonly keepsSeconds: number | undefined
}

/** What the fields say that are about the connection and not about the message. */
interface Said {
  length: string | undefined
  coding: string | undefined
  connection: string
  upgrade: string
  expect: string
  keepAlive: string
}

const maxLength = Number.MAX_SAFE_INTEGER
const digits = /^\d{1,16}$/

/**
 * RFC 9112 §6.3 for requests, without its leniency: two lengths, a length beside chunks, codings other than chunks are
 * what request smuggling is made of.
 */
export function requestFraming({ minor, fields }: RequestLines): RequestFraming {
  const said = saidBy(fields)
  const { length, coding } = said
  if (coding !== undefined && (length !== undefined || minor === 0)) {
    throw new MalformedMessage("the head says in two ways how long the body is")
  }
  const body = coding === undefined ? counted(length === undefined ? 0 : lengthOf(length)) : chunked(coding)
  const { connection, upgrade, expect } = said
  return {
    body,
    keepAlive: staysOpen(minor, connection),
    // Of HTTP/1.0 it is to be ignored (RFC 9110 §7.8).
    upgrade: upgrade !== "" && minor === 1 && has(connection, "upgrade") ? upgrade : "",
    expectsContinue: minor === 1 && expects(expect),
  }
}

/** RFC 9110 §10.1.1 knows one thing that can be expected. */
function expects(expect: string): boolean {
  if (expect === "") return false
  if (expect.toLowerCase() !== "100-continue") throw new MalformedMessage(`nobody here knows what ${expect} means`, 417)
  return true
}

/** The same for answers; `toHead`: the request was HEAD, so that no body comes whatever the head says. */
export function answerFraming({ status, minor, fields }: AnswerLines, toHead: boolean): AnswerFraming {
  const said = saidBy(fields)
  // Looked at even where no body comes: the head goes on to a client.
  const told = answerBody(said)
  const body = toHead || status < 200 || status === 204 || status === 304 ? undefined : told
  // HTTP/1.0 knows no codings: of who sends one it is not sure where the next answer begins (RFC 9112 §6.1).
  const isSure = !(body instanceof EndlessBody) && (said.coding === undefined || minor === 1)
  return {
    body,
    keepAlive: isSure && staysOpen(minor, said.connection),
    keepsSeconds: said.keepAlive === "" ? undefined : keepsSeconds(said.keepAlive),
  }
}

function answerBody({ length, coding }: Said): Body | undefined {
  if (coding === undefined) return length === undefined ? new EndlessBody() : counted(lengthOf(length))
  if (length !== undefined) throw new MalformedMessage("the head says in two ways how long the body is")
  return chunked(coding)
}

function counted(length: number): Body | undefined {
  return length === 0 ? undefined : new CountedBody(length)
}

/** Names are looked at only where their length is that of one that matters. */
function saidBy(fields: readonly string[]): Said {
  const said: Said = { length: undefined, coding: undefined, connection: "", upgrade: "", expect: "", keepAlive: "" }
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    const value = fields[i + 1] as string
    switch (name.length) {
      case 6:
        if (lowerCase(name) === "expect") said.expect = value
        break
      case 7:
        if (lowerCase(name) === "upgrade") said.upgrade = listed(said.upgrade, value)
        break
      case 10:
        noteConnection(said, lowerCase(name), value)
        break
      case 14:
        if (lowerCase(name) === "content-length")
          said.length = said.length === undefined ? value : `${said.length}, ${value}`
        break
      case 17:
        if (lowerCase(name) === "transfer-encoding")
          said.coding = said.coding === undefined ? value : `${said.coding}, ${value}`
        break
    }
  }
  return said
}

function noteConnection(said: Said, name: string, value: string): void {
  if (name === "connection") said.connection = listed(said.connection, value)
  else if (name === "keep-alive") said.keepAlive = value
}

function listed(list: string, value: string): string {
  return list === "" ? value : `${list}, ${value}`
}

/** RFC 9110 §8.6; several are refused even where they agree. */
function lengthOf(text: string): number {
  const length = digits.test(text) ? Number(text) : Number.NaN
  if (!(length <= maxLength)) throw new MalformedMessage("Content-Length is no number of bytes")
  return length
}

/** The one coding that we know, and that servers may send to who has offered no other. */
function chunked(coding: string): Body {
  if (coding !== "chunked" && coding.toLowerCase() !== "chunked")
    throw new MalformedMessage(`transfer coding ${coding} is not known`)
  return new ChunkedBody()
}

function staysOpen(minor: number, connection: string): boolean {
  if (connection === "" || connection === "keep-alive") return minor === 1 || connection !== ""
  return !has(connection, "close") && (minor === 1 || has(connection, "keep-alive"))
}

function has(connection: string, option: string): boolean {
  return connection.split(",").some((one) => one.trim().toLowerCase() === option)
}

function keepsSeconds(keepAlive: string): number | undefined {
  const seconds = /timeout=\s*(\d{1,9})/i.exec(keepAlive)?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}
