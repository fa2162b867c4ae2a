import { fieldName, isToken, lowerCase } from "./field-names.ts"
import { MalformedMessage } from "./malformed.ts"

/** The first line of a request, and its header pairs as they were written. */
export interface RequestLines {
  readonly method: string
  readonly target: string
  /** 1 of HTTP/1.1, 0 of HTTP/1.0. */
  readonly minor: number
  readonly fields: string[]
}

/** The same of an answer. */
export interface AnswerLines {
  readonly status: number
  readonly reason: string
  readonly minor: number
  readonly fields: string[]
}

/** RFC 9112 §2.2, §5: controls have no place in a head, and lines end by CR LF, both. */
const forbidden = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/
const targetForm = /^[\x21-\x7e\x80-\xff]+$/
const statusForm = /^[1-9]\d\d$/
/** What tells how the message and its connection are to be read, which they have been by the time trailers come. */
const headOnly = new Set(["connection", "content-length", "transfer-encoding", "upgrade"])
const tab = 9
const space = 32

/** Of a head without the empty line at its end. Throws MalformedMessage. */
export function requestLines(head: string): RequestLines {
  refuseForbidden(head)
  const end = firstLineEnd(head)
  const first = head.indexOf(" ")
  const last = head.lastIndexOf(" ", end - 1)
  if (first <= 0 || last <= first || last > end) throw new MalformedMessage("the request line is not of three parts")
  const method = head.slice(0, first)
  const target = head.slice(first + 1, last)
  if (!isMethod(method)) throw new MalformedMessage("the method is no token")
  if (!targetForm.test(target)) throw new MalformedMessage("the request's target has characters that none may have")
  return { method, target, minor: minorOf(head.slice(last + 1, end)), fields: fieldsOf(head, end + 2) }
}

export function answerLines(head: string): AnswerLines {
  refuseForbidden(head)
  const end = firstLineEnd(head)
  const status = head.slice(9, 12)
  const isWhole = head.charCodeAt(8) === space && (end === 12 || head.charCodeAt(12) === space)
  if (!isWhole || !statusForm.test(status)) throw new MalformedMessage("the status line is none")
  const minor = minorOf(head.slice(0, 8))
  return { status: Number(status), reason: head.slice(13, end), minor, fields: fieldsOf(head, end + 2) }
}

/** Of the lines behind a body's last chunk. */
export function trailerFields(lines: string): string[] {
  refuseForbidden(lines)
  const fields = fieldsOf(lines, 0)
  for (let i = 0; i < fields.length; i += 2) {
    const name = lowerCase(fields[i] as string)
    if (headOnly.has(name)) throw new MalformedMessage(`${name} comes too late behind a body`)
  }
  return fields
}

/** Name and value in turn, from where the first field's line begins. */
function fieldsOf(head: string, from: number): string[] {
  const fields: string[] = []
  let at = from
  while (at < head.length) {
    let end = head.indexOf("\r\n", at)
    if (end < 0) end = head.length
    const colon = head.indexOf(":", at)
    const name = head.slice(at, colon)
    // Folded lines and a space before the colon have no name either.
    if (colon < 0 || colon > end || fieldName(name) === undefined) {
      throw new MalformedMessage("a header line does not begin with a name and a colon")
    }
    fields.push(name, trimmed(head, colon + 1, end))
    at = end + 2
  }
  return fields
}

/** Header pairs as lines. */
export function fieldText(fields: readonly string[]): string {
  let text = ""
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  return text
}

function refuseForbidden(head: string): void {
  if (forbidden.test(head)) throw new MalformedMessage("the head has characters that none may have")
}

function firstLineEnd(head: string): number {
  const end = head.indexOf("\r\n")
  return end < 0 ? head.length : end
}

function isMethod(method: string): boolean {
  return method === "GET" || method === "POST" || isToken(method)
}

function minorOf(version: string): number {
  if (version === "HTTP/1.1") return 1
  if (version === "HTTP/1.0") return 0
  if (/^HTTP\/\d\.\d$/.test(version)) throw new MalformedMessage(`${version} is not spoken here`, 505)
  throw new MalformedMessage("the first line names no version of HTTP")
}

function trimmed(head: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(head.charCodeAt(start))) start++
  while (end > start && isBlank(head.charCodeAt(end - 1))) end--
  return head.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === space || code === tab
}
